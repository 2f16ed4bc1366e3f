"""Documents of every kind, and texts that are hard to point into."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from lsprotocol import types

from e2e.clients import NEOVIM, VSCODE, speaking
from e2e.editor import Editor, connected, until
from e2e.samples import HARMLESS_UTILS, HELD, POOL, RULE, SERVICE, STRAY, UTILS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Characters of one, two, three and four bytes, before and inside what is pointed at.
ODD = (
    POOL.replace("_active", "_aktív")
    .replace("name, None", "'😀é', None")
    .replace("        self._aktív.pop", "        '😁😂😃'; self._aktív.pop")
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_positions_in_each_encoding_and_line_end(encoding: str, project: Path) -> None:
    async with connected(speaking(encoding), project) as editor:
        assert editor.offered.position_encoding == encoding
        for number, end in enumerate(("\n", "\r\n", "\r")):
            uri = editor.open(project / f"pool{number}.py", ODD.replace("\n", end))
            (found,) = await editor.diagnostics(uri)
            assert editor.slice(uri, found.range) == "self._aktív.pop('😀é', None)"
            # What is typed behind such characters lands where it was typed.
            editor.replace(uri, ("'😀é'", "'😀é😀'"), ("None)", "None)  # 😁"), ("# 😁", "# 😁😁"))
            (found,) = await editor.diagnostics(uri)
            assert editor.slice(uri, found.range) == "self._aktív.pop('😀é😀', None)"
            evidence = [
                editor.slice(uri, row.location.range) for row in found.related_information or ()
            ]
            assert "self._aktív[name]" in evidence
            await editor.apply((await editor.actions(uri, found))[1])
            assert f"# 😁😁  # review: ignore[{RULE}]{end}" in editor.texts[uri]
            assert await editor.diagnostics(uri) == []


async def test_form_feeds_and_other_separators_are_characters(
    editor: Editor, project: Path
) -> None:
    odd = "# \f \v \x1c \x85 \u2028 \u2029\n\f\n"
    uri = editor.open(project / "pool.py", odd + POOL)
    (found,) = await editor.diagnostics(uri)
    assert editor.slice(uri, found.range) == STRAY
    await editor.apply((await editor.actions(uri, found))[0])
    assert editor.texts[uri] == odd + POOL.replace(STRAY, HELD)


async def test_documents_that_are_not_files_of_the_folder(
    editor: Editor, project: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere.py"
    other.write_text(POOL)
    documents = [
        "untitled:Untitled-1",
        "untitled:/somewhere/new.py",
        "git:/a/pool.py?%7B%22ref%22%3A%22HEAD%22%7D",
        (project / "not yet saved.py").as_uri(),
        (project / "my-script.py").as_uri(),
        other.as_uri(),
    ]
    for uri in documents:
        editor.open(uri, POOL)
    for uri in documents:
        (found,) = await editor.diagnostics(uri)
        assert {row.location.uri for row in found.related_information or ()} == {uri}
        await editor.apply((await editor.actions(uri, found))[0])
        assert await editor.diagnostics(uri) == []
    notes = editor.open((project / "notes.txt").as_uri(), POOL, language="plaintext")
    assert await editor.diagnostics(notes) == []
    editor.close(documents[0])
    assert await editor.diagnostics(documents[0]) == []


async def test_the_editor_gets_its_own_spelling_of_uris_back(tmp_path: Path) -> None:
    real = tmp_path / "real folder"
    real.mkdir()
    (real / "utils.py").write_text(UTILS)
    (real / "service.py").write_text(SERVICE)
    link = tmp_path / "link"
    link.symlink_to(real)
    folder = "file://" + quote(str(link)).replace("k", "%6B")
    async with connected(VSCODE, link, folder=folder) as editor:
        uri = f"{folder}/service.py"
        editor.open(uri, SERVICE)
        (found,) = await editor.diagnostics(uri)
        shown = {row.location.uri for row in found.related_information or ()}
        assert uri in shown
        assert all(place.startswith(folder) for place in shown)


async def test_one_file_by_two_links_is_two_documents(editor: Editor, project: Path) -> None:
    (project / "link.py").symlink_to(project / "pool.py")
    one = editor.open(project / "pool.py")
    two = editor.open(project / "link.py", "\n\n" + POOL)
    editor.replace(two, (STRAY, HELD))
    assert await editor.diagnostics(two) == []
    assert len(await editor.diagnostics(one)) == 1
    editor.close(two)
    assert len(await editor.diagnostics(one)) == 1


async def test_a_result_of_a_closed_document_is_not_taken_for_a_new_one(
    editor: Editor, project: Path
) -> None:
    uri = editor.open(project / "pool.py")
    before = await editor.pull(uri)
    editor.close(uri)
    editor.open(project / "pool.py", POOL.replace(STRAY, HELD))
    assert (await editor.pull(uri, before.result_id)).kind == "full"


async def test_what_is_typed_in_one_file_counts_in_the_others(
    editor: Editor, project: Path
) -> None:
    (project / "utils.py").write_text(UTILS)
    (project / "service.py").write_text(SERVICE)
    service = editor.open(project / "service.py")
    (found,) = await editor.diagnostics(service)
    assert editor.slice(service, found.range) == "self.nodes.pop(name, None)"
    utils = editor.open(project / "utils.py")
    editor.replace_all(utils, HARMLESS_UTILS)
    assert await editor.diagnostics(service) == []
    editor.close(utils)
    assert await editor.diagnostics(service) == [found]


async def test_files_that_others_change(editor: Editor, project: Path) -> None:
    (project / "service.py").write_text(SERVICE)
    service = editor.open(project / "service.py")
    assert await editor.diagnostics(service) == []
    refreshed = editor.client.diagnostic_refresh_count
    watched = editor.registered[types.WORKSPACE_DID_CHANGE_WATCHED_FILES]
    assert any("*.py" in row["globPattern"] for row in watched["watchers"])
    (project / "utils.py").write_text(UTILS)
    event = types.FileEvent((project / "utils.py").as_uri(), types.FileChangeType.Created)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    assert len(await editor.diagnostics(service)) == 1
    await until(lambda: editor.client.diagnostic_refresh_count > refreshed)
    (project / "utils.py").unlink()
    event = types.FileEvent((project / "utils.py").as_uri(), types.FileChangeType.Deleted)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    assert await editor.diagnostics(service) == []


async def test_several_edits_in_one_event(project: Path) -> None:
    async with connected(NEOVIM, project) as editor:
        uri = editor.open(project / "pool.py")
        editor.replace(
            uri,
            ("import threading\n", "import threading\n\nLIMIT = '😀'\n"),
            ("'😀'", "'😀😀'"),
            ("_slots = threading", "_guard = threading"),
            *[("self._slots", "self._guard")] * 3,
            ("class Pool", "class Puddle"),
        )
        (found,) = await editor.diagnostics(uri)
        assert editor.slice(uri, found.range) == STRAY
        assert "`self._guard`" in found.message
        editor.replace_all(uri, POOL.replace(STRAY, HELD))
        assert await editor.diagnostics(uri) == []


async def half_typed(editor: Editor, uri: str, text: str) -> list[list[types.Diagnostic]]:
    """Type a text at the end of a document, key by key; return what is shown after each."""
    seen = []
    for character in text:
        editor.insert(uri, len(editor.texts[uri]), character)
        seen.append(await editor.diagnostics(uri))
    return seen


async def test_half_typed_code_does_not_blink(editor: Editor, project: Path) -> None:
    typed = '''
    def status(self, names=("a", 'b')):
        """Say "how" it is (or was.

        It may [be unclear.
        """
        rows = {name: [len(name), (1, 2)] for name in names if name not in (
            "x", "y"
        )}
        return f"{rows!r:>{len(rows)}}" + \\
            "."


@decorator(
    option="""text""",
)
async def other(argument: "int" = 3, *, flag=None) -> None:
    async with argument as (first, second):
        print("unclosed
'''
    uri = editor.open(project / "pool.py")
    (found,) = await editor.diagnostics(uri)
    for shown in await half_typed(editor, uri, typed):
        assert [row for row in shown if row.code == RULE] == [found]


async def test_typing_above_moves_what_is_below(editor: Editor, project: Path) -> None:
    uri = editor.open(project / "pool.py")
    offset = POOL.index("\nclass Pool")
    for count, character in enumerate("def top(a, b=[1, (2\n"):
        editor.insert(uri, offset + count, character)
        (found,) = await editor.diagnostics(uri)
        assert editor.slice(uri, found.range) == STRAY
