"""``workspace/didChangeConfiguration``: the user's settings changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from review_server.editor_settings import SECTION

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.DidChangeConfiguration) -> None:
    """Use the settings that came along, or ask for them where the client wants to be asked."""
    if ls.session.client.has_configuration:
        ask(ls)
    else:
        ls.settings.use(params.settings)
        ls.session.configure(ls.settings)


def ask(ls: ReviewServer) -> None:
    """Ask the client for the user's settings, in general and for each folder."""
    folders = list(ls.session.projects.folders)
    items = [types.ConfigurationItem(section=SECTION)]
    items += [types.ConfigurationItem(scope_uri=uri, section=SECTION) for _, uri in folders]

    def use(answer: list[object] | None) -> None:
        rows = [*(answer or ()), *[None] * len(items)]
        paths = [path for path, _ in folders]
        ls.settings.use(rows[0], dict(zip(paths, rows[1:], strict=False)))
        ls.session.configure(ls.settings)
        ls.session.settling.end()

    params = types.ConfigurationParams(items)
    ls.ask(types.WORKSPACE_CONFIGURATION, params, use, ls.session.settling.end)
