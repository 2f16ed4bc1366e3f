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

HERE, IN_FILE = "ignore", "ignore-file"


def entries(request: Request) -> Iterator[Entry]:
    """Yield for each finding at a place what silences it, and its rule in the whole file."""
    if request.wants(QUICK_FIX):
        for finding in request.findings:
            title = f"Ignore `{finding.rule}` here"
            action = wire.CodeAction(title, QUICK_FIX, request.diagnostics_of(finding))
            yield Entry(action, request.data_of(finding, HERE))
        for finding in {finding.rule: finding for finding in request.findings}.values():
            title = f"Ignore `{finding.rule}` in this file"
            action = wire.CodeAction(title, QUICK_FIX, request.diagnostics_of(finding))
            yield Entry(action, request.data_of(finding, IN_FILE))


def compute(
    session: Session, document: OpenDocument, data: wire.ActionData
) -> Fix | Refusal | None:
    """Return the edit that silences a finding; None when it is gone."""
    finding = find_again(session, document, data)
    return document.project.analysis.suppress(finding) if finding is not None else None


def compute_in_file(
    session: Session, document: OpenDocument, data: wire.ActionData
) -> Fix | Refusal | None:
    """Return the edit that silences the rule of a finding in its file; None when it is gone."""
    finding = find_again(session, document, data)
    if finding is None:
        return None
    return document.project.analysis.suppress_in_file(finding)
