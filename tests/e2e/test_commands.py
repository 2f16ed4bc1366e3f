"""What users can ask of the server besides the analysis."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from e2e.clients import CLIENTS, VSCODE
from e2e.editor import Editor, connected
from e2e.samples import POOL, RULE
from review_checks.options import option_types

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio


async def run(editor: Editor, command: str, *arguments: object) -> Any:
    return await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command, list(arguments))
    )


@pytest.mark.parametrize("name", CLIENTS)
async def test_commands_are_offered(name: str, project: Path) -> None:
    async with connected(CLIENTS[name], project) as editor:
        provider = editor.offered.execute_command_provider
        assert provider is not None
        assert set(provider.commands) == {
            "review.restartIndex",
            "review.showConfiguration",
            "review.debugInformation",
            "review.ruleTimings",
            "review.showRule",
        }
        with pytest.raises(Exception, match="no command"):
            await run(editor, "review.unheardOf")


async def test_the_configuration_with_its_origins(project: Path) -> None:
    path = project / "review-lsp.toml"
    path.write_text("ignore = ['errors']\nselect = ['nothing']\n")
    async with connected(VSCODE, project, options={"profile": "strict"}) as editor:
        uri = editor.open(project / "pool.py")
        (shown,) = await run(editor, "review.showConfiguration", uri)
        assert shown["project"] == str(project)
        assert shown["file"] == str(path)
        assert set(shown["options"]) == set(option_types())
        assert shown["options"]["ignore"] == {"value": ["errors"], "origin": str(path)}
        assert shown["options"]["profile"] == {"value": "strict", "origin": "editor: start"}
        assert shown["options"]["exclude"]["origin"] == "default"
        assert ["nothing" in fault["message"] for fault in shown["faults"]] == [True]
        assert await run(editor, "review.showConfiguration") == [shown]


async def test_debug_information_holds_no_code(project: Path) -> None:
    async with connected(VSCODE, project) as editor:
        editor.open(project / "pool.py")
        shown = await run(editor, "review.debugInformation")
        assert shown["channel"] == "pull"
        assert shown["documents"] == 1
        assert shown["projects"][0]["root"] == str(project)
        assert shown["status"]["state"] in ("idle", "indexing")
        assert shown["packages"]["pygls"]
        assert "_active" not in json.dumps(shown)


async def test_how_long_each_rule_takes(project: Path) -> None:
    async with connected(VSCODE, project) as editor:
        uri = editor.open(project / "pool.py")
        rows = await run(editor, "review.ruleTimings", uri)
        times = [row["milliseconds"] for row in rows]
        assert times == sorted(times, reverse=True)
        by_rule = {row["rule"]: row for row in rows}
        assert by_rule[RULE]["reports"] == 1
        assert by_rule[RULE]["calls"] >= 1
        with pytest.raises(Exception, match="open document"):
            await run(editor, "review.ruleTimings", "untitled:none")


async def test_the_index_starts_over(project: Path) -> None:
    async with connected(VSCODE, project) as editor:
        assert await run(editor, "review.restartIndex") is None
        uri = editor.open(project / "pool.py", POOL)
        assert len(await editor.diagnostics(uri)) == 1
