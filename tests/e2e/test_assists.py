"""What the editor is offered at the cursor or for a selection, where nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from e2e.clients import EGLOT, NEOVIM, VSCODE
from e2e.editor import Editor, connected
from e2e.inside import Inside
from e2e.samples import POOL, STRAY
from review_checks.assist import Assist
from review_checks.engine import assisting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from review_checks.assist import Offer

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning"),
]

REWRITE = "refactor.rewrite"
SERVICE = """\
import logging
import threading

LOG = logging.getLogger(__name__)


class Service:
    def __init__(self):
        self._lock = threading.Lock()
        self._seen = {}
        self._last = {}

    def see(self, name, text):
        self._last[name] = text
        LOG.info("Seen %s", text)

    def forget(self, name):
        self._lock.acquire()
        try:
            del self._seen[name]
        finally:
            self._lock.release()

    def swap(self, name):
        with self._lock:
            self._drop(name)

    def _drop(self, name):
        self._seen.pop(name)
"""


async def chosen(editor: Editor, uri: str, text: str, title: str) -> types.CodeAction:
    rows = await editor.actions_on(uri, text)
    return next(action for action in rows if action.title == title)


STORED = "        self._last[name] = text\n"
TAKEN = """\
        self._lock.acquire()
        try:
            del self._seen[name]
        finally:
            self._lock.release()
"""
CALLED = "            self._drop(name)\n"
RAISED = """\
            try:
                self._drop(name)
            except Exception:
                LOG.exception("swap: _drop failed")
                raise
"""


@pytest.mark.parametrize(
    ("text", "title", "before", "after"),
    [
        (
            STORED.strip(),
            "Hold `self._lock` here",
            STORED,
            f"        with self._lock:\n    {STORED}",
        ),
        (
            "text)",
            "Redact `text` in the log",
            "text)\n\n    def forget",
            '"***")\n\n    def forget',
        ),
        (
            "self._lock.acquire",
            "Hold `self._lock` by `with`",
            TAKEN,
            "        with self._lock:\n            del self._seen[name]\n",
        ),
        (CALLED.strip(), "Log `Exception` here and raise it on", CALLED, RAISED),
    ],
)
async def test_what_is_offered_does_what_it_says(
    editor: Editor, text: str, title: str, before: str, after: str
) -> None:
    uri = editor.open("untitled:service", SERVICE)
    start = SERVICE.index(before) + before.index(text) if text in before else SERVICE.index(text)
    end = start + len(text.rstrip(")"))
    place = types.Range(editor.position(SERVICE, start), editor.position(SERVICE, end))
    rows = await editor.actions_at(uri, place, None, types.CodeActionTriggerKind.Invoked)
    action = next(row for row in rows if row.title == title)
    assert action.kind == REWRITE
    assert action.edit is None
    resolved = await editor.client.code_action_resolve_async(action)
    assert resolved.edit is not None
    (annotation,) = (resolved.edit.change_annotations or {}).values()
    assert annotation.needs_confirmation
    await editor.apply(action)
    assert editor.texts[uri] == SERVICE.replace(before, after)


async def test_what_a_fix_does_is_not_offered_twice(editor: Editor) -> None:
    text = POOL.replace(f"        {STRAY}\n", f"        {STRAY}\n        self._active.clear()\n")
    for name in ("put", "set", "take"):
        text += f"\n    def {name}(self, name):\n        with self._slots:\n            self._active[name] = 1\n"
    uri = editor.open("untitled:twice", text)
    (found,) = await editor.diagnostics(uri)
    hold = "Hold `self._slots` here"

    async def listed(end: types.Position, only: list[str] | None) -> list[str | None]:
        place = types.Range(found.range.start, end)
        manual = types.CodeActionTriggerKind.Invoked
        rows = await editor.actions_at(uri, place, only, manual, [found])
        return [row.kind for row in rows if row.title == hold]

    cursor, both = found.range.start, types.Position(found.range.start.line + 2, 0)
    quick, rewrite = "quickfix", REWRITE
    assert await listed(cursor, None) == [quick], "the fix holds it for both writes"
    assert await listed(found.range.end, None) == [quick, rewrite], "one statement is selected"
    assert await listed(both, None) == [quick], "what is selected is what the fix holds it for"
    assert await listed(cursor, ["refactor"]) == [rewrite]


async def test_why_something_cannot_be_done(editor: Editor) -> None:
    uri = editor.open("untitled:refused", SERVICE)
    action = await chosen(editor, uri, "self._seen.pop(name)", "Hold `self._lock` here")
    assert action.disabled is not None
    assert "`Service.swap` comes here with `self._lock` held" in action.disabled.reason


async def test_a_moving_cursor_is_not_disturbed(editor: Editor) -> None:
    uri = editor.open("untitled:quiet", SERVICE)
    line = SERVICE.splitlines().index("        self._last[name] = text")
    place = types.Range(types.Position(line, 8), types.Position(line, 8))
    for trigger in (None, types.CodeActionTriggerKind.Automatic):
        assert await editor.actions_at(uri, place, None, trigger) == []
        for only in ("refactor", REWRITE):
            assert await editor.actions_at(uri, place, [only], trigger)
        for other in ("refactor.extract", "quickfix", "source", "refactor.rewrite.more"):
            assert await editor.actions_at(uri, place, [other], trigger) == []


async def test_an_offer_for_another_text_is_not_carried_out(editor: Editor) -> None:
    uri = editor.open("untitled:moved", SERVICE)
    action = await chosen(editor, uri, "self._last[name] = text", "Hold `self._lock` here")
    editor.insert(uri, 0, "# above\n")
    with pytest.raises(Exception, match="gone"):
        await editor.client.code_action_resolve_async(action)


async def test_columns_are_counted_as_the_editor_does(editor: Editor) -> None:
    text = SERVICE.replace('"Seen %s", text', '"\U0001f600 %s", text')
    uri = editor.open("untitled:astral", text)
    start = text.index('%s", text') + len('%s", ')
    place = types.Range(editor.position(text, start), editor.position(text, start + 4))
    rows = await editor.actions_at(uri, place, ["refactor"])
    await editor.apply(next(row for row in rows if row.title == "Redact `text` in the log"))
    assert '"\U0001f600 %s", "***")' in editor.texts[uri]


async def test_editors_that_cannot_ask_later_get_the_edits(project: Path) -> None:
    for capabilities, at_once in ((EGLOT, True), (NEOVIM, False)):
        async with connected(capabilities, project) as editor:
            uri = editor.open(project / "service.py", SERVICE)
            action = await chosen(editor, uri, "self._last[name] = text", "Hold `self._lock` here")
            assert (action.edit is not None) is at_once
            await editor.apply(action)
            assert "with self._lock:\n            self._last[name] = text" in editor.texts[uri]
            titles = [row.title for row in await editor.actions_on(uri, "self._seen.pop(name)")]
            assert "Hold `self._lock` here" not in titles, "it cannot show why not"


@pytest.mark.asyncio(loop_scope="function")
async def test_an_assist_that_fails_takes_nothing_else_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> Iterator[Offer]:
        raise RuntimeError("it was not meant so")

    monkeypatch.setattr(assisting, "all_assists", lambda: (Assist("broken", REWRITE, broken),))
    server = Inside(VSCODE)
    server.open("untitled:service", SERVICE)
    place = {"line": 12, "character": 8}
    params = {
        "textDocument": {"uri": "untitled:service"},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": [], "triggerKind": 1},
    }
    assert server.ask("textDocument/codeAction", params) == []
