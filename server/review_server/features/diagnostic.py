"""``textDocument/diagnostic``: the client asks what is to be shown of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(
    ls: ReviewServer, params: wire.PullDiagnostics
) -> wire.FullReport | wire.UnchangedReport:
    """Report all rows, or that nothing changed since the result that the client has."""
    return ls.session.pull(params.text_document.uri, params.previous_result_id)
