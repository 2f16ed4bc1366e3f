"""``textDocument/codeAction``: what can be done about the findings at a place.

The list says which fixes there are without computing them. The edits are computed when the user
has chosen, by ``codeAction/resolve``, or at once for a client that cannot ask for them then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types
from msgspec import UNSET, Raw

from review_checks.engine.discovery import rules_by_name
from review_checks.model import Refusal, Safety
from review_server import convert, wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.model import Finding, Fix, Span
    from review_server.documents import OpenDocument
    from review_server.host import ReviewServer
    from review_server.session import Session

KIND = types.CodeActionKind.QuickFix.value
FIX = "fix"
IGNORE = "ignore"


def handle(ls: ReviewServer, params: wire.CodeActionParams) -> list[wire.CodeAction]:
    """Return the actions for the findings that touch the range, fixes first."""
    session = ls.session
    document = session.document(params.text_document.uri)
    if document is None or not _is_wanted(params.context.only):
        return []
    place = convert.span_of(params.range, document.lines, session.client.encoding)
    found = session.reporter.find(document).findings
    findings = [finding for finding in found if _touch(finding.span, place)]
    listing = _Listing(session, document, params.context)
    return [*listing.fixes(findings), *listing.comments(findings)]


def compute(document: OpenDocument, finding: Finding, what: str) -> Fix | Refusal:
    """Return the edits of an action, or why there are none."""
    analysis = document.project.analysis
    return analysis.fix(finding) if what == FIX else analysis.suppress(finding)


def _is_wanted(only: Sequence[str] | None) -> bool:
    return only is None or any(
        not kind or kind == KIND or KIND.startswith(f"{kind}.") for kind in only
    )


def _touch(one: Span, other: Span) -> bool:
    return (one.line, one.column) <= (other.end_line, other.end_column) and (
        other.line,
        other.column,
    ) <= (one.end_line, one.end_column)


class _Listing:
    """Makes the entries of one answer."""

    def __init__(
        self, session: Session, document: OpenDocument, context: wire.CodeActionContext
    ) -> None:
        self._session = session
        self._client = session.client
        self._document = document
        self._context = context

    def fixes(self, findings: Sequence[Finding]) -> Iterator[wire.CodeAction]:
        """Return the fixes; one that is safe and has no rival is preferred."""
        safe = [finding for finding in findings if finding.fix is Safety.SAFE]
        for finding in findings:
            title = finding.title or rules_by_name()[finding.rule].title
            if finding.fix is not None:
                yield from self._entry(finding, FIX, title, preferred=safe == [finding])
            elif finding.refusal:
                yield from self._disabled(finding, title, finding.refusal)

    def comments(self, findings: Sequence[Finding]) -> Iterator[wire.CodeAction]:
        """Return the actions that silence the findings by a comment."""
        for finding in findings:
            yield from self._entry(finding, IGNORE, f"Ignore `{finding.rule}` here")

    def _entry(
        self, finding: Finding, what: str, title: str, *, preferred: bool = False
    ) -> Iterator[wire.CodeAction]:
        obvious = True if preferred and self._client.prefers_actions else UNSET
        action = wire.CodeAction(title, KIND, self._diagnostics(finding), obvious)
        if self._client.resolves_edits:
            uri = self._document.uri
            symbol, line = finding.symbol, finding.span.line
            data = wire.ActionData(what, uri, finding.rule, finding.scope, symbol, line)
            yield msgspec.structs.replace(action, data=data)
            return
        result = compute(self._document, finding, what)
        if isinstance(result, Refusal):
            yield from self._disabled(finding, title, result.reason)
            return
        view = self._session.reporter.view(self._document)
        edit = convert.workspace_edit(result.edits, self._client, view)
        yield msgspec.structs.replace(action, edit=edit)

    def _disabled(self, finding: Finding, title: str, reason: str) -> Iterator[wire.CodeAction]:
        if self._client.shows_disabled:
            diagnostics = self._diagnostics(finding)
            yield wire.CodeAction(title, KIND, diagnostics, disabled=wire.Disabled(reason))

    def _diagnostics(self, finding: Finding) -> list[Raw]:
        """Return the diagnostic of a finding as the client sent it, or else as it would get it."""
        place = convert.range_of(finding.span, self._document.lines, self._client.encoding)
        shown = msgspec.to_builtins(place)
        for given in self._context.diagnostics:
            if given.get("code") == finding.rule and given.get("range") == shown:
                return [Raw(wire.encode(given))]
        return [Raw(self._session.reporter.row(self._document, finding))]
