"""The fixes of findings: of one, of all of a rule in the file, and of all that are safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from review_checks.engine.discovery import rules_by_name
from review_checks.model import Fix, Refusal, Safety
from review_server import wire
from review_server.actions.request import FIX_ALL, QUICK_FIX, Entry, Request, find_again

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from review_checks.model import Finding
    from review_server.documents import OpenDocument
    from review_server.session import Session

ONE, OF_RULE, SAFE_ONES = "fix", "fix-rule", "fix-all"
_ANY = frozenset(Safety)
_SAFE_TITLE = "Apply all safe fixes"


def entries(request: Request) -> Iterator[Entry]:
    """Yield the fixes of the findings at a place; one that is safe and has no rival is preferred."""
    if not request.wants(QUICK_FIX):
        return
    tried = dict(request.tried)
    refusals = {
        finding: found.reason for finding, found in tried.items() if isinstance(found, Refusal)
    }
    safe = [
        finding
        for finding in request.findings
        if finding.fix is Safety.SAFE and finding not in refusals
    ]
    obvious = safe[0] if len(safe) == 1 and request.session.client.prefers_actions else None
    for finding in request.findings:
        reason = refusals.get(finding, finding.refusal)
        if finding.fix is not None or reason:
            found = tried.get(finding)
            title = found.title if isinstance(found, Fix) else finding.title
            action = wire.CodeAction(
                title or rules_by_name()[finding.rule].title,
                QUICK_FIX,
                request.diagnostics_of(finding),
                True if finding is obvious else UNSET,
                wire.Disabled(reason) if reason else UNSET,
            )
            yield Entry(action, request.data_of(finding, ONE))


def entries_for_file(request: Request) -> Iterator[Entry]:
    """Yield what mends many findings of the file at once."""
    safe = any(finding.fix is Safety.SAFE for finding in request.everything)
    if safe and request.asks_for(FIX_ALL):
        action = wire.CodeAction(_SAFE_TITLE, FIX_ALL)
        yield Entry(action, wire.ActionData(SAFE_ONES, request.document.uri))
    # Computed for every move of the cursor it would be too much.
    if request.wants(QUICK_FIX) and (
        request.session.client.resolves_edits or not request.is_automatic
    ):
        rules = dict.fromkeys(one.rule for one in request.findings if one.fix is not None)
        for rule in rules:
            if sum(row.rule == rule and row.fix is not None for row in request.everything) > 1:
                action = wire.CodeAction(_title(rule), QUICK_FIX)
                yield Entry(action, wire.ActionData(OF_RULE, request.document.uri, rule))


def _title(rule: str) -> str:
    return f"Fix all `{rule}` in this file"


def compute(
    session: Session, document: OpenDocument, data: wire.ActionData
) -> Fix | Refusal | None:
    """Return the fix of a finding; None when it is gone."""
    finding = find_again(session, document, data)
    return document.project.analysis.fix(finding) if finding is not None else None


def compute_of_rule(
    session: Session, document: OpenDocument, data: wire.ActionData
) -> Fix | Refusal:
    """Return one change for all fixes of a rule."""
    return _all(session, document, _title(data.rule), _ANY, data.rule)


def compute_safe_ones(session: Session, document: OpenDocument, _: wire.ActionData) -> Fix:
    """Return one change for all safe fixes; where none can be made, it changes nothing.

    Editors ask for it on their own when they save, and would show a refusal each time.
    """
    found = _all(session, document, _SAFE_TITLE, {Safety.SAFE})
    return Fix(_SAFE_TITLE, Safety.SAFE, ()) if isinstance(found, Refusal) else found


def _all(
    session: Session,
    document: OpenDocument,
    title: str,
    allowed: Collection[Safety],
    rule: str = "",
) -> Fix | Refusal:
    def is_wanted(finding: Finding) -> bool:
        return rule in ("", finding.rule) and session.reporter.is_reported(document, finding)

    if not document.checked or document.is_too_large:
        return Refusal("the file is not checked")
    return document.project.analysis.fix_all(document.path, title, is_wanted, allowed)
