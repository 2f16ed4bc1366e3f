"""``initialize``: what the client can do decides what it is offered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from review_server.actions.request import KINDS
from review_server.client import Client
from review_server.configuration import configuration
from review_server.editor_settings import EditorSettings
from review_server.features import (
    code_action,
    code_action_resolve,
    execute_command,
    text_document_content,
)
from review_server.offering import Offer
from review_server.project import find_root
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
    info = params.client_info
    ls.client_name = f"{info.name} {info.version or ''}".strip() if info is not None else ""
    _report_status(ls)
    for name, command in execute_command.COMMANDS.items():
        ls.command(name)(command)
    if client.reads_pages:
        ls.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)(text_document_content.handle)
    if client.takes_actions:
        options = types.CodeActionOptions(KINDS, resolve_provider=client.resolves_edits)
        ls.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_action.handle)
        if client.resolves_edits:
            ls.feature(types.CODE_ACTION_RESOLVE)(code_action_resolve.handle)
    if client.pulls:
        offer = Offer(ls, has_all_files=_wants_all_files(ls))
        offer.make()
        ls.session.when_options_change(offer.look)
    if params.process_id is not None:
        watch_process(params.process_id, ls.stop)


def _wants_all_files(ls: ReviewServer) -> bool:
    """Say whether the user wants the findings of files that are not open, in any folder."""
    roots = [find_root(Path(path)) for path, _ in ls.session.projects.folders]
    return any(
        configuration(root, ls.settings.layers(root)).options.workspace_diagnostics
        for root in roots
    )


def _report_status(ls: ReviewServer) -> None:
    """Have what goes wrong become part of the status, of which the client is told later."""
    session = ls.session
    session.index.listen(ls.status.index_changed)
    session.reporter.on_trouble = ls.status.trouble


def _folders(params: types.InitializeParams) -> list[str]:
    if params.workspace_folders is not None:
        return [folder.uri for folder in params.workspace_folders]
    return [params.root_uri] if params.root_uri else []
