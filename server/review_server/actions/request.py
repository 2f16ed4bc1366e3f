"""What the editor asks for: which actions there are at a place, of which kinds, and why it asks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from lsprotocol import types
from msgspec import Raw

from review_checks.model import Safety
from review_server import convert, wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.model import Finding, Fix, Refusal, Span
    from review_server.documents import OpenDocument
    from review_server.session import Session

QUICK_FIX = types.CodeActionKind.QuickFix.value
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.review"
REWRITE = types.CodeActionKind.RefactorRewrite.value
KINDS = (QUICK_FIX, FIX_ALL, REWRITE)
"""The kinds of actions that there are."""
_MOST_TRIED = 4
"""For how many findings at a place it is found out, before they are listed, what their fixes do."""


class Entry(NamedTuple):
    """An action without its edits, and what is needed to compute them."""

    action: wire.CodeAction
    data: wire.ActionData


class Request:
    """One request for actions.

    Attributes:
        session: the session.
        document: the document.
        place: the selection, or the place of the cursor.
        is_manual: the user asked for actions, and not the editor of its own accord.
        is_automatic: the editor asked of its own accord, as it does with every move of the cursor.
    """

    def __init__(
        self, session: Session, document: OpenDocument, params: wire.CodeActionParams
    ) -> None:
        """Read the parameters of a request about a document."""
        self.session = session
        self.document = document
        self.range = params.range
        self.place = convert.span_of(params.range, document.lines, session.client.encoding)
        self._context = params.context
        trigger = params.context.trigger_kind
        self.is_manual = trigger == types.CodeActionTriggerKind.Invoked.value
        self.is_automatic = trigger == types.CodeActionTriggerKind.Automatic.value

    def wants(self, kind: str) -> bool:
        """Say whether actions of a kind may be listed."""
        return self._context.only is None or any(
            _covers(prefix, kind) for prefix in self._context.only
        )

    def asks_for(self, kind: str) -> bool:
        """Say whether actions of a kind are asked for by name."""
        return any(prefix and _covers(prefix, kind) for prefix in self._context.only or ())

    @functools.cached_property
    def everything(self) -> Sequence[Finding]:
        """The findings of the document."""
        return self.session.reporter.find(self.document).findings

    @functools.cached_property
    def findings(self) -> list[Finding]:
        """The findings that touch the place."""
        return [finding for finding in self.everything if _touch(finding.span, self.place)]

    @functools.cached_property
    def tried(self) -> list[tuple[Finding, Fix | Refusal]]:
        """What the fixes of some findings at the place do.

        A user who asks waits for those of the first few. Else it is only the one that would be
        preferred: what is preferred has to work.
        """
        chosen = [finding for finding in self.findings if finding.fix is not None][:_MOST_TRIED]
        if not self.is_manual:
            chosen = [finding for finding in self.findings if finding.fix is Safety.SAFE]
            if len(chosen) > 1 or not self.session.client.prefers_actions:
                return []
        analysis = self.document.project.analysis
        return [(finding, analysis.fix(finding)) for finding in chosen]

    def diagnostics_of(self, finding: Finding) -> list[Raw]:
        """Return the diagnostic of a finding as the client sent it, or else as it would get it."""
        lines, encoding = self.document.lines, self.session.client.encoding
        shown = msgspec.to_builtins(convert.range_of(finding.span, lines, encoding))
        for given in self._context.diagnostics:
            if given.get("code") == finding.rule and given.get("range") == shown:
                return [Raw(wire.encode(given))]
        return [Raw(self.session.reporter.row(self.document, finding))]

    def data_of(self, finding: Finding, what: str) -> wire.ActionData:
        """Return what finds a finding again for an action about it."""
        uri, line = self.document.uri, finding.span.line
        return wire.ActionData(what, uri, finding.rule, finding.scope, finding.symbol, line)


def find_again(session: Session, document: OpenDocument, data: wire.ActionData) -> Finding | None:
    """Return the finding that an action was offered for; the text may have moved since."""
    wanted = (data.rule, data.scope, data.symbol)
    candidates = [
        finding
        for finding in session.reporter.find(document).findings
        if (finding.rule, finding.scope, finding.symbol) == wanted
    ]
    return min(candidates, key=lambda one: abs(one.span.line - data.line), default=None)


def _covers(prefix: str, kind: str) -> bool:
    return not prefix or kind == prefix or kind.startswith(f"{prefix}.")


def _touch(one: Span, other: Span) -> bool:
    return (one.line, one.column) <= (other.end_line, other.end_column) and (
        other.line,
        other.column,
    ) <= (one.end_line, one.end_column)
