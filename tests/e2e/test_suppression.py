"""Comments that silence: written by actions, faded and removed when they silence nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from e2e.clients import CLIENTS
from e2e.editor import Editor, connected
from e2e.samples import POOL, RULE, STRAY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNUSED, UNKNOWN = "unused-suppression", "unknown-suppression"
HERE, IN_FILE = f"Ignore `{RULE}` here", f"Ignore `{RULE}` in this file"


async def choose(editor: Editor, uri: str, found: types.Diagnostic, title: str) -> None:
    actions = {action.title: action for action in await editor.actions(uri, found)}
    await editor.apply(actions[title])


@pytest.mark.parametrize("name", CLIENTS)
async def test_silenced_here_and_in_the_file(name: str, project: Path) -> None:
    async with connected(CLIENTS[name], project) as editor:
        uri = editor.open(project / "pool.py", f"#!/usr/bin/python3\n# Licence\n{POOL}")
        (found,) = await editor.diagnostics(uri)
        await choose(editor, uri, found, IN_FILE)
        start = f"#!/usr/bin/python3\n# Licence\n# review: ignore-file[{RULE}]\nimport"
        assert editor.texts[uri].startswith(start)
        assert await editor.diagnostics(uri) == []
        editor.replace(uri, (f"ignore-file[{RULE}]", "ignore-file[errors] why"))
        found = next(row for row in await editor.diagnostics(uri) if row.code == RULE)
        await choose(editor, uri, found, IN_FILE)
        assert f"# review: ignore-file[errors, {RULE}] why\n" in editor.texts[uri]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (f"{STRAY}  # noqa: E1", f"{STRAY}  # noqa: E1  # review: ignore[{RULE}]"),
        (f"{STRAY}  # type: ignore", f"{STRAY}  # type: ignore  # review: ignore[{RULE}]"),
        (
            f"{STRAY}  # review: ignore[errors] why  # noqa",
            f"{STRAY}  # review: ignore[errors, {RULE}] why  # noqa",
        ),
        (
            f"# review: ignore[errors] why\n        {STRAY}",
            f"# review: ignore[errors, {RULE}] why\n        {STRAY}",
        ),
        (
            'self._active.pop("""\n# no comment\n""", None)',
            f'self._active.pop("""\n# no comment\n""", None)  # review: ignore[{RULE}]',
        ),
        (
            "self._active \\\n            .pop(name, None)",
            f"self._active \\\n            .pop(name, None)  # review: ignore[{RULE}]",
        ),
    ],
)
async def test_the_comment_joins_what_is_there(
    editor: Editor, project: Path, line: str, after: str
) -> None:
    uri = editor.open(project / "pool.py", POOL.replace(STRAY, line))
    found = next(row for row in await editor.diagnostics(uri) if row.code == RULE)
    await choose(editor, uri, found, HERE)
    assert editor.texts[uri] == POOL.replace(STRAY, after)
    assert RULE not in [row.code for row in await editor.diagnostics(uri)]


@pytest.mark.parametrize("name", CLIENTS)
async def test_what_silences_nothing_is_faded_and_removed(name: str, project: Path) -> None:
    async with connected(CLIENTS[name], project) as editor:
        uri = editor.open(project / "calm.py", "x = 1  # review: ignore[leaked-resource]  # noqa\n")
        (found,) = await editor.diagnostics(uri)
        assert found.code == UNUSED
        assert list(found.tags or ()) == [types.DiagnosticTag.Unnecessary]
        assert editor.slice(uri, found.range) == "# review: ignore[leaked-resource]"
        await choose(editor, uri, found, "Remove what silences nothing")
        assert editor.texts[uri] == "x = 1  # noqa\n"
        assert await editor.diagnostics(uri) == []


async def test_an_unknown_rule_is_named_and_removed(editor: Editor, project: Path) -> None:
    text = POOL.replace(STRAY, f"{STRAY}  # review: ignore[{RULE}, leaked-resorce] why")
    uri = editor.open(project / "pool.py", text)
    (found,) = await editor.diagnostics(uri)
    assert found.code == UNKNOWN
    assert "`leaked-resource`" in found.message
    assert editor.slice(uri, found.range) == "leaked-resorce"
    await choose(editor, uri, found, "Remove `leaked-resorce`")
    assert editor.texts[uri] == POOL.replace(STRAY, f"{STRAY}  # review: ignore[{RULE}] why")


async def test_all_of_them_are_removed_at_once(editor: Editor, project: Path) -> None:
    line = "x = 1  # review: ignore[leaked-resource]\n"
    uri = editor.open(project / "calm.py", line * 3 + "y = 1  # review: ignore[nonsense]\n")
    found = await editor.diagnostics(uri)
    assert [row.code for row in found] == [UNUSED] * 3 + [UNKNOWN]
    place = types.Range(types.Position(0, 0), types.Position(0, 0))
    (action,) = await editor.actions_at(uri, place, ["source.fixAll.review"])
    await editor.apply(action)
    assert editor.texts[uri] == "x = 1\n" * 3 + "y = 1\n"
