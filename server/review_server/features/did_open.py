"""``textDocument/didOpen``: the text of a document is the editor's from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.DidOpen) -> None:
    """Take the document."""
    ls.session.open(params.text_document)
