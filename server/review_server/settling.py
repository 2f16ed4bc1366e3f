"""The moment between ``initialized`` and the answer to the first question for the user's settings.

What is said of a document before that may have to be taken back at once, and the editor would show
both. So diagnostics wait for the answer; but not long, since a client may never give one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MOST_SECONDS = 0.5
"""For how long diagnostics wait for the settings."""


class Settling:
    """Puts work off until the settings are there; when nobody was asked for any, it does not."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self.is_waiting = False
        self._work: dict[Hashable, Callable[[], None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Wait: the client was asked."""
        self.is_waiting = True
        self._timer = asyncio.get_running_loop().call_later(_MOST_SECONDS, self.end)

    def end(self) -> None:
        """Do what was put off: the settings are there, or are not to be waited for any longer."""
        self.is_waiting = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._work = self._work, {}
        for work in waiting.values():
            work()

    def afterwards(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do some work when the settings are there, once, however often it is asked for.

        Args:
            key: tells it from other work.
            work: is short, and does not fail.
        """
        self._work[key] = work

    async def over(self) -> None:
        """Return when the settings are there."""
        if not self.is_waiting:
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def go_on() -> None:
            if not over.done():
                over.set_result(None)

        self.afterwards(over, go_on)
        await over
