"""Looks for garbage when the editor rests, so that no key ever waits for it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from review_server.schedule import Schedule

_FULL_EVERY = 50


class Collector:
    """Runs Python's collector of cycles by hand, in the place of the automatic runs.

    Almost all garbage is freed without it.

    What is there at the first rest, modules, models and the project as it was opened, is not
    looked at again. Later rests look at what is new, and now and then at everything else.
    """

    def __init__(self, schedule: Schedule) -> None:
        """Wait for the rests of a schedule."""
        self._schedule = schedule
        self._rests = 0

    def work_was_done(self) -> None:
        """Note that there may be garbage."""
        self._schedule.when_idle("garbage", self._collect)

    def _collect(self) -> None:
        self._rests += 1
        if self._rests == 1:
            gc.freeze()
        elif self._rests % _FULL_EVERY:
            gc.collect(1)
        else:
            gc.collect()
