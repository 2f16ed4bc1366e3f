"""``workspace/didChangeWatchedFiles``: somebody else changed files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_server.convert import path_of

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.DidChangeWatchedFiles) -> None:
    """Look at the files again."""
    ls.session.files_changed([path_of(change.uri) for change in params.changes])
