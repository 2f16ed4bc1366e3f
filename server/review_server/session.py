"""The state of one connection: the client, its open documents and what it was told of them."""

from __future__ import annotations

import functools
import math
import time
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import UNSET, Raw

from review_server import convert, wire
from review_server.attention import Attention, Interrupted
from review_server.documents import OpenDocument
from review_server.faults import FaultTeller
from review_server.indexing.index import Index
from review_server.news import News
from review_server.notebooks import Notebooks
from review_server.reporting import Reporter
from review_server.resolving import Resolving
from review_server.settling import Settling
from review_server.sweeping import Sweeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from msgspec import UnsetType

    from review_checks.model import Span
    from review_checks.text.lines import Document
    from review_server.client import Client
    from review_server.editor_settings import EditorSettings
    from review_server.schedule import Schedule
    from review_server.workspace import Project, Projects


_PERSISTENCE = 0.5
"""For how many seconds diagnostics give way to further edits before they are seen through."""


class Peer(Protocol):
    """The other end of the connection."""

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""

    def ask_for_refresh(self) -> None:
        """Have the client ask for all diagnostics again."""

    @property
    def attention(self) -> Attention:
        """What looks at messages that come in during long work."""


class Session:
    """What happens between ``initialize`` and ``shutdown``."""

    def __init__(self, client: Client, projects: Projects, peer: Peer, schedule: Schedule) -> None:
        """Begin without any document."""
        self.client = client
        self.projects = projects
        self.reporter = Reporter(client, self)
        self._faults = FaultTeller(client.encoding, self.uri, self._publish_faults)
        self.index = Index(projects, self.recheck, schedule)
        self.resolving = Resolving(projects, schedule, self.recheck)
        self._peer = peer
        self._schedule = schedule
        self._documents: dict[str, OpenDocument] = {}
        self._by_path: dict[str, OpenDocument] = {}
        # A result of an earlier run of the server must not be taken for one of this run.
        self._run = f"{time.time_ns():x}"
        self.news = News()
        self.settling = Settling()
        self.notebooks = Notebooks(self)
        self.sweeper = Sweeper(self, schedule)
        self._on_options: list[Callable[[], None]] = []
        projects.when_made(lambda _project: self._options_changed())

    def when_options_change(self, changed: Callable[[], None]) -> None:
        """Call a function from now on when other options may be in force."""
        self._on_options.append(changed)

    def _options_changed(self) -> None:
        for changed in self._on_options:
            changed()

    # Documents

    def document(self, uri: str) -> OpenDocument | None:
        """Return an open document; None when it is not open here, or no Python."""
        found = self._documents.get(uri)
        if found is None and self._documents:
            found = self._by_path.get(convert.path_of(uri))
        return found

    @property
    def open_documents(self) -> int:
        """How many documents are open."""
        return len(self._documents)

    def project_of(self, uri: str) -> Project:
        """Return the project of a document, open or not."""
        document = self.document(uri)
        return document.project if document is not None else self.projects.of(convert.path_of(uri))

    def open(self, given: wire.TextDocument) -> None:
        """Take a document that the editor opened."""
        if given.uri in self._documents:
            self.close(given.uri)
        if given.language_id not in ("python", ""):
            return
        path = convert.path_of(given.uri)
        if path in self._by_path:
            # The same file by another link is a text of its own for the editor.
            path = given.uri
        document = OpenDocument(given.uri, path, given.version, self.projects.of(path))
        self.watch_for_messages(document.project)
        self._documents[given.uri] = self._by_path[path] = document
        self._forget_rows()
        document.replace(given.text)
        self._changed(document)
        self.tell_faults()

    def watch_for_messages(self, project: Project) -> None:
        """Have long work of a project's analysis see what comes in meanwhile."""
        attention = self._peer.attention
        project.analysis.pause_with(attention.pause, attention.glance)

    def add(self, cell: OpenDocument, project: Project) -> None:
        """Take a cell of a notebook of a project; ``announce`` follows when it has its text."""
        self.watch_for_messages(project)
        self._documents[cell.uri] = self._by_path[cell.path] = cell
        self._forget_rows()

    def announce(self, cell: OpenDocument) -> None:
        """Have the client know what is to be said of a cell after a change of its notebook."""
        self._changed(cell)
        self.tell_faults()

    def edit_text(self, text: Document, changes: Iterable[wire.ContentChange]) -> None:
        """Apply the edits of one event to the text of a cell."""
        for change in changes:
            if change.range is None:
                text.replace_all(change.text)
            else:
                text.edit(
                    convert.span_of(change.range, text.lines, self.client.encoding), change.text
                )

    def change(self, params: wire.DidChange) -> None:
        """Apply the edits of one event; each counts from the text that those before it left."""
        document = self.document(params.text_document.uri)
        if document is None:
            return
        document.version = params.text_document.version
        changes = params.content_changes
        for at in range(len(changes) - 1, -1, -1):
            if changes[at].range is None:
                document.replace(changes[at].text)
                changes = changes[at + 1 :]
                break
        if changes:
            document.edit(self._edits(document, changes))
        self._changed(document)

    def _edits(
        self, document: OpenDocument, changes: Iterable[wire.ContentChange]
    ) -> Iterator[tuple[Span, str]]:
        lines, encoding = document.lines, self.client.encoding
        for change in changes:
            if change.range is not None:
                yield convert.span_of(change.range, lines, encoding), change.text

    def close(self, uri: str) -> None:
        """Let go of a document."""
        document = self.document(uri)
        if document is None:
            return
        del self._documents[document.uri], self._by_path[document.path]
        document.close()
        self.sweeper.was_closed(document)
        self.news.note()
        self._forget_rows()
        if not self.client.pulls:
            self._send(document, [])
            self._publish_others(document)

    def _forget_rows(self) -> None:
        """Render all rows again: they may speak of a document whose URI is spelled otherwise now."""
        for document in self._documents.values():
            document.rendered = {}

    # For ``convert.Texts``

    def uri(self, path: str) -> str:
        """Return the URI under which the editor knows a file."""
        document = self._by_path.get(path)
        return document.uri if document is not None else self.projects.uri(path)

    def version(self, path: str) -> int | None:
        """Return the version of a document that is open."""
        document = self._by_path.get(path)
        return document.version if document is not None else None

    # Diagnostics

    def pull(self, uri: str, previous: str | None) -> wire.FullReport | wire.UnchangedReport:
        """Answer a request for the diagnostics of a document."""
        document = self.document(uri)
        if document is None:
            return wire.FullReport([])
        rows = self.reporter.rows(document)
        self._was_reported()
        result = self.result_id(document)
        if result == previous:
            return wire.UnchangedReport(result)
        return wire.FullReport([Raw(row) for row in rows], result)

    def result_id(self, document: OpenDocument) -> str:
        """Return by what the client knows the rows that a document was given last."""
        return f"{self._run}-{document.result}"

    def tell_faults(self) -> None:
        """Show what is wrong with the configurations in their files, after what is at hand."""
        self._schedule.soon("faults", self._tell_faults)

    def _tell_faults(self) -> None:
        self._faults.tell(project.configuration for project in self.projects.all())

    def _publish_faults(self, message: wire.PublishDiagnostics) -> None:
        self._peer.tell("textDocument/publishDiagnostics", message)

    def configure(self, settings: EditorSettings | None = None) -> None:
        """Use other settings, or only read the files of configuration again."""
        self.tell_faults()
        if self.projects.configure(settings):
            self._options_changed()
            self.refresh()
            self.index.add(*self.projects.all())

    def files_changed(self, paths: Sequence[str]) -> None:
        """Note that somebody else changed files."""
        paths = [path for path in paths if self.projects.cares_for(path)]
        self.tell_faults()
        changed = self.projects.refresh(paths)
        configures = any(not path.endswith(".py") for path in paths)
        if (configures and self._settle_documents()) or changed:
            self.refresh()
        if configures:
            # Options decide which files are members of a project.
            self._options_changed()
            self.index.add(*self.projects.all())
        self.index.files_changed([path for path in paths if path.endswith(".py")])

    def folders_changed(self) -> None:
        """Bring everything up to date with other folders."""
        self._settle_documents()
        used = {document.project for document in self._documents.values()}
        for project in self.projects.keep(used.union(self.notebooks.projects())):
            self.index.drop(project)
            self.resolving.drop(project)
        self.tell_faults()
        self._options_changed()
        self.refresh()

    def _settle_documents(self) -> bool:
        """Have each document belong to the project that is nearest to it; return whether one moved.

        Where a configuration comes or goes, a project begins or ends.
        """
        moved = self.notebooks.settle()
        for document in self._documents.values():
            project = document.project if document.is_part else self.projects.of(document.path)
            if project is not document.project:
                self.watch_for_messages(project)
                document.move(project)
                moved = True
        return moved

    def recheck(self) -> None:
        """Bring what the editor shows up to date, later, if any of it is different by now."""
        self.news.note()
        if not self.client.pulls:
            self._publish_others(None)
            return
        for document in self._documents.values():
            work = functools.partial(self._recheck, document)
            self._schedule.when_idle(("recheck", document.path), work)

    def _recheck(self, document: OpenDocument) -> None:
        if self._documents.get(document.uri) is not document:
            return
        before = document.rows
        if before is None:
            return
        rows = self.rows_unless_overtaken(document)
        if rows is None:
            work = functools.partial(self._recheck, document)
            self._schedule.when_idle(("recheck", document.path), work)
        elif rows is not before:
            self._schedule.soon("refresh", self._ask_for_refresh)

    def rows_unless_overtaken(self, document: OpenDocument) -> list[bytes] | None:
        """Return the rows of a document, or None when a message came that is to be handled first."""
        try:
            with self._peer.attention.working(self._schedule.is_overtaken()):
                return self.reporter.rows(document)
        except Interrupted:
            return None

    def _ask_for_refresh(self) -> None:
        if self.client.refreshes:
            self._peer.ask_for_refresh()

    def refresh(self) -> None:
        """Bring what the editor shows up to date after something else than its edits."""
        self.news.note()
        self.notebooks.refresh()
        for document in self._documents.values():
            document.decide()
        if not self.client.pulls:
            self._publish_others(None)
        elif self.client.refreshes and self._documents:
            self._schedule.soon("refresh", self._peer.ask_for_refresh)

    def _changed(self, document: OpenDocument) -> None:
        """Push what an edit changed; who pulls asks by himself, for other documents too."""
        self.news.note()
        if not self.client.pulls:
            document.changed = min(document.changed, self._schedule.now())
            self._schedule.soon(document.path, functools.partial(self._publish, document))
            self._publish_others(document)

    def _publish_others(self, edited: OpenDocument | None) -> None:
        """Push what changed in other documents, later: the edited one is what the user looks at."""
        for document in self._documents.values():
            if document is not edited:
                work = functools.partial(self._publish, document, only_changes=True)
                self._schedule.when_idle(document.path, work)

    def _publish(self, document: OpenDocument, *, only_changes: bool = False) -> None:
        if self._documents.get(document.uri) is not document:
            return
        if self.settling.is_waiting:
            work = functools.partial(self._publish, document, only_changes=only_changes)
            again = functools.partial(self._schedule.soon, document.path, work)
            self.settling.afterwards(document.path, again)
            return
        before = document.rows
        late = self._schedule.now() - document.changed > _PERSISTENCE
        if late and not only_changes:
            rows: list[bytes] | None = self.reporter.rows(document)
        else:
            rows = self.rows_unless_overtaken(document)
        if rows is None:
            later = self._schedule.when_idle if only_changes else self._schedule.soon
            later(
                document.path, functools.partial(self._publish, document, only_changes=only_changes)
            )
            return
        document.changed = math.inf
        if not only_changes or rows is not before:
            self._send(document, rows)
        self._was_reported()

    def _was_reported(self) -> None:
        """Do what can wait until the rows of a document are on their way."""
        self.resolving.look()
        self._schedule.soon("tidy", self._tidy)

    def _tidy(self) -> None:
        for project in self.projects.all():
            project.analysis.tidy()

    def _send(self, document: OpenDocument, rows: list[bytes]) -> None:
        version: int | UnsetType = UNSET
        if self.client.tracks_versions and document.version is not None:
            version = document.version
        message = wire.PublishDiagnostics(document.uri, [Raw(row) for row in rows], version)
        self._peer.tell("textDocument/publishDiagnostics", message)
