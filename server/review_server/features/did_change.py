"""``textDocument/didChange``: a key was pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.DidChange) -> None:
    """Apply the edits."""
    ls.session.change(params)
