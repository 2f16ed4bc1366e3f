"""Reports on all files of the folders, open or not, while the editor rests.

Files that are not open are looked at one by one, each when no message has come for a while. What
they say is known by a number, so that a client that has it already is not sent it again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from review_server.convert import path_of
from review_server.documents import OpenDocument
from review_server.files import head, walk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from review_server.schedule import Schedule
    from review_server.session import Session
    from review_server.workspace import Project


class Row(NamedTuple):
    """What is to be said of a file; ``rows`` is None when the client knows it."""

    uri: str
    version: int | None
    result: str
    rows: list[bytes] | None


class Sweeper:
    """Goes over the files of a session."""

    def __init__(self, session: Session, schedule: Schedule) -> None:
        """Look at nothing yet."""
        self._session = session
        self._schedule = schedule
        self._closed: dict[str, OpenDocument] = {}

    def files(self) -> list[tuple[str, Project]]:
        """Return the files whose findings are wanted, with their projects."""
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
        self, files: Iterable[tuple[str, Project]], known: Mapping[str, str]
    ) -> AsyncIterator[Row]:
        """Yield what is to be said of each file, those that are gone included.

        Args:
            files: the files.
            known: the results that the client has, by URI.
        """
        left = {path_of(uri): uri for uri in known}
        for path, project in files:
            document = self._document(path, project)
            rows: list[bytes] | None = None
            while rows is None:
                await self._schedule.rest()
                rows = self._session.rows_unless_overtaken(document)
            left.pop(path, None)
            result = self._session.result_id(document)
            # Of a file of which nothing was said, and nothing is to be said, there is no news.
            if rows or document.uri in known:
                is_same = known.get(document.uri) == result
                yield Row(document.uri, document.version, result, None if is_same else rows)
        for path, uri in left.items():
            self._closed.pop(path, None)
            if known[uri] != _nothing(uri):
                yield Row(uri, None, _nothing(uri), [])

    def _document(self, path: str, project: Project) -> OpenDocument:
        """Return the document of a file; one that is not open has the disk's text."""
        session = self._session
        uri = session.uri(path)
        document = session.document(uri)
        if document is not None:
            self._closed.pop(path, None)
            return document
        document = self._closed.get(path)
        if document is None or document.project is not project:
            session.watch_for_messages(project)
            document = self._closed[path] = OpenDocument(uri, path, None, project)
        # That the disk may have another text by now is known from file events.
        document.checked = project.is_checked(path, head(path))
        return document


def _nothing(uri: str) -> str:
    """Return the result of a file of which there is nothing to say any more."""
    return f"none-{uri}"
