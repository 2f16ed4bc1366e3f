"""Findings of files that are not open, for those who ask for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from e2e.clients import EGLOT, NEOVIM, VSCODE
from e2e.editor import PATIENCE, Editor, connected, until
from e2e.samples import HELD, POOL, RULE, STRAY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

WANTED = {"workspace-diagnostics": True}
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
        provider = editor.offered.diagnostic_provider
        assert isinstance(provider, types.DiagnosticOptions)
        assert not provider.workspace_diagnostics
    (project / "pyproject.toml").write_text("[tool.review-lsp]\nworkspace-diagnostics = true\n")
    async with connected(VSCODE, project) as editor:
        provider = editor.offered.diagnostic_provider
        assert isinstance(provider, types.DiagnosticOptions)
        assert provider.workspace_diagnostics
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
        with pytest.raises(Exception, match="cancel"):
            async with asyncio.timeout(PATIENCE):
                await held
        assert await until(lambda: editor.client.protocol is protocol)
