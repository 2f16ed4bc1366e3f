"""Keeps what is known of all files of all projects up to date, in the background.

Surveyors read and lower the files and put their facts into the cache; the server hears only which
names each file uses. What it needs to know of a file itself it takes from the cache at that time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Protocol

from review_server.indexing.crew import Crew, CrewError
from review_server.indexing.messages import (
    MOST_FILES,
    List,
    Listed,
    Members,
    Survey,
    Surveyed,
    Tidy,
    batches,
)
from review_server.indexing.status import IndexStatus, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from review_server.indexing.messages import Answer, Request
    from review_server.workspace import Project, Projects

logger = logging.getLogger(__name__)

_MOST_DELAY_S = 5.0
"""How long what was found is kept from a user who types without a pause."""

_REST_S = 5.0
"""How long surveyors wait for more work before they are let go."""


class Progress(Protocol):
    """Where the user sees how far the index is."""

    def begin(self, cancel: Callable[[], None]) -> None:
        """Show that indexing began; ``cancel`` is called when the user does not want it."""

    def report(self, done: int, total: int) -> None:
        """Show how many files are done."""

    def end(self) -> None:
        """Show it no longer."""


class Editor(Protocol):
    """Who sends messages, and at times does not."""

    def is_at_rest(self) -> bool:
        """Say whether no message has come for a while."""

    async def rest(self) -> None:
        """Wait until that is so."""


class Index:
    """The index of the projects of a session. Everything happens on the event loop's thread."""

    def __init__(
        self,
        projects: Projects,
        changed: Callable[[], None],
        editor: Editor,
    ) -> None:
        """Begin with no project.

        Args:
            projects: the projects of the session.
            changed: is called when findings may have changed.
            editor: says when the user does not type.
        """
        self.status = IndexStatus()
        self.progress: Progress | None = None
        self._projects = projects
        self._changed = changed
        self._editor = editor
        self._listeners: list[Callable[[IndexStatus], None]] = []
        self._whole: dict[Project, None] = {}
        self._parts: dict[Project, dict[str, None]] = {}
        self._digests: dict[Project, dict[str, bytes]] = {}
        self._gaps: dict[Project, str] = {}
        self._stale = False
        self._crew = Crew(may_use_all=self._editor.is_at_rest)
        self._task: asyncio.Task[None] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._started = False
        self._ended = False
        projects.when_made(self.add)

    # What others ask of it

    def listen(self, listener: Callable[[IndexStatus], None]) -> None:
        """Call a function with every new status."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to work; nothing happens when it has begun or ended already."""
        self._started = not self._ended
        self._wake()

    def add(self, *projects: Project) -> None:
        """Index whole projects, again if need be."""
        self._whole.update(dict.fromkeys(project for project in projects if project.root))
        self._wake()

    def drop(self, project: Project) -> None:
        """Let go of a project; what surveyors still say of it is left unheard."""
        for known in (self._whole, self._parts, self._digests, self._gaps):
            known.pop(project, None)

    def restart(self) -> None:
        """Index everything again, with other processes."""
        projects = [*self._digests, *self._whole]
        self._stop()
        self._crew = Crew(may_use_all=self._editor.is_at_rest)
        self.add(*projects)

    def files_changed(self, paths: Sequence[str]) -> None:
        """Look again at files that were created, changed or deleted."""
        for project in self._digests if paths else ():
            self._parts.setdefault(project, {}).update(dict.fromkeys(paths))
        self._wake()

    def cancel(self) -> None:
        """Stop indexing; what is known by now stays."""
        if self._task is not None:
            self._give_up("indexing was cancelled")

    def close(self) -> None:
        """End everything."""
        self._started, self._ended = False, True
        self._stop()

    async def closed(self) -> None:
        """Wait until all processes have ended; call ``close`` before."""
        await self._crew.ended()

    @property
    def processes(self) -> list[int]:
        """The ids of the surveyors that run."""
        return self._crew.processes

    # The work

    def _wake(self) -> None:
        if self._started and self._task is None and (self._whole or self._parts):
            if self._rest is not None:
                self._rest.cancel()
            self._task = asyncio.get_running_loop().create_task(self._work())

    def _give_up(self, reason: str) -> None:
        """Leave undone what is not done."""
        self._gaps.update(dict.fromkeys((*self._whole, *self._parts), reason))
        self._stop()
        self._tell_end()

    def _stop(self) -> None:
        self._whole.clear()
        self._parts.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        if self._rest is not None:
            self._rest.cancel()
        self._crew.close()
        self._end_progress()

    async def _work(self) -> None:
        task = asyncio.current_task()
        try:
            while self._whole or self._parts:
                await self._work_on(next(iter(self._whole or self._parts)))
        except CrewError as error:
            logger.warning("The index is not complete: %s", error)
            self._task = None
            self._give_up(str(error))
        except Exception as error:
            logger.exception("Indexing failed")
            self._task = None
            self._give_up(f"indexing failed: {error!r}")
        if self._task is task:
            self._task = None
            self._end_progress()
            self._tell_end()
            self._rest = asyncio.get_running_loop().call_later(_REST_S, self._crew.rest)

    async def _work_on(self, project: Project) -> None:
        """Index a project, or look at those of its files that changed."""
        if project in self._whole:
            self._parts.pop(project, None)
            before = project.selection
            await self._index(project)
            # What was asked for in the meantime is still to be done.
            if project.selection == before:
                self._whole.pop(project, None)
        else:
            await self._survey(project, tuple(self._parts.pop(project)))
        # What it changes is found out with the next key, if one comes first.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._editor.rest(), _MOST_DELAY_S)
        if project.analysis.announce() or self._stale:
            self._stale = False
            self._changed()

    async def _index(self, project: Project) -> None:
        self._tell(IndexStatus(State.INDEXING))
        if self.progress is not None:
            self.progress.begin(self.cancel)
        digests = self._digests.setdefault(project, {})
        listed = await self._crew.ask(List(Members.of(project.selection), MOST_FILES))
        if not isinstance(listed, Listed):
            raise CrewError("the indexing process answered something else")
        for root in listed.inner:
            self._projects.discover(root)
        if project.source is not None and project.source.learn(listed.paths):
            project.analysis.refresh()
        before = digests.keys() - ()
        await self._survey(project, listed.paths, whole=True)
        self._gaps.pop(project, None)
        if not listed.complete:
            self._gaps[project] = f"{project.root} has more than {MOST_FILES:,} files"
        self._forget(project, before - frozenset(listed.paths))
        if before and before != digests.keys():
            # Nobody may have told of files that came or went; most editors do, but not all.
            self._stale = True
            project.analysis.refresh(*(before - digests.keys()))
        await self._crew.ask(Tidy())

    def _forget(self, project: Project, paths: Iterable[str]) -> None:
        digests = self._digests.get(project, {})
        for path in paths:
            project.analysis.forget(path)
            digests.pop(path, None)

    async def _survey(self, project: Project, paths: Sequence[str], *, whole: bool = False) -> None:
        total = len(paths)
        done = 0
        members = Members.of(project.selection)

        def take(request: Request, answer: Answer) -> None:
            nonlocal done
            if isinstance(request, Survey) and isinstance(answer, Surveyed):
                done += len(request.paths)
                self._note(project, request.paths, answer)
            if whole:
                self._tell(IndexStatus(State.INDEXING, done, total))
                if self.progress is not None:
                    self.progress.report(done, total)

        await self._crew.run(batches(members, paths), take)

    def _note(self, project: Project, asked: Sequence[str], answer: Surveyed) -> None:
        digests = self._digests.get(project)
        if digests is None:
            return
        self._forget(project, set(asked) - {row.path for row in answer.rows})
        changed = [
            row.path for row in answer.rows if digests.get(row.path, row.digest) != row.digest
        ]
        digests.update((row.path, row.digest) for row in answer.rows)
        project.analysis.note([(row.path, row.names) for row in answer.rows])
        if changed:
            self._stale = True
            project.analysis.reload(*changed)

    # Status

    def _tell_end(self) -> None:
        """Tell the state in which the index is while nothing is done."""
        total = sum(map(len, self._digests.values()))
        reasons = [*self._gaps.values()]
        if self._crew.lost:
            reasons.append(f"{len(self._crew.lost)} files could not be indexed")
        state = State.DEGRADED if reasons else State.IDLE
        self._tell(IndexStatus(state, total, total, "; ".join(dict.fromkeys(reasons))))

    def _tell(self, status: IndexStatus) -> None:
        if status != self.status:
            self.status = status
            for listener in self._listeners:
                listener(status)

    def _end_progress(self) -> None:
        if self.progress is not None:
            self.progress.end()
