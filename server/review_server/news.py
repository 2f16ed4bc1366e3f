"""Lets those who wait know that findings may be others than before."""

from __future__ import annotations

import asyncio


class News:
    """Something that may happen again and again, and be waited for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.count = 0
        self._waiting: list[asyncio.Future[None]] = []

    def note(self) -> None:
        """Wake all that wait."""
        self.count += 1
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def since(self, count: int) -> None:
        """Return when there is more than there was at a count."""
        while self.count <= count:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
