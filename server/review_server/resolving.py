"""Puts the questions of the open projects to their resolvers while the editor rests."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from review_server.resolver import IDLE, LibraryResolver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from review_server.schedule import Schedule
    from review_server.workspace import Project, Projects

logger = logging.getLogger(__name__)


class Resolving:
    """Asks one question after the other on a thread of its own, which mostly waits.

    Nothing waits for it: the first diagnostics are sent without the answers, and those that differ
    once they are known are sent anew.
    """

    def __init__(self, projects: Projects, schedule: Schedule, recheck: Callable[[], None]) -> None:
        """Call ``recheck`` when answers came that may change what was found."""
        self._projects = projects
        self._schedule = schedule
        self._recheck = recheck
        self._threads: ThreadPoolExecutor | None = None
        self._busy = False

    def look(self) -> None:
        """See later whether there are questions; call it when something was analysed."""
        if not self._busy:
            self._schedule.when_idle("resolve", self._begin)

    def drop(self, project: Project) -> None:
        """End the process of a project that is let go."""
        if isinstance(project.resolver, LibraryResolver):
            project.resolver.close()

    def close(self) -> None:
        """End all processes."""
        for resolver in self._resolvers():
            resolver.close()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    @property
    def is_degraded(self) -> bool:
        """Whether questions are no longer answered because the process kept dying."""
        return any(resolver.is_degraded for resolver in self._resolvers())

    def _resolvers(self) -> Iterator[LibraryResolver]:
        for project in self._projects.all():
            if isinstance(project.resolver, LibraryResolver):
                yield project.resolver

    def _begin(self) -> None:
        resolver = next((one for one in self._resolvers() if one.has_questions), None)
        if resolver is None or self._busy:
            return
        self._busy = True
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="resolver")
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, resolver.ask)
        asked.add_done_callback(lambda done: self._take(resolver, done))
        loop.call_later(IDLE + 1, resolver.rest)

    def _take(self, resolver: LibraryResolver, done: asyncio.Future[dict[str, str]]) -> None:
        self._busy = False
        if done.cancelled() or done.exception() is not None:
            logger.warning("No answers about libraries: %s", done)
            return
        answers = done.result()
        resolver.take(answers)
        if any(answers.values()):
            self._recheck()
        self.look()
