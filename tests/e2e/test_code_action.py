"""What the editor is offered for findings: one fix, many at once, and why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from e2e.clients import BARE, EGLOT, NEOVIM, VSCODE, without
from e2e.editor import Editor, connected
from e2e.inside import Inside
from e2e.samples import (
    BASE,
    DERIVED,
    FILES,
    FILES_CLOSED,
    HELD,
    HELD_BY_A_CALLER,
    POOL,
    RULE,
    STRAY,
    TWO_STRAYS,
)
from review_checks.engine import checking, discovery, rendering
from review_checks.engine.discovery import all_rules
from review_checks.model import Edit, Fix, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, Rule
from review_checks.summaries.index import variable_names
from review_checks.summaries.inputs import layout, unit_facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning"),
]

MANUAL = types.CodeActionTriggerKind.Invoked
AUTOMATIC = types.CodeActionTriggerKind.Automatic


async def first_finding(editor: Editor, uri: str) -> types.Diagnostic:
    return (await editor.diagnostics(uri))[0]


async def test_the_kinds_are_announced(editor: Editor) -> None:
    provider = editor.offered.code_action_provider
    assert isinstance(provider, types.CodeActionOptions)
    kinds = ["quickfix", "source.fixAll.review", "refactor.rewrite"]
    assert list(provider.code_action_kinds or ()) == kinds


async def test_an_only_safe_fix_is_preferred(editor: Editor) -> None:
    uri = editor.open("untitled:files", FILES)
    found = await first_finding(editor, uri)
    for trigger in (MANUAL, AUTOMATIC, None):
        fix, *others = await editor.actions(uri, found, trigger=trigger)
        assert fix.is_preferred
        assert not any(action.is_preferred for action in others)
    whole = types.Range(types.Position(0, 0), types.Position(12, 0))
    both = await editor.actions_at(uri, whole, ["quickfix"])
    assert [action.title for action in both].count(fix.title) == 2
    assert not any(action.is_preferred for action in both), "of two, none is the obvious one"


@pytest.mark.parametrize("only", ["source", "source.fixAll", "source.fixAll.review"])
async def test_all_that_is_safe_is_fixed_at_once(editor: Editor, only: str) -> None:
    uri = editor.open("untitled:all", f"{TWO_STRAYS}\n\n{FILES}")
    place = types.Range(types.Position(0, 0), types.Position(0, 0))
    (action,) = await editor.actions_at(uri, place, [only])
    assert action.kind == "source.fixAll.review"
    assert action.edit is None
    resolved = await editor.client.code_action_resolve_async(action)
    assert resolved.edit is not None
    assert resolved.edit.change_annotations is None, "what is safe needs no confirmation"
    await editor.apply(action)
    assert editor.texts[uri] == f"{TWO_STRAYS}\n\n{FILES_CLOSED}"
    assert await editor.actions_at(uri, place, [only]) == []


@pytest.mark.parametrize("only", ["source.fixAll.other", "source.organizeImports", "sour", "s"])
async def test_other_kinds_get_nothing(editor: Editor, only: str) -> None:
    uri = editor.open("untitled:other", FILES)
    found = await first_finding(editor, uri)
    assert await editor.actions(uri, found, [only]) == []


async def test_fixing_everything_is_listed_only_when_asked_for(editor: Editor) -> None:
    uri = editor.open("untitled:quiet", FILES)
    found = await first_finding(editor, uri)
    for only in (None, [""], ["quickfix"]):
        kinds = {action.kind for action in await editor.actions(uri, found, only, MANUAL)}
        assert "source.fixAll.review" not in kinds


async def test_all_of_one_rule_are_fixed(editor: Editor) -> None:
    apart = TWO_STRAYS.replace(
        "    def replace", "    # One\n    # by\n    # one.\n    def replace"
    )
    uri = editor.open("untitled:rule", f"{apart}\n\n{FILES}")
    found = await first_finding(editor, uri)
    assert found.code == RULE
    titles = {action.title: action for action in await editor.actions(uri, found)}
    action = titles[f"Fix all `{RULE}` in this file"]
    assert action.kind == types.CodeActionKind.QuickFix
    resolved = await editor.client.code_action_resolve_async(action)
    assert resolved.edit is not None
    (annotation,) = (resolved.edit.change_annotations or {}).values()
    assert annotation.needs_confirmation
    (change,) = resolved.edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    assert len(change.edits) == 2, "each fix is confirmed by itself"
    await editor.apply(action)
    assert {row.code for row in await editor.diagnostics(uri)} == {"leaked-resource"}
    assert editor.texts[uri].endswith(FILES), "other rules' findings are left alone"
    assert editor.texts[uri].count("with self._slots") == TWO_STRAYS.count("with self._slots") + 2


async def test_a_single_finding_needs_no_fix_for_all(editor: Editor) -> None:
    uri = editor.open("untitled:single", POOL)
    found = await first_finding(editor, uri)
    titles = [action.title for action in await editor.actions(uri, found)]
    assert f"Fix all `{RULE}` in this file" not in titles


async def test_an_unsafe_fix_is_to_be_confirmed_where_that_is_possible(project: Path) -> None:
    unconfirmed = without(VSCODE, "workspace", "workspaceEdit", "changeAnnotationSupport")
    unhonoured = without(VSCODE, "textDocument", "codeAction", "honorsChangeAnnotations")
    for capabilities, confirms in ((VSCODE, True), (unconfirmed, False), (unhonoured, False)):
        async with connected(capabilities, project) as editor:
            uri = editor.open(project / "pool.py")
            fix, *_ = await editor.actions(uri, await first_finding(editor, uri))
            resolved = await editor.client.code_action_resolve_async(fix)
            assert resolved.edit is not None
            (change,) = resolved.edit.document_changes or ()
            assert isinstance(change, types.TextDocumentEdit)
            if confirms:
                annotations = resolved.edit.change_annotations or {}
                (name,) = annotations
                assert annotations[name].needs_confirmation
                assert annotations[name].label == "Hold `self._slots` here"
                assert len(change.edits) == 1, "half of it cannot be confirmed"
                for edit in change.edits:
                    assert isinstance(edit, types.AnnotatedTextEdit)
                    assert edit.annotation_id == name
            else:
                assert resolved.edit.change_annotations is None
                assert not any(isinstance(edit, types.AnnotatedTextEdit) for edit in change.edits)
                assert len(change.edits) > 1
            await editor.apply(fix)
            assert editor.texts[uri] == POOL.replace(STRAY, HELD)


async def test_a_safe_fix_is_not_to_be_confirmed(editor: Editor) -> None:
    uri = editor.open("untitled:safe", FILES)
    fix, *_ = await editor.actions(uri, await first_finding(editor, uri))
    assert fix.title == "Open `source` in `with`"
    resolved = await editor.client.code_action_resolve_async(fix)
    assert resolved.edit is not None
    assert resolved.edit.change_annotations is None


async def test_why_there_is_no_fix(editor: Editor) -> None:
    uri = editor.open("untitled:held", HELD_BY_A_CALLER)
    found = next(row for row in await editor.diagnostics(uri) if row.code == RULE)
    fix, *others = await editor.actions(uri, found)
    assert fix.disabled is not None
    assert "`Pool.swap`" in fix.disabled.reason
    assert "`self._slots`" in fix.disabled.reason
    assert fix.edit is None
    assert not fix.is_preferred
    assert all(other.disabled is None for other in others)


COMMENT_LOST = """\
def first(path):
    source = open(path)
    text = source.read()
    source.close()  # before the next one
    return text
"""


async def test_what_only_a_trial_shows_is_shown_to_who_asks(editor: Editor) -> None:
    uri = editor.open("untitled:comment", COMMENT_LOST)
    found = await first_finding(editor, uri)
    fix, *_ = await editor.actions(uri, found, trigger=MANUAL)
    assert fix.disabled is not None
    assert "comment" in fix.disabled.reason
    # What would be preferred is tried, too: a preferred fix that fails is none.
    unasked, *_ = await editor.actions(uri, found, trigger=AUTOMATIC)
    assert (unasked.disabled, unasked.is_preferred) == (fix.disabled, None)


async def test_fixing_everything_changes_nothing_where_nothing_can_be_fixed(
    editor: Editor,
) -> None:
    uri = editor.open("untitled:comment", COMMENT_LOST)
    found = await first_finding(editor, uri)
    (action,) = await editor.actions(uri, found, ["source.fixAll"], AUTOMATIC)
    resolved = await editor.client.code_action_resolve_async(action)
    assert resolved.edit is not None
    assert not resolved.edit.document_changes


async def test_editors_that_show_no_reasons_get_no_entry(project: Path) -> None:
    for capabilities in (NEOVIM, EGLOT):
        async with connected(capabilities, project) as editor:
            uri = editor.open(project / "held.py", HELD_BY_A_CALLER)
            found = next(row for row in await editor.diagnostics(uri) if row.code == RULE)
            actions = await editor.actions(uri, found, ["quickfix"], MANUAL)
            assert actions
            assert all(action.title.startswith("Ignore") for action in actions)


async def test_eglot_gets_the_edits_of_all_at_once(project: Path) -> None:
    async with connected(EGLOT, project) as editor:
        uri = editor.open(project / "files.py", FILES)
        found = await first_finding(editor, uri)
        place = found.range
        (action,) = await editor.actions_at(uri, place, ["source.fixAll"])
        assert action.edit is not None
        await editor.apply(action)
        assert editor.texts[uri] == FILES_CLOSED
        editor.replace_all(uri, FILES)
        assert len(await editor.actions(uri, found, ["quickfix"], AUTOMATIC)) == 3, "too dear"
        assert len(await editor.actions(uri, found, ["quickfix"], MANUAL)) == 4


async def test_an_editor_without_actions_gets_none(project: Path) -> None:
    async with connected(BARE, project) as editor:
        uri = editor.open(project / "pool.py")
        found = (await editor.next_published(uri)).diagnostics[0]
        with pytest.raises(Exception, match="Not Found"):
            await editor.actions(uri, found)


async def test_an_action_of_somebody_else_is_left_as_it_is(editor: Editor) -> None:
    action = types.CodeAction("Not ours")
    assert await editor.client.code_action_resolve_async(action) == action
    foreign = types.CodeAction("Not ours", data={"what": "magic", "uri": "untitled:x"})
    with pytest.raises(Exception, match="gone"):
        await editor.client.code_action_resolve_async(foreign)
    with pytest.raises(Exception, match="what"):
        await editor.client.code_action_resolve_async(types.CodeAction("", data={"x": 1}))


# A fix that reaches into other files


def rule_over_files() -> Rule:
    """Return a rule whose fix adds a line to two files."""

    def check(path: str, context: Context) -> Iterator[Report]:
        if path.endswith("pool.py") and "added" not in variable_names(context.db, path):
            units = layout(context.db, path) or ()
            unit = next(one for one in units if unit_facts(context.db, one).functions)
            yield Report(Place((unit, 0), "n"), "something", "symbol")

    def fix(report: Report, context: FixContext) -> Fix:
        path = context.path(report.place.function)
        others = [path, path.replace("pool.py", "other.py")]
        edits = [Edit(other, Span(0, 0, 0, 0), "added = 1\n") for other in others]
        return Fix("Change both", Safety.UNSAFE, tuple(edits))

    return Rule(
        name="wide-rule",
        concern="errors",
        severity=Severity.WARNING,
        tier=Tier.DEFAULT,
        safety=Safety.UNSAFE,
        over=Over.MODULE,
        check=check,
        fix=fix,
        title="Change both",
        document="",
    )


@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
@pytest.mark.asyncio(loop_scope="function")
async def test_a_fix_of_several_files(
    monkeypatch: pytest.MonkeyPatch,
    project: Path,
    opened: bool,  # noqa: FBT001
) -> None:
    rules = (*all_rules(), rule_over_files())
    named = {rule.name: rule for rule in rules}
    monkeypatch.setattr(checking, "all_rules", lambda: rules)
    for module in (discovery, rendering):
        monkeypatch.setattr(module, "rules_by_name", lambda: named)
    monkeypatch.setattr("review_server.actions.fixes.rules_by_name", lambda: named)
    (project / "other.py").write_text("one = 1\n")
    server = Inside(VSCODE, project.as_uri())
    pool, other = (project / "pool.py").as_uri(), (project / "other.py").as_uri()
    server.open(pool, "import os\n")
    if opened:
        server.open(other, "two = 2\n")
    (row,) = [row for row in server.pull(pool) if row["code"] == "wide-rule"]
    params = {
        "textDocument": {"uri": pool},
        "range": row["range"],
        "context": {"diagnostics": [row], "triggerKind": 1},
    }
    action = next(
        one
        for one in server.ask("textDocument/codeAction", params)
        if one["title"] == "Change both"
    )
    edit = server.ask("codeAction/resolve", action)["edit"]
    changes = {change["textDocument"]["uri"]: change for change in edit["documentChanges"]}
    assert changes.keys() == {pool, other}
    assert changes[pool]["textDocument"]["version"] == 1
    assert changes[other]["textDocument"]["version"] == (1 if opened else None)
    assert all(
        one["annotationId"] in edit["changeAnnotations"]
        for change in changes.values()
        for one in change["edits"]
    )


@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
@pytest.mark.asyncio(loop_scope="function")
async def test_a_fix_of_another_file(project: Path, opened: bool) -> None:  # noqa: FBT001
    (project / "base.py").write_text(BASE)
    (project / "tracker.py").write_text(DERIVED)
    async with connected(VSCODE, project) as editor:
        base = (project / "base.py").as_uri()
        if opened:
            editor.open(project / "base.py", f"# moved\n{BASE}")
        uri = editor.open(project / "tracker.py")
        found = next(row for row in await editor.diagnostics(uri) if row.code == "unguarded-caller")
        fix, *_ = await editor.actions(uri, found)
        resolved = await editor.client.code_action_resolve_async(fix)
        assert resolved.edit is not None
        (annotation,) = (resolved.edit.change_annotations or {}).values()
        assert annotation.needs_confirmation
        (change,) = resolved.edit.document_changes or ()
        assert isinstance(change, types.TextDocumentEdit)
        document = types.OptionalVersionedTextDocumentIdentifier(base, 1 if opened else None)
        assert change.text_document == document
        (edit,) = change.edits
        assert isinstance(edit, types.AnnotatedTextEdit)
        assert edit.new_text == '    @lockutils.synchronized("tracker", fair=True)\n'
        line = BASE.splitlines().index("    def _drop(self, name):") + opened
        assert edit.range == types.Range(types.Position(line, 0), types.Position(line, 0))


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (["source.fixAl"], 0),
        (["source", "quickfix"], 5),
        (["quickfix.review"], 0),
        ([], 0),
        (None, 4),
    ],
)
async def test_a_prefix_ends_with_a_word(
    editor: Editor, only: list[str] | None, count: int
) -> None:
    uri = editor.open("untitled:prefix", FILES)
    found = await first_finding(editor, uri)
    assert len(await editor.actions(uri, found, only)) == count
