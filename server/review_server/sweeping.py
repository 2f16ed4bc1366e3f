"""Reports on all files of the folders, open or not, while the editor rests.

Files that are not open are looked at one by one, each when no message has come for a while. What
is said of them is known by a number, so that a client that has it already is not sent it again. Of
a file that was looked at, that number is kept, and from which files its findings come; the rest is
forgotten, so that the memory of a sweep does not grow with the project.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from review_server.convert import path_of
from review_server.documents import OpenDocument
from review_server.files import head, walk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from review_server.schedule import Schedule
    from review_server.selection import Selection
    from review_server.session import Session
    from review_server.workspace import Project

_MOST_CELLS = 15_000
"""How many cells of an analysis may be new before those that no open file needs are forgotten.

A cell has about a KiB, with its part of texts and facts. With Nova this comes to 1,800 readings of
its 660 files; to remember all of it would take three times the memory and half the time.
"""


class Row(NamedTuple):
    """What is to be said of a file; ``rows`` is None when the client knows it."""

    uri: str
    version: int | None
    result: str
    rows: list[bytes] | None


class _Told(NamedTuple):
    """What was last found out about a file that is not open.

    Attributes:
        result: by what the client knows the rows.
        digest: tells the rows from others.
        is_silent: whether there are none.
        selection: what was wanted of the project.
    """

    result: str
    digest: bytes
    is_silent: bool
    selection: Selection


class Sweeper:
    """Goes over the files of a session."""

    def __init__(self, session: Session, schedule: Schedule) -> None:
        """Look at nothing yet."""
        self._session = session
        self._schedule = schedule
        self._told: dict[str, _Told] = {}
        self._sizes: dict[Project, int] = {}
        self._closed: dict[str, OpenDocument] = {}
        self._is_asked = False

    def was_closed(self, document: OpenDocument) -> None:
        """Note that the editor has closed a document.

        A client that asks for the findings of all files, such as VS Code, goes on to show what it
        was told of the document while it was open, until it is told otherwise.
        """
        if self._is_asked:
            self._closed[document.path] = document

    async def files(self) -> list[tuple[str, Project]]:
        """Return the files whose findings are wanted, with their projects."""
        self._is_asked = True
        # Whoever wants nothing any more need not wait to be told so.
        if not self._session.projects.want_all_files():
            return []
        await self._schedule.rest()
        return self._find()

    def _find(self) -> list[tuple[str, Project]]:
        session = self._session
        found: dict[str, Project] = {}
        by_folder: dict[str, Project] = {}
        for folder, _ in session.projects.folders:
            for path in walk(folder, lambda _error: None):
                parent = os.path.dirname(path)  # noqa: PTH120 -- there may be thousands
                if parent not in by_folder:
                    by_folder[parent] = session.projects.of(path)
                project = by_folder[parent]
                if project.options.workspace_diagnostics:
                    found[os.path.realpath(path)] = project
        return list(found.items())

    async def rows(
        self,
        files: Collection[tuple[str, Project]],
        known: Mapping[str, str],
        report: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> AsyncIterator[Row]:
        """Yield what is to be said of each file, those that are gone included.

        Args:
            files: the files.
            known: the results that the client has, by URI.
            report: is told how many files were looked at, and of how many.
        """
        closed = dict(self._closed)
        gone = {path_of(uri): uri for uri in known}
        gone.update((path, document.uri) for path, document in closed.items())
        for done, (path, project) in enumerate(files):
            report(done, len(files))
            gone.pop(path, None)
            given = None if path in closed else known.get(self._session.uri(path))
            # There may be thousands; what comes in meanwhile is handled between two of them.
            await asyncio.sleep(0)
            row = self._row_as_told(path, project, given)
            if row is None:
                row = await self._row(path, project, given)
            # Of a file of which nothing was said, and nothing is to be said, there is no news.
            if row.rows or given is not None or path in closed:
                yield row
        for path, uri in gone.items():
            is_said = path not in closed and known[uri] == _nothing(uri)
            # Of one that is open the client asks by itself.
            if not is_said and self._session.document(uri) is None:
                yield Row(uri, None, _nothing(uri), [])
        for path, document in closed.items():
            if self._closed.get(path) is document:
                del self._closed[path]
        self._forget_others(files)

    def _row_as_told(self, path: str, project: Project, given: str | None) -> Row | None:
        """Return what is to be said of a file if that is known without looking at it."""
        uri, told = self._session.uri(path), self._told.get(path)
        if told is None or self._session.document(uri) is not None:
            return None
        if told.selection is not project.selection or not project.analysis.stands(path):
            return None
        if told.result == given:
            return Row(uri, None, told.result, None)
        return Row(uri, None, told.result, []) if told.is_silent else None

    async def _row(self, path: str, project: Project, given: str | None) -> Row:
        """Look at a file when the editor rests, and return what is to be said of it."""
        session = self._session
        rows: list[bytes] | None = None
        while rows is None:
            await self._schedule.rest()
            opened = session.document(session.uri(path))
            document = opened or self._document(path, project)
            rows = session.rows_unless_overtaken(document)
        result = session.result_id(document)
        if opened is None:
            result = self._tell(document, result, rows)
            self._make_room(project)
        return Row(document.uri, document.version, result, None if result == given else rows)

    def _document(self, path: str, project: Project) -> OpenDocument:
        """Return a document with the disk's text of a file that is not open."""
        self._session.watch_for_messages(project)
        document = OpenDocument(self._session.uri(path), path, None, project)
        # That the disk may have another text by now is known from file events.
        document.checked = project.is_checked(path, head(path))
        return document

    def _tell(self, document: OpenDocument, result: str, rows: Sequence[bytes]) -> str:
        """Remember what was found out about a file; return by what the client knows the rows."""
        document.project.analysis.trace(document.path)
        # No row has a line end in it.
        digest = hashlib.blake2b(b"\n".join(rows), digest_size=16).digest()
        before = self._told.get(document.path)
        if before is not None and before.digest == digest:
            result = before.result
        told = _Told(result, digest, not rows, document.project.selection)
        self._told[document.path] = told
        return result

    def _make_room(self, project: Project) -> None:
        """Forget what no open file needs, if there is much of it."""
        analysis = project.analysis
        if analysis.size > self._sizes.setdefault(project, 0) + _MOST_CELLS:
            analysis.let_go()
            self._sizes[project] = analysis.size

    def _forget_others(self, files: Collection[tuple[str, Project]]) -> None:
        """Forget what was found out about files that are none of those that are wanted."""
        wanted = {path for path, _ in files}
        self._told = {path: told for path, told in self._told.items() if path in wanted}
        if not files:
            for project in self._sizes:
                project.analysis.let_go(traces=True)
            self._sizes.clear()


def _nothing(uri: str) -> str:
    """Return the result of a file of which there is nothing to say any more."""
    return f"none-{uri}"
