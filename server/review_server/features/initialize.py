"""``initialize``: what the client can do decides what it is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from review_server.actions.request import KINDS
from review_server.client import Client
from review_server.editor_settings import EditorSettings
from review_server.features import code_action, code_action_resolve, diagnostic
from review_server.session import Session
from review_server.transport import watch_process
from review_server.workspace import Projects

if TYPE_CHECKING:
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: types.InitializeParams) -> None:
    """Begin the session; pygls answers the request with the features that are there then."""
    encoding = ls.workspace.position_encoding or types.PositionEncodingKind.Utf16
    client = Client.of(params.capabilities, encoding)
    ls.settings = EditorSettings(params.initialization_options)
    ls.begin(Session(client, Projects(_folders(params), ls.settings), ls, ls.schedule))
    if client.takes_actions:
        options = types.CodeActionOptions(KINDS, resolve_provider=client.resolves_edits)
        ls.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_action.handle)
        if client.resolves_edits:
            ls.feature(types.CODE_ACTION_RESOLVE)(code_action_resolve.handle)
    if client.pulls:
        ls.feature(
            types.TEXT_DOCUMENT_DIAGNOSTIC,
            types.DiagnosticOptions(
                inter_file_dependencies=True, workspace_diagnostics=False, identifier="review"
            ),
        )(diagnostic.handle)
    if params.process_id is not None:
        watch_process(params.process_id, ls.stop)


def _folders(params: types.InitializeParams) -> list[str]:
    if params.workspace_folders is not None:
        return [folder.uri for folder in params.workspace_folders]
    return [params.root_uri] if params.root_uri else []
