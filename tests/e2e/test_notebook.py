"""Notebooks: cells are one module, each shows its own findings, and fixes land in their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from e2e.clients import EGLOT, VSCODE, Capabilities
from e2e.editor import Editor, connected
from e2e.samples import RULE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

SYNC = {"notebookDocument": {"synchronization": {"dynamicRegistration": True}}}
IMPORTS = "%matplotlib inline\nimport threading\nfiles = !ls\n"
STATE = "LOCK = threading.Lock()\nITEMS = {}"
USERS = """\
def put(key, value):
    with LOCK:
        ITEMS[key] = value


def take(key):
    with LOCK:
        return ITEMS.pop(key)
"""
CLEAR = "\ndef clear():\n    ITEMS.clear()"
SHELL = "%%bash\nif [ -f x ]; then echo 'unclosed\nfi\n"


def with_notebooks(capabilities: Capabilities) -> Capabilities:
    return {**capabilities, **SYNC}


class Book:
    """A notebook in an editor."""

    def __init__(self, editor: Editor, path: Path) -> None:
        self.editor = editor
        self.uri = path.as_uri()
        self.version = 1

    def cell(self, number: int) -> str:
        return f"vscode-notebook-cell:{self.uri.removeprefix('file:')}#C{number}"

    def _item(self, number: int, text: str, language: str) -> types.TextDocumentItem:
        uri = self.cell(number)
        self.editor.texts[uri], self.editor.versions[uri] = text, 1
        return types.TextDocumentItem(uri, language, 1, text)

    def open(self, *texts: str) -> None:
        kinds = [types.NotebookCellKind.Code] * len(texts)
        self.editor.client.notebook_document_did_open(
            types.DidOpenNotebookDocumentParams(
                types.NotebookDocument(
                    self.uri,
                    "jupyter-notebook",
                    1,
                    [
                        types.NotebookCell(types.NotebookCellKind.Markup, "markup:1"),
                        *(types.NotebookCell(kind, self.cell(at)) for at, kind in enumerate(kinds)),
                    ],
                ),
                [
                    types.TextDocumentItem("markup:1", "markdown", 1, "# Title"),
                    *(self._item(at, text, "python") for at, text in enumerate(texts)),
                ],
            )
        )

    def change(self, change: types.NotebookDocumentCellChanges) -> None:
        self.version += 1
        self.editor.client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                types.VersionedNotebookDocumentIdentifier(self.version, self.uri),
                types.NotebookDocumentChangeEvent(cells=change),
            )
        )

    def replace(self, number: int, old: str, new: str) -> None:
        uri = self.cell(number)
        start = self.editor.texts[uri].index(old)
        edit = self.editor._change(uri, start, start + len(old), new)
        self.editor.versions[uri] += 1
        identifier = types.VersionedTextDocumentIdentifier(self.editor.versions[uri], uri)
        self.change(
            types.NotebookDocumentCellChanges(
                text_content=[types.NotebookDocumentCellContentChanges(identifier, [edit])]
            )
        )

    def insert(self, at: int, number: int, text: str) -> None:
        array = types.NotebookCellArrayChange(
            at, 0, [types.NotebookCell(types.NotebookCellKind.Code, self.cell(number))]
        )
        opened = [self._item(number, text, "python")]
        self.change(
            types.NotebookDocumentCellChanges(
                structure=types.NotebookDocumentCellChangeStructure(array, opened)
            )
        )

    def remove(self, at: int, number: int) -> None:
        array = types.NotebookCellArrayChange(at, 1)
        closed = [types.TextDocumentIdentifier(self.cell(number))]
        self.change(
            types.NotebookDocumentCellChanges(
                structure=types.NotebookDocumentCellChangeStructure(array, did_close=closed)
            )
        )

    async def codes(self, number: int) -> list[object]:
        return [row.code for row in await self.editor.diagnostics(self.cell(number))]


@pytest.mark.parametrize("capabilities", [VSCODE, EGLOT])
async def test_cells_know_of_each_other(capabilities: Capabilities, project: Path) -> None:
    async with connected(with_notebooks(capabilities), project) as editor:
        assert editor.offered.notebook_document_sync is not None
        book = Book(editor, project / "trial.ipynb")
        book.open(IMPORTS, STATE, USERS, SHELL, CLEAR)
        assert [await book.codes(number) for number in range(5)] == [[], [], [], [], [RULE]]
        (found,) = await _again(book, 4)
        assert editor.slice(book.cell(4), found.range) == "ITEMS.clear()"
        evidence = found.related_information
        if evidence:
            shown = {editor.slice(row.location.uri, row.location.range) for row in evidence}
            assert "ITEMS[key]" in shown
            assert {row.location.uri for row in evidence} <= {book.cell(1), book.cell(2)}


async def _again(book: Book, number: int) -> list[types.Diagnostic]:
    """Return the diagnostics of a cell, which pushing clients get only after a change."""
    if not book.editor.pulls:
        book.replace(number, "def clear", "def clear")
    return await book.editor.diagnostics(book.cell(number))


async def test_a_fix_and_a_comment_land_in_the_cell(project: Path) -> None:
    async with connected(with_notebooks(VSCODE), project) as editor:
        book = Book(editor, project / "trial.ipynb")
        book.open(IMPORTS, STATE, USERS, CLEAR)
        uri = book.cell(3)
        (found,) = await editor.diagnostics(uri)
        fix, ignore, *_ = await editor.actions(uri, found)
        resolved = await editor.client.code_action_resolve_async(fix)
        assert resolved.edit is not None
        (change,) = resolved.edit.document_changes or ()
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.uri == uri
        assert [(row.range.start.line, row.new_text) for row in change.edits] == [
            (2, "    with LOCK:\n    ")
        ]
        resolved = await editor.client.code_action_resolve_async(ignore)
        assert resolved.edit is not None
        (change,) = resolved.edit.document_changes or ()
        assert isinstance(change, types.TextDocumentEdit)
        (edit,) = change.edits
        assert edit.new_text == f"  # review: ignore[{RULE}]"
        assert edit.range.start == types.Position(2, len("    ITEMS.clear()"))


async def test_what_is_measured_is_reviewed(project: Path) -> None:
    async with connected(with_notebooks(VSCODE), project) as editor:
        book = Book(editor, project / "trial.ipynb")
        measured, unknown = f"%%capture out\n%%time\n{CLEAR}", f"%%of_somebody\n{CLEAR}"
        book.open(IMPORTS, f"%%time\n{STATE}", USERS, measured, unknown)
        assert [await book.codes(number) for number in range(5)] == [[], [], [], [RULE], []]
        (found,) = await editor.diagnostics(book.cell(3))
        assert editor.slice(book.cell(3), found.range) == "ITEMS.clear()"
        fix, *_ = await editor.actions(book.cell(3), found)
        await editor.apply(fix)
        assert editor.texts[book.cell(3)].startswith("%%capture out\n%%time\n\ndef clear")


async def test_cells_change_come_and_go(project: Path) -> None:
    async with connected(with_notebooks(VSCODE), project) as editor:
        book = Book(editor, project / "trial.ipynb")
        book.open(IMPORTS, STATE, USERS, CLEAR)
        assert await book.codes(3) == [RULE]
        book.replace(1, "LOCK = threading.Lock()", "LOCK = threading.Semaphore(4)")
        assert await book.codes(3) == []
        book.replace(1, "Semaphore(4)", "Lock()")
        book.insert(1, 9, "x = '😀'\n\n\n")
        (found,) = await editor.diagnostics(book.cell(3))
        assert editor.slice(book.cell(3), found.range) == "ITEMS.clear()"
        book.remove(4, 2)
        assert await book.codes(3) == []
        assert await book.codes(2) == []


async def test_the_configuration_counts_for_notebooks(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.review-lsp]\nexclude = ['*.ipynb']\n")
    async with connected(with_notebooks(VSCODE), project) as editor:
        book = Book(editor, project / "trial.ipynb")
        book.open(IMPORTS, STATE, USERS, CLEAR)
        assert await book.codes(3) == []


async def test_a_notebook_follows_the_configuration_that_is_nearest(project: Path) -> None:
    nearer = project / "inner" / "review-lsp.toml"
    nearer.parent.mkdir()
    async with connected(with_notebooks(VSCODE), project) as editor:
        book = Book(editor, nearer.parent / "trial.ipynb")
        book.open(IMPORTS, STATE, USERS, CLEAR)
        assert await book.codes(3) == [RULE]
        event = types.FileEvent(nearer.as_uri(), types.FileChangeType.Created)
        for text, codes in ((f"ignore = ['{RULE}']\n", []), ("profile = 'strict'\n", [RULE])):
            nearer.write_text(text)
            editor.client.workspace_did_change_watched_files(
                types.DidChangeWatchedFilesParams([event])
            )
            assert await book.codes(3) == codes
