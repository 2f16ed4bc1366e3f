"""``notebookDocument/…``: notebooks that come, change and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from review_server import wire_notebooks
    from review_server.host import ReviewServer

SYNC = types.NotebookDocumentSyncOptions(
    [
        types.NotebookDocumentFilterWithCells(
            cells=[types.NotebookCellLanguage("python")], notebook="*"
        )
    ]
)
"""Which notebooks are wanted: those with cells of Python."""


def did_open(ls: ReviewServer, params: wire_notebooks.DidOpenNotebook) -> None:
    """Take the notebook."""
    ls.session.notebooks.open(params)


def did_change(ls: ReviewServer, params: wire_notebooks.DidChangeNotebook) -> None:
    """Apply the changes."""
    ls.session.notebooks.change(params)


def did_close(ls: ReviewServer, params: wire_notebooks.DidCloseNotebook) -> None:
    """Let go of the notebook."""
    ls.session.notebooks.close(params.notebook_document.uri)
