"""The story of a finding, with what VS Code, Neovim and Emacs can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from e2e.clients import BARE, CLIENTS, EGLOT, NEOVIM, versioned
from e2e.editor import Editor, connected
from e2e.samples import HELD, POOL, RULE, STRAY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning"),
]


@pytest.mark.parametrize("name", CLIENTS)
async def test_found_shown_fixed_and_gone(name: str, project: Path) -> None:
    async with connected(CLIENTS[name], project) as editor:
        uri = editor.open(project / "pool.py")
        (found,) = await editor.diagnostics(uri)
        assert (found.code, found.source) == (RULE, "review")
        assert editor.slice(uri, found.range) == STRAY
        assert "`self._slots`" in found.message
        fix, ignore, ignore_all = await editor.actions(uri, found)
        assert fix.kind == types.CodeActionKind.QuickFix
        assert fix.is_preferred is None, "an unsafe fix is never the obvious one"
        assert [row.code for row in fix.diagnostics or ()] == [RULE]
        await editor.apply(fix)
        assert editor.texts[uri] == POOL.replace(STRAY, HELD)
        assert await editor.diagnostics(uri) == []
        editor.replace(uri, (HELD, STRAY))
        (again,) = await editor.diagnostics(uri)
        assert again == found
        assert ignore.title == f"Ignore `{RULE}` here"
        assert ignore_all.title == f"Ignore `{RULE}` in this file"
        await editor.apply((await editor.actions(uri, again))[1])
        assert editor.texts[uri] == POOL.replace(STRAY, f"{STRAY}  # review: ignore[{RULE}]")
        assert await editor.diagnostics(uri) == []


async def test_vscode_is_shown_all_that_it_can_show(editor: Editor, project: Path) -> None:
    uri = editor.open(project / "pool.py")
    (found,) = await editor.diagnostics(uri)
    assert found.severity == types.DiagnosticSeverity.Error
    evidence = found.related_information or ()
    places = {row.message: editor.slice(uri, row.location.range) for row in evidence}
    assert places["written under `self._slots` in `add`"] == "self._active[name]"
    assert {row.location.uri for row in evidence} == {uri}
    assert found.code_description is not None
    assert found.code_description.href.endswith(f"/{RULE}.md")
    assert found.data == {"rule": RULE, "scope": "Pool.forget", "symbol": "Pool._active"}
    provider = editor.offered.code_action_provider
    assert isinstance(provider, types.CodeActionOptions)
    assert provider.resolve_provider is True
    fix, *_ = await editor.actions(uri, found)
    assert fix.edit is None, "the edit is computed when it is chosen"
    for only, count in ([["quickfix"], 3], [["quick"], 0], [["source.fixAll"], 0], [[""], 3]):
        assert len(await editor.actions(uri, found, only)) == count  # type: ignore[arg-type]


async def test_a_result_is_not_sent_twice(editor: Editor, project: Path) -> None:
    uri = editor.open(project / "pool.py")
    first = await editor.pull(uri)
    assert isinstance(first, types.RelatedFullDocumentDiagnosticReport)
    second = await editor.pull(uri, first.result_id)
    assert isinstance(second, types.RelatedUnchangedDocumentDiagnosticReport)
    assert second.result_id == first.result_id
    editor.insert(uri, len(editor.texts[uri]), "# the end\n")
    assert (await editor.pull(uri, first.result_id)).kind == "unchanged"
    editor.insert(uri, 0, "\n")
    third = await editor.pull(uri, first.result_id)
    assert third.kind == "full"
    assert third.result_id != first.result_id
    assert (await editor.pull(uri, "from an earlier run")).kind == "full"
    assert not editor.published, "what is pulled is not pushed"


async def test_eglot_gets_evidence_in_words_and_edits_at_once(project: Path) -> None:
    async with connected(EGLOT, project) as editor:
        assert not editor.pulls
        uri = editor.open(project / "pool.py")
        (found,) = await editor.diagnostics(uri)
        assert found.related_information is None
        assert found.code_description is None
        assert found.data is None
        line = POOL.splitlines().index("            self._active[name] = worker") + 1
        assert f"\nline {line}: written under `self._slots` in `add`" in found.message
        fix, *_ = await editor.actions(uri, found)
        assert fix.edit is not None
        assert fix.data is None


async def test_neovim_gets_edits_without_versions(project: Path) -> None:
    async with connected(NEOVIM, project) as editor:
        uri = editor.open(project / "pool.py")
        (found,) = await editor.diagnostics(uri)
        fix, *_ = await editor.actions(uri, found)
        resolved = await editor.client.code_action_resolve_async(fix)
        assert resolved.edit is not None
        assert list(resolved.edit.changes or {}) == [uri]


async def test_pushed_diagnostics_say_for_which_version_they_are(project: Path) -> None:
    async with connected(versioned(EGLOT), project) as editor:
        uri = editor.open(project / "pool.py")
        assert (await editor.next_published(uri)).version == 1
        editor.insert(uri, 0, "\n")
        editor.insert(uri, 0, "\n")
        last = await editor.next_published(uri)
        while last.version != 3:
            last = await editor.next_published(uri)
        assert last.diagnostics[0].range.start.line == POOL.count("\n") - 1 + 2
        editor.close(uri)
        assert not (await editor.next_published(uri)).diagnostics


async def test_an_old_editor_gets_diagnostics_at_least(project: Path) -> None:
    async with connected(BARE, project) as editor:
        uri = editor.open(project / "pool.py")
        published = await editor.next_published(uri)
        assert published.version is None
        assert len(published.diagnostics) == 1
        assert editor.offered.code_action_provider is None


async def test_an_action_of_an_old_list_finds_its_finding_again(
    editor: Editor, project: Path
) -> None:
    uri = editor.open(project / "pool.py")
    (found,) = await editor.diagnostics(uri)
    fix, *_ = await editor.actions(uri, found)
    editor.insert(uri, 0, "# one line more\n")
    await editor.apply(fix)
    assert editor.texts[uri] == "# one line more\n" + POOL.replace(STRAY, HELD)
    with pytest.raises(Exception, match="gone"):
        await editor.client.code_action_resolve_async(fix)
