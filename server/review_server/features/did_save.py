"""``textDocument/didSave``: a good time to look at the configuration.

Clients that watch files tell of its changes themselves; with the others a save is the only sign
that the user has done something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, _params: wire.OfDocument) -> None:
    """Read the configuration again where nobody watches it."""
    if not ls.session.client.watches_files:
        ls.session.configure()
        ls.session.index.add(*ls.session.projects.all())
