"""``workspace/didChangeConfiguration``: the user's settings changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer

SECTION = "review-lsp"


def handle(ls: ReviewServer, params: wire.DidChangeConfiguration) -> None:
    """Use the settings that came along, or ask for them where the client wants to be asked."""
    if ls.session.client.has_configuration:
        ask(ls)
    else:
        use(ls, params.settings)


def ask(ls: ReviewServer) -> None:
    """Ask the client for the user's settings."""
    item = types.ConfigurationItem(section=SECTION)
    ls.ask(
        types.WORKSPACE_CONFIGURATION,
        types.ConfigurationParams([item]),
        lambda answer: use(ls, answer[0] if answer else None),
    )


def use(ls: ReviewServer, settings: object) -> None:
    """Put settings over those of ``initialize``."""
    ls.session.configure({**ls.settings, **options_in(settings)})


def options_in(settings: object) -> dict[str, Any]:
    """Return our options among settings, which may be wrapped in our name; unset ones are not."""
    if isinstance(settings, dict) and SECTION in settings:
        settings = settings[SECTION]
    if not isinstance(settings, dict):
        return {}
    return {str(key): value for key, value in settings.items() if value is not None}
