"""When work is done that nobody waits for: after the messages at hand, or when the editor rests."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

logger = logging.getLogger(__name__)

QUIET = 0.4
"""For how many seconds no message must have come before the editor is said to rest."""


class Schedule:
    """Runs each piece of work once, however often it was asked for in the meantime."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use an event loop, on whose thread everything happens."""
        self._loop = loop
        self._came = 0
        self._soon: dict[Hashable, Callable[[], None]] = {}
        self._idle: dict[Hashable, Callable[[], None]] = {}
        self._last = loop.time()
        self._timer: asyncio.Handle | None = None

    def soon(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do some work when the messages that have arrived are handled."""
        if not self._soon:
            self._loop.call_soon(self._run_soon)
        self._soon[key] = work

    def when_idle(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do some work when no message has come for a while."""
        self._idle[key] = work
        if self._timer is None:
            self._timer = self._loop.call_later(QUIET, self._run_idle)

    async def rest(self) -> None:
        """Wait until the editor rests, but let what has come meanwhile be handled in any case."""
        await asyncio.sleep(0)
        if self.is_at_rest():
            return
        rested = self._loop.create_future()

        def go_on() -> None:
            if not rested.done():
                rested.set_result(None)

        self.when_idle(rested, go_on)
        await rested

    def is_at_rest(self) -> bool:
        """Say whether no message has come for a while."""
        return self._loop.time() >= self._last + QUIET

    def now(self) -> float:
        """Return the time of the loop's clock, in seconds."""
        return self._loop.time()

    def stir(self) -> None:
        """Note that a message came."""
        self._last = self._loop.time()
        self._came += 1

    def is_overtaken(self) -> Callable[[], bool]:
        """Return a function that says whether a message has come since this was called."""
        before = self._came
        return lambda: self._came > before

    def _run_soon(self) -> None:
        waiting, self._soon = self._soon, {}
        for work in waiting.values():
            _guarded(work)

    def _run_idle(self) -> None:
        self._timer = None
        rest = self._last + QUIET - self._loop.time()
        if rest > 0:
            self._timer = self._loop.call_later(rest, self._run_idle)
            return
        if self._idle:
            # One piece at a time, so that a key pressed meanwhile waits for no more than that.
            _guarded(self._idle.pop(next(iter(self._idle))))
        if self._idle:
            self._timer = self._loop.call_soon(self._run_idle)


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        logger.exception("Work in the background failed")
