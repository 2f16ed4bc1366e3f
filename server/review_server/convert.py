"""The only place where our positions, paths and findings meet those of the protocol.

The analysis counts lines and code points and knows files by path; an editor counts in the encoding
that was agreed on and knows documents by URI. A URI is never made for a document that the editor
has opened: it gets its own spelling back.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, unquote, urlsplit

from msgspec import UNSET

from review_checks.engine.discovery import rules_by_name
from review_checks.model import Safety, Severity, Span
from review_checks.rule import Over
from review_checks.text.positions import from_units, to_units
from review_server import wire
from review_server.hunks import hunks
from review_server.links import page_uri, web_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from msgspec import UnsetType

    from review_checks.model import Edit, Finding, Fix
    from review_checks.text.positions import Encoding
    from review_server.client import Client

SOURCE = "review"
_ANNOTATION = "unsafe"
_UNNECESSARY = 1
"""The tag of what editors show faded."""
_SEVERITIES = {
    Severity.ERROR: 1,
    Severity.WARNING: 2,
    Severity.INFORMATION: 3,
    Severity.HINT: 4,
}
_DRIVE = re.compile(r"/[A-Za-z]:(?=/|\Z)")


class Texts(Protocol):
    """What is needed of the files that findings and edits speak of."""

    def lines(self, path: str) -> Sequence[str]:
        """Return the lines of a file, with their ends."""

    def uri(self, path: str) -> str:
        """Return the URI under which the editor knows a file."""

    def version(self, path: str) -> int | None:
        """Return the version of a file that is open, else None."""


# Paths


def path_of(uri: str) -> str:
    """Return the path of a ``file`` URI with links resolved; any other URI stands for itself."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    if parts.scheme != "file":
        return uri
    path = unquote(parts.path, errors="surrogateescape")
    if parts.netloc and parts.netloc != "localhost":
        path = f"//{parts.netloc}{path}"
    elif os.name == "nt" and _DRIVE.match(path):
        path = path[1:]
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return uri


def uri_of(path: str, folders: Iterable[tuple[str, str]] = ()) -> str:
    """Return a URI for a path.

    Args:
        path: an absolute path, or a URI, which stands for itself.
        folders: folders' paths and the editor's spelling of their URIs, used for what lies below.
    """
    if not Path(path).is_absolute():
        return path
    for folder, uri in folders:
        if path.startswith(folder + os.sep):
            relative = path[len(folder) + 1 :].replace(os.sep, "/")
            return f"{uri.rstrip('/')}/{quote(os.fsencode(relative))}"
    return Path(path).as_uri()


# Positions


def span_of(given: wire.Range, lines: Sequence[str], encoding: Encoding) -> Span:
    """Return the span of a range; columns past the end of a line become its end."""
    start, end = given.start, given.end
    return Span(
        start.line,
        _column(lines, start, encoding),
        end.line,
        _column(lines, end, encoding),
    )


def _column(lines: Sequence[str], position: wire.Position, encoding: Encoding) -> int:
    if not 0 <= position.line < len(lines):
        return position.character
    return from_units(lines[position.line], position.character, encoding)


def range_of(span: Span, lines: Sequence[str], encoding: Encoding) -> wire.Range:
    """Return the range of a span."""
    return wire.Range(
        _position(lines, span.line, span.column, encoding),
        _position(lines, span.end_line, span.end_column, encoding),
    )


def _position(lines: Sequence[str], line: int, column: int, encoding: Encoding) -> wire.Position:
    if line >= len(lines):
        return wire.Position(line, column)
    return wire.Position(line, to_units(lines[line], column, encoding))


def is_plain(finding: Finding, texts: Texts) -> bool:
    """Say whether all lines of a finding are ASCII, so that it is the same in every encoding."""
    lines = texts.lines(finding.path)
    places = [(finding.path, finding.span), *((note.path, note.span) for note in finding.notes)]
    for path, span in places:
        rows = lines if path == finding.path else texts.lines(path)
        if span.end_line >= len(rows):
            return False
        if not (rows[span.line].isascii() and rows[span.end_line].isascii()):
            return False
    return True


# Findings


def diagnostic(finding: Finding, client: Client, texts: Texts) -> wire.Diagnostic:
    """Return a finding as the editor is shown it, with what the editor can show."""
    encoding = client.encoding
    message = finding.message
    evidence: list[wire.RelatedInformation] = []
    if client.shows_evidence:
        evidence = list(_evidence(finding, client, texts))
    else:
        message = "\n".join([message, *_evidence_in_words(finding)])
    data = wire.FindingData(finding.rule, finding.scope, finding.symbol)
    return wire.Diagnostic(
        range_of(finding.span, texts.lines(finding.path), encoding),
        _SEVERITIES[finding.severity],
        message,
        SOURCE,
        code=finding.rule,
        code_description=_page(finding.rule, client),
        related_information=evidence or UNSET,
        data=data if client.keeps_data else UNSET,
        tags=[_UNNECESSARY] if client.fades and _is_unnecessary(finding) else UNSET,
    )


def _page(rule: str, client: Client) -> wire.CodeDescription | UnsetType:
    """Return where a rule is explained, if the editor can open links and there is a page for it."""
    if not client.opens_pages:
        return UNSET
    page = page_uri(rule) if client.reads_pages else web_page(rule)
    return wire.CodeDescription(page) if page else UNSET


def _is_unnecessary(finding: Finding) -> bool:
    """Say whether what a finding points at could as well be away: so it is of comments."""
    rule = rules_by_name().get(finding.rule)
    return rule is not None and rule.over is Over.COMMENT


def _evidence(finding: Finding, client: Client, texts: Texts) -> Iterator[wire.RelatedInformation]:
    for note in finding.notes:
        place = range_of(note.span, texts.lines(note.path), client.encoding)
        yield wire.RelatedInformation(wire.Location(texts.uri(note.path), place), note.message)


def _evidence_in_words(finding: Finding) -> Iterator[str]:
    for note in finding.notes:
        where = "" if note.path == finding.path else f"{Path(note.path).name}, "
        yield f"{where}line {note.span.line + 1}: {note.message}"


def notice(line: int, message: str) -> wire.Diagnostic:
    """Return a message about the analysis of a document itself."""
    start = wire.Position(line, 0)
    severity = _SEVERITIES[Severity.INFORMATION]
    return wire.Diagnostic(wire.Range(start, start), severity, message, SOURCE)


def fault(message: str, span: Span, lines: Sequence[str], encoding: Encoding) -> wire.Diagnostic:
    """Return what is wrong with a file of configuration."""
    severity = _SEVERITIES[Severity.WARNING]
    return wire.Diagnostic(range_of(span, lines, encoding), severity, message, SOURCE)


# Edits


def workspace_edit(
    fix: Fix, client: Client, texts: Texts, *, of_many: bool = False
) -> wire.WorkspaceEdit:
    """Return the edits of a fix, of any files, open or not, in the form that the client knows.

    Where the client can, it has the user confirm an unsafe fix; then as a whole, not line by line.

    Args:
        fix: what is to be changed.
        client: who is to change it.
        texts: the files before.
        of_many: it does what several fixes do, each of which may be confirmed by itself.
    """
    unsafe = fix.safety is Safety.UNSAFE and client.confirms_edits
    mark = _ANNOTATION if unsafe else UNSET
    edits: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        edits.setdefault(edit.path, []).append(edit)
    by_path: dict[str, list[wire.TextEdit]] = {}
    for path, rows in edits.items():
        lines = texts.lines(path)
        by_path[path] = [
            wire.TextEdit(range_of(edit.span, lines, client.encoding), edit.text, mark)
            for edit in (hunks(rows, lines, of_many=of_many) if unsafe else rows)
        ]
    if not client.versioned_edits:
        return wire.WorkspaceEdit({texts.uri(path): rows for path, rows in by_path.items()})
    annotation = wire.ChangeAnnotation(
        fix.title, needs_confirmation=True, description="It may change what the code does."
    )
    return wire.WorkspaceEdit(
        document_changes=[
            wire.TextDocumentEdit(
                wire.VersionedIdentifier(texts.uri(path), texts.version(path)), changes
            )
            for path, changes in by_path.items()
        ],
        change_annotations={_ANNOTATION: annotation} if unsafe else UNSET,
    )
