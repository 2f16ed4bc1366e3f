"""The page of a rule where it is spoken of, and nothing anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from e2e.clients import EGLOT, NEOVIM, VSCODE, Capabilities
from e2e.editor import Editor, connected
from e2e.samples import POOL, RULE, STRAY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

COMMENT = f"{STRAY}  # review: ignore[{RULE}, leaked-resource] Ünïcode 😀"


async def hover(editor: Editor, uri: str, text: str) -> types.Hover | None:
    """Hover over the first character of a text."""
    start = editor.texts[uri].index(text)
    return await editor.client.text_document_hover_async(
        types.HoverParams(
            types.TextDocumentIdentifier(uri), editor.position(editor.texts[uri], start)
        )
    )


def text_of(found: types.Hover | None) -> str:
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    return found.contents.value


@pytest.mark.parametrize(
    ("capabilities", "kind"), [(VSCODE, "markdown"), (NEOVIM, "markdown"), (EGLOT, "plaintext")]
)
async def test_on_a_finding(capabilities: Capabilities, kind: str, project: Path) -> None:
    async with connected(capabilities, project) as editor:
        uri = editor.open(project / "pool.py")
        found = await hover(editor, uri, STRAY)
        assert text_of(found).startswith(f"# {RULE}\n")
        assert found is not None
        assert found.range is not None
        assert editor.slice(uri, found.range) == STRAY
        assert isinstance(found.contents, types.MarkupContent)
        assert found.contents.kind == kind
        for elsewhere in ("import threading", "self._slots", "def forget", "class Pool"):
            assert await hover(editor, uri, elsewhere) is None


async def test_on_a_comment(project: Path) -> None:
    async with connected(VSCODE, project) as editor:
        uri = editor.open(project / "pool.py", POOL.replace(STRAY, COMMENT))
        named = await hover(editor, uri, "leaked-resource")
        assert text_of(named).startswith("# leaked-resource\n")
        assert named is not None
        assert named.range is not None
        assert editor.slice(uri, named.range) == "leaked-resource"
        both = text_of(await hover(editor, uri, "# review"))
        assert f"# {RULE}\n" in both
        assert "# leaked-resource\n" in both
        assert await hover(editor, uri, STRAY) is None, "a silenced finding is none"
        other = editor.open("untitled:x", "x = 1  # a review: ignore nothing\n")
        assert await hover(editor, other, "# a") is None
