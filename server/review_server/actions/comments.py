"""The actions that silence a finding by a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_server import wire
from review_server.actions.request import QUICK_FIX, Entry, Request, find_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.model import Fix, Refusal
    from review_server.documents import OpenDocument
    from review_server.session import Session

HERE = "ignore"


def entries(request: Request) -> Iterator[Entry]:
    """Yield an action for each finding at a place."""
    if request.wants(QUICK_FIX):
        for finding in request.findings:
            title = f"Ignore `{finding.rule}` here"
            action = wire.CodeAction(title, QUICK_FIX, request.diagnostics_of(finding))
            yield Entry(action, request.data_of(finding, HERE))


def compute(
    session: Session, document: OpenDocument, data: wire.ActionData
) -> Fix | Refusal | None:
    """Return the edit that silences a finding; None when it is gone."""
    finding = find_again(session, document, data)
    return document.project.analysis.suppress(finding) if finding is not None else None
