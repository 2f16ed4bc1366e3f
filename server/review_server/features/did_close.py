"""``textDocument/didClose``: the text of a document is the disk's again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.OfDocument) -> None:
    """Let go of the document."""
    ls.session.close(params.text_document.uri)
