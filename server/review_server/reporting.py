"""From the findings of a document to the rows that the editor is given, each rendered once."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, NamedTuple, Protocol

from review_checks.text.positions import Encoding
from review_server import convert, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from review_checks.model import Finding
    from review_server.client import Client
    from review_server.documents import OpenDocument, Rendered

logger = logging.getLogger(__name__)


class Names(Protocol):
    """What the editor calls the files."""

    def uri(self, path: str) -> str:
        """Return the URI under which the editor knows a file."""

    def version(self, path: str) -> int | None:
        """Return the version of a document that is open."""


class View:
    """The files as one project sees them, for ``convert``."""

    def __init__(self, lines: Callable[[str], Sequence[str]], names: Names) -> None:
        """Take the lines from the project's analysis, the rest from the session."""
        self.lines = lines
        self.uri = names.uri
        self.version = names.version


class Found(NamedTuple):
    """The findings of a document that are reported, and what is to be said besides."""

    findings: list[Finding]
    notices: list[wire.Diagnostic]


class Reporter:
    """Says what is to be shown of a document."""

    def __init__(self, client: Client, names: Names) -> None:
        """Render for a client; ``on_trouble`` may be set to hear of what fails, and why."""
        self._client = client
        self._names = names
        self._exact = client.encoding is Encoding.UTF32
        self._numbers = itertools.count(1)
        self._logged: set[tuple[str, str]] = set()
        self.on_trouble: Callable[[str, str], None] = lambda _what, _reason: None

    def view(self, document: OpenDocument) -> View:
        """Return the files as the project of a document sees them."""
        return View(document.project.analysis.lines, self._names)

    def find(self, document: OpenDocument) -> Found:
        """Return what is to be reported of a document."""
        if not document.checked:
            return Found([], [])
        if document.is_too_large:
            limit = document.project.options.max_file_size
            message = f"This file is larger than `max-file-size` ({limit:,}) and is not analysed."
            return Found([], [convert.notice(0, message)])
        analysis = document.project.analysis
        try:
            findings = analysis.findings(document.path)
            failures = analysis.failures(document.path)
            unread = analysis.unread(document.path)
        except Exception as error:  # noqa: BLE001 -- the editor goes on, whatever the analysis does
            self._log_once(document.path, f"The analysis failed: {error!r}", exc_info=True)
            return Found([], [convert.notice(0, "This file could not be analysed; see the log.")])
        findings = document.project.selection.reported(document.path, findings, document.lines)
        notices = [
            convert.notice(part.line, f"What begins here is not analysed: {part.reason}.")
            for part in unread
            if not part.syntax
        ]
        for rule, trace in failures:
            self._log_once(document.path, f"The rule `{rule}` failed:\n{trace}")
            self.on_trouble(f"rule {rule}", f"the rule `{rule}` failed on some file; see the log")
            message = f"The rule `{rule}` failed here and is left out; see the log."
            notices.append(convert.notice(0, message))
        return Found(findings, notices)

    def is_reported(self, document: OpenDocument, finding: Finding) -> bool:
        """Say whether a finding of the analysis is one that the document's user wants."""
        chosen = document.project.selection
        return bool(chosen.reported(document.path, [finding], document.lines))

    def rows(self, document: OpenDocument) -> list[bytes]:
        """Return the rows of a document; the same list as before when nothing changed."""
        found = self.find(document)
        view = self.view(document)
        known, document.rendered = document.rendered, {}
        rows = [self._render(finding, view, known, document.rendered) for finding in found.findings]
        rows += dict.fromkeys(map(wire.encode, found.notices))
        if document.rows is None or document.rows != rows:
            document.rows = rows
            document.result = next(self._numbers)
        return document.rows

    def row(self, document: OpenDocument, finding: Finding) -> bytes:
        """Return the row of one finding."""
        return self._render(finding, self.view(document), document.rendered, document.rendered)

    def _render(self, finding: Finding, view: View, known: Rendered, into: Rendered) -> bytes:
        """Return the row that is known for a finding, else a new one."""
        key = (finding.rule, finding.scope, finding.symbol, finding.span.line)
        # Columns of other lines depend on their text, and not only on what the finding says.
        plain = self._exact or convert.is_plain(finding, view)
        before = known.get(key) if plain else None
        if before is not None and before[0] == finding:
            row = before[1]
        else:
            row = wire.encode(convert.diagnostic(finding, self._client, view))
        if plain:
            into[key] = (finding, row)
        return row

    def _log_once(self, path: str, message: str, *, exc_info: bool = False) -> None:
        if (path, message) not in self._logged:
            self._logged.add((path, message))
            logger.error("%s: %s", path, message, exc_info=exc_info)
