"""The features that are offered to every client; ``initialize`` adds those that depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from review_server import wire, wire_notebooks
from review_server.features import (
    did_change,
    did_change_configuration,
    did_change_watched_files,
    did_change_workspace_folders,
    did_close,
    did_open,
    did_save,
    execute_command,
    hover,
    initialize,
    initialized,
    notebook,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FEATURES: dict[str, Callable[[Any, Any], Any]] = {
    types.INITIALIZE: initialize.handle,
    types.INITIALIZED: initialized.handle,
    types.TEXT_DOCUMENT_DID_OPEN: did_open.handle,
    types.TEXT_DOCUMENT_DID_CHANGE: did_change.handle,
    types.TEXT_DOCUMENT_DID_SAVE: did_save.handle,
    types.TEXT_DOCUMENT_DID_CLOSE: did_close.handle,
    types.NOTEBOOK_DOCUMENT_DID_OPEN: notebook.did_open,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: notebook.did_change,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: notebook.did_close,
    types.TEXT_DOCUMENT_HOVER: hover.handle,
    types.WORKSPACE_EXECUTE_COMMAND: execute_command.handle,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: did_change_configuration.handle,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: did_change_watched_files.handle,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: did_change_workspace_folders.handle,
}
"""Method → what is done."""

WIRED: dict[str, type] = {
    types.TEXT_DOCUMENT_DID_OPEN: wire.DidOpen,
    types.TEXT_DOCUMENT_DID_CHANGE: wire.DidChange,
    types.TEXT_DOCUMENT_DID_SAVE: wire.OfDocument,
    types.TEXT_DOCUMENT_DID_CLOSE: wire.OfDocument,
    types.TEXT_DOCUMENT_DIAGNOSTIC: wire.PullDiagnostics,
    types.TEXT_DOCUMENT_CODE_ACTION: wire.CodeActionParams,
    types.CODE_ACTION_RESOLVE: wire.CodeAction,
    types.NOTEBOOK_DOCUMENT_DID_OPEN: wire_notebooks.DidOpenNotebook,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: wire_notebooks.DidChangeNotebook,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: wire_notebooks.DidCloseNotebook,
    types.TEXT_DOCUMENT_HOVER: wire.HoverParams,
    types.WORKSPACE_EXECUTE_COMMAND: wire.ExecuteCommandParams,
    types.WORKSPACE_TEXT_DOCUMENT_CONTENT: wire.Identifier,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: wire.DidChangeWatchedFiles,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: wire.DidChangeConfiguration,
}
