"""The messages about notebooks, as far as this server looks at them."""

from __future__ import annotations

from review_server.wire import ContentChange, Identifier, TextDocument, Wire


class NotebookCell(Wire, frozen=True):
    """A cell of a notebook; ``kind`` is 1 for markup and 2 for code."""

    kind: int
    document: str


class NotebookDocument(Wire, frozen=True):
    """A notebook that was opened; the texts of its cells come beside it."""

    uri: str
    cells: list[NotebookCell]


class DidOpenNotebook(Wire, frozen=True):
    """Parameters of ``notebookDocument/didOpen``."""

    notebook_document: NotebookDocument
    cell_text_documents: list[TextDocument]


class CellArrayChange(Wire, frozen=True):
    """Which cells of the order go, and which come in their place."""

    start: int
    delete_count: int
    cells: list[NotebookCell] | None = None


class CellStructure(Wire, frozen=True):
    """Which cells there are."""

    array: CellArrayChange
    did_open: tuple[TextDocument, ...] = ()
    did_close: tuple[Identifier, ...] = ()


class CellTextChange(Wire, frozen=True):
    """The edits of one cell."""

    document: Identifier
    changes: list[ContentChange]


class CellChanges(Wire, frozen=True):
    """What changed about the cells."""

    structure: CellStructure | None = None
    text_content: tuple[CellTextChange, ...] = ()


class NotebookChange(Wire, frozen=True):
    """What changed about a notebook."""

    cells: CellChanges | None = None


class DidChangeNotebook(Wire, frozen=True):
    """Parameters of ``notebookDocument/didChange``."""

    notebook_document: Identifier
    change: NotebookChange


class DidCloseNotebook(Wire, frozen=True):
    """Parameters of ``notebookDocument/didClose``."""

    notebook_document: Identifier
