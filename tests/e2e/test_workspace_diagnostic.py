"""Findings of files that are not open, for those who ask for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from e2e.clients import EGLOT, NEOVIM, VSCODE, without
from e2e.editor import PATIENCE, Editor, connected, until
from e2e.samples import HARMLESS_UTILS, HELD, POOL, RULE, SERVICE, STRAY, UTILS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

WANTED = {"workspace-diagnostics": True}
LASTING = without(VSCODE, "textDocument", "diagnostic", "dynamicRegistration")
"""A client that cannot be told later what to ask for."""

Rows = dict[str, Any]


class Stream:
    """What was reported under the tokens of requests."""

    def __init__(self, editor: Editor) -> None:
        self.values: dict[str, list[Any]] = {}
        editor.client.protocol.fm.features[types.PROGRESS] = self._on_progress

    def _on_progress(self, params: types.ProgressParams) -> None:
        self.values.setdefault(str(params.token), []).append(params.value)

    def rows(self, token: str) -> list[Any]:
        return [row for value in self.values.get(token, []) for row in _get(value, "items")]


def _get(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, dict) else getattr(value, name)


async def ask(
    editor: Editor, known: dict[str, str], token: str | None = None, work: str | None = None
) -> types.WorkspaceDiagnosticReport:
    async with asyncio.timeout(PATIENCE):
        return await editor.client.workspace_diagnostic_async(
            types.WorkspaceDiagnosticParams(
                previous_result_ids=[
                    types.PreviousResultId(uri, value) for uri, value in known.items()
                ],
                partial_result_token=token,
                work_done_token=work,
                identifier="review",
            )
        )


def is_offered(offer: object) -> bool:
    """Say whether a client may ask for the findings of files that are not open."""
    return bool(
        _get(offer, "workspaceDiagnostics" if isinstance(offer, dict) else "workspace_diagnostics")
    )


def choose(editor: Editor, settings: dict[str, Any]) -> None:
    """Have the user change the settings."""
    editor.client.set_configuration(settings, section="review-lsp")
    changed = types.DidChangeConfigurationParams(None)
    editor.client.workspace_did_change_configuration(changed)


def changed_on_disk(editor: Editor, *files: Path) -> None:
    events = [types.FileEvent(file.as_uri(), types.FileChangeType.Changed) for file in files]
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(events))


async def offered_anew(editor: Editor) -> bool:
    """Wait for the next offer, and say whether it is one of all files."""
    offer = await until(lambda: editor.registered.pop(types.TEXT_DOCUMENT_DIAGNOSTIC, None))
    return is_offered(offer)


def findings(report: types.WorkspaceDiagnosticReport) -> dict[str, list[Any]]:
    return {
        row.uri: [item.code for item in row.items]
        for row in report.items
        if isinstance(row, types.WorkspaceFullDocumentDiagnosticReport)
    }


def results(report: types.WorkspaceDiagnosticReport) -> dict[str, str]:
    return {row.uri: row.result_id or "" for row in report.items}


async def test_it_is_off_unless_it_is_asked_for(project: Path) -> None:
    async with connected(VSCODE, project) as editor:
        assert not is_offered(editor.offered.diagnostic_provider)
    (project / "pyproject.toml").write_text("[tool.review-lsp]\nworkspace-diagnostics = true\n")
    async with connected(VSCODE, project) as editor:
        assert is_offered(editor.offered.diagnostic_provider)
    for capabilities in (NEOVIM, EGLOT):
        async with connected(capabilities, project, options=WANTED) as editor:
            assert editor.offered.diagnostic_provider is None, "what is pushed is not pulled, too"


async def test_all_files_are_reported_and_none_twice(project: Path) -> None:
    (project / "other").mkdir()
    (project / "other" / "silent.py").write_text("x = 1\n")
    (project / "test_pool.py").write_text(POOL)
    pool, copy = ((project / name).as_uri() for name in ("pool.py", "other/copy.py"))
    (project / "other" / "copy.py").write_text(POOL)
    async with connected(VSCODE, project, options=WANTED) as editor:
        first = await ask(editor, {})
        assert findings(first) == {pool: [RULE], copy: [RULE]}
        assert {row.version for row in first.items} == {None}
        again = await ask(editor, results(first))
        assert {row.kind for row in again.items} == {"unchanged"}
        # What is open is the editor's text, under the number that its own reports have.
        editor.open(project / "pool.py", POOL.replace(STRAY, HELD))
        single = await editor.pull(pool)
        third = await ask(editor, results(first))
        assert findings(third) == {pool: []}
        assert results(third)[pool] == single.result_id
        assert {row.uri: row.version for row in third.items} == {pool: 1, copy: None}
        (project / "other" / "copy.py").unlink()
        fourth = await ask(editor, results(third))
        assert findings(fourth) == {copy: []}
        assert copy not in findings(await ask(editor, results(fourth)))


async def test_reports_are_streamed_and_the_request_is_held_until_there_is_news(
    project: Path,
) -> None:
    uri = (project / "pool.py").as_uri()
    async with connected(VSCODE, project, options=WANTED) as editor:
        stream = Stream(editor)
        report = await ask(editor, {}, "first", "work")
        assert list(report.items) == []
        (row,) = stream.rows("first")
        assert _get(row, "uri") == uri
        kinds = [_get(value, "kind") for value in stream.values["work"]]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"
        known = {uri: str(_get(row, "resultId"))}
        held = asyncio.ensure_future(ask(editor, known, "second"))
        await asyncio.sleep(1)
        assert not held.done()
        editor.open(project / "pool.py", POOL.replace(STRAY, HELD))
        await held
        (row,) = stream.rows("second")
        assert list(_get(row, "items")) == []
        assert _get(row, "version") == 1


async def test_of_what_was_edited_since_nothing_old_is_told(project: Path) -> None:
    (project / "zzz").mkdir()
    for number in range(5):
        (project / "zzz" / f"pool{number}.py").write_text(POOL)
    async with connected(VSCODE, project, options=WANTED) as editor:
        stream = Stream(editor)
        uri = editor.open(project / "pool.py")
        assert len(await editor.diagnostics(uri)) == 1
        request = asyncio.create_task(ask(editor, {}, "pieces", "work"))
        # The open file comes first; the others wait until the editor rests.
        await asyncio.sleep(0.1)
        editor.insert(uri, 0, "# typed\n")
        await request
        told = {_get(row, "uri"): _get(row, "version") for row in stream.rows("pieces")}
        assert told.pop(uri, 2) == 2
        assert len(told) == 5
        shown = [value.get("percentage") for value in map(plain, stream.values["work"])]
        assert len({value for value in shown if value}) > 1, "it goes on, and not all at once"


def plain(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else dict(vars(value))


async def test_a_held_request_can_be_cancelled(project: Path) -> None:
    (project / "pool.py").unlink()
    async with connected(VSCODE, project, options=WANTED) as editor:
        protocol = editor.client.protocol
        request = protocol.send_request_async(
            types.WORKSPACE_DIAGNOSTIC,
            types.WorkspaceDiagnosticParams([], None, None, "held"),
            msg_id="held",
        )
        held = asyncio.ensure_future(request)
        await asyncio.sleep(0.5)
        assert not held.done()
        protocol.notify(types.CANCEL_REQUEST, types.CancelParams("held"))
        with pytest.raises(Exception, match="Request Cancelled"):
            async with asyncio.timeout(PATIENCE):
                await held
        assert await until(lambda: editor.client.protocol is protocol)


async def test_it_is_switched_by_the_settings(project: Path) -> None:
    uri = (project / "pool.py").as_uri()
    async with connected(VSCODE, project) as editor:
        offer = editor.offered.diagnostic_provider
        assert isinstance(offer, types.DiagnosticRegistrationOptions)
        assert not offer.workspace_diagnostics
        choose(editor, WANTED)
        assert await offered_anew(editor)
        first = await ask(editor, {})
        assert findings(first) == {uri: [RULE]}
        held = asyncio.ensure_future(ask(editor, results(first), "held"))
        stream = Stream(editor)
        await asyncio.sleep(0.5)
        assert not held.done()
        choose(editor, {})
        await held
        (row,) = stream.rows("held")
        assert (_get(row, "uri"), list(_get(row, "items"))) == (uri, [])
        assert not await offered_anew(editor)
        assert editor.withdrawn == [offer.id, offer.id]
        assert findings(await ask(editor, {})) == {}


async def test_it_is_switched_by_the_settings_that_are_asked_for_at_the_start(
    project: Path,
) -> None:
    async with connected(VSCODE, project, settings=WANTED) as editor:
        assert await offered_anew(editor)
        assert findings(await ask(editor, {})) == {(project / "pool.py").as_uri(): [RULE]}


async def test_it_is_switched_by_the_file_of_a_project(project: Path) -> None:
    uri = (project / "pool.py").as_uri()
    configuration = project / "pyproject.toml"
    async with connected(VSCODE, project) as editor:
        await editor.diagnostics(editor.open(project / "pool.py"))
        configuration.write_text("[tool.review-lsp]\nworkspace-diagnostics = true\n")
        changed_on_disk(editor, configuration)
        assert await offered_anew(editor)
        assert findings(await ask(editor, {})) == {uri: [RULE]}
        configuration.write_text("")
        changed_on_disk(editor, configuration)
        assert not await offered_anew(editor)


async def test_a_setting_that_changes_nothing_changes_no_offer(project: Path) -> None:
    async with connected(VSCODE, project, options=WANTED) as editor:
        choose(editor, {"profile": "strict"})
        choose(editor, {**WANTED, "profile": "strict"})
        await ask(editor, {})
        await asyncio.sleep(1)
        assert editor.withdrawn == []


async def test_who_cannot_be_told_later_is_offered_it_and_told_nothing(project: Path) -> None:
    uri = (project / "pool.py").as_uri()
    async with connected(LASTING, project) as editor:
        offer = editor.offered.diagnostic_provider
        assert isinstance(offer, types.DiagnosticOptions)
        assert offer.workspace_diagnostics
        stream = Stream(editor)
        held = asyncio.ensure_future(ask(editor, {}, "off"))
        await asyncio.sleep(1)
        assert not held.done()
        choose(editor, WANTED)
        await held
        (row,) = stream.rows("off")
        assert [item["code"] for item in _get(row, "items")] == [RULE]
        held = asyncio.ensure_future(ask(editor, {uri: _get(row, "resultId")}, "on"))
        await asyncio.sleep(1)
        assert not held.done()
        choose(editor, {})
        await held
        (row,) = stream.rows("on")
        assert list(_get(row, "items")) == []
        assert editor.withdrawn == []


@pytest.mark.parametrize("options", [WANTED, {}])
async def test_what_was_shown_of_a_document_is_taken_back_when_it_is_closed(
    options: dict[str, Any], project: Path
) -> None:
    place = project / "pool.py"
    place.write_text(POOL.replace(STRAY, HELD))
    async with connected(LASTING, project, options=options) as editor:
        first = await ask(editor, {})
        assert findings(first) == {}
        uri = editor.open(place, POOL)
        assert [row.code for row in await editor.diagnostics(uri)] == [RULE]
        editor.close(uri)
        # The client has forgotten under which number it knows them.
        second = await ask(editor, {})
        assert findings(second) == {uri: []}
        third = await ask(editor, results(second))
        assert not findings(third)


async def test_a_file_is_looked_at_again_when_what_it_depends_on_changes(project: Path) -> None:
    (project / "pool.py").unlink()
    service, utils = project / "service.py", project / "utils.py"
    service.write_text(SERVICE)
    utils.write_text(UTILS)
    async with connected(VSCODE, project, options=WANTED) as editor:
        first = await ask(editor, {})
        assert findings(first) == {service.as_uri(): [RULE]}
        utils.write_text(HARMLESS_UTILS)
        changed_on_disk(editor, utils)
        second = await ask(editor, results(first))
        assert findings(second) == {service.as_uri(): []}
        # An open text shadows what the disk has.
        uri = editor.open(utils, UTILS)
        third = await ask(editor, results(second))
        assert findings(third) == {service.as_uri(): [RULE]}
        editor.close(uri)
        fourth = await ask(editor, results(third))
        assert findings(fourth)[service.as_uri()] == []
