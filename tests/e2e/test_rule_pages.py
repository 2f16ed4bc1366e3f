"""Pages of rules that the editor shows without the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from e2e.clients import NEOVIM, VSCODE, Capabilities
from e2e.editor import Editor, connected, until
from e2e.samples import RULE
from review_server import links

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio


async def show(editor: Editor, name: str) -> dict[str, str]:
    found = await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams("review.showRule", [name])
    )
    assert isinstance(found, dict)
    return found


async def test_the_link_of_a_finding_leads_to_a_page_of_the_server(project: Path) -> None:
    async with connected(VSCODE, project) as editor:
        options = await until(lambda: editor.registered.get(types.WORKSPACE_TEXT_DOCUMENT_CONTENT))
        assert options == {"schemes": ["review-rule"]}
        uri = editor.open(project / "pool.py")
        (found,) = await editor.diagnostics(uri)
        assert found.code_description is not None
        content = await editor.client.workspace_text_document_content_async(
            types.TextDocumentContentParams(found.code_description.href)
        )
        assert content.text.startswith(f"# {RULE}\n")
        assert "## Why it matters" in content.text
        with pytest.raises(Exception, match="no page"):
            await editor.client.workspace_text_document_content_async(
                types.TextDocumentContentParams("review-rule:/1/none.md")
            )


@pytest.mark.parametrize("capabilities", [VSCODE, NEOVIM])
async def test_a_command_yields_the_page(capabilities: Capabilities, project: Path) -> None:
    async with connected(capabilities, project) as editor:
        page = await show(editor, "leaked-resource")
        assert page["text"].startswith("# leaked-resource\n")
        assert links.rule_of(page["uri"]) == "leaked-resource"
        if capabilities is VSCODE:
            (shown,) = await until(lambda: editor.client.shown_documents)
            assert shown.uri == page["uri"]
        else:
            assert not editor.client.shown_documents
        with pytest.raises(Exception, match="name of a rule"):
            await show(editor, "no-such-rule")


async def test_without_a_page_there_is_no_link(project: Path) -> None:
    text = {
        **VSCODE["textDocument"],
        "publishDiagnostics": {"codeDescriptionSupport": True},
    }
    workspace = {
        key: row for key, row in VSCODE["workspace"].items() if key != "textDocumentContent"
    }
    async with connected(
        {**VSCODE, "workspace": workspace, "textDocument": text}, project
    ) as editor:
        (found,) = await editor.diagnostics(editor.open(project / "pool.py"))
        assert found.code_description is None
        assert types.WORKSPACE_TEXT_DOCUMENT_CONTENT not in editor.registered
