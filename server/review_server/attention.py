"""Lets long work on the event loop's thread see what comes in meanwhile, and give way to it.

The analysis is one thread's, and so is the connection: nothing is ever half done when a message is
handled. So that a message need not wait for the end of long work, the analysis pauses between its
steps, a few times in 100 ms; what has come in by then is read, cancelled requests are answered, and
work that is in vain by now is given up. What it had found out until then it keeps.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EVERY = 0.02
"""After how many seconds of work there is a look at what has come in."""


class Interrupted(BaseException):
    """What is being computed is not wanted any more, or something else is wanted before it."""


class Attention:
    """Looks at what comes in during long work.

    Attributes:
        look: reads what has come in, without waiting and without doing what it asks for.
        is_looking: whether ``look`` is running.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Look at nothing until ``look`` is set."""
        self.look: Callable[[], None] | None = None
        self.is_looking = False
        self._clock = clock
        self._due = 0.0
        self._is_vain: Callable[[], bool] | None = None

    def glance(self) -> bool:
        """Look if it is time for that; called in the middle of work that cannot be given up.

        Returns:
            Whether there was a look.
        """
        now = self._clock()
        if now < self._due or self.look is None or self.is_looking:
            return False
        self.is_looking = True
        try:
            self.look()
        finally:
            self.is_looking = False
            self._due = self._clock() + _EVERY
        return True

    def pause(self) -> None:
        """Look if it is time for that; called between the steps of an analysis.

        Raises:
            Interrupted: the work is in vain.
        """
        if self.glance() and self._is_vain is not None and self._is_vain():
            raise Interrupted

    @contextlib.contextmanager
    def working(self, is_vain: Callable[[], bool]) -> Iterator[None]:
        """Do work that may be given up, at any step, when ``is_vain`` says so."""
        outer, self._is_vain = self._is_vain, is_vain
        self._due = self._clock() + _EVERY
        try:
            yield
        finally:
            self._is_vain = outer
