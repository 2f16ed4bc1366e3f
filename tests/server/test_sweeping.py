"""What a sweep remembers of files that are not open, and what it does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from e2e.inside import PULLING, Inside
from e2e.samples import HARMLESS_UTILS, POOL, SERVICE, UTILS
from review_server import sweeping
from review_server.features.workspace_diagnostic import _Sweep
from review_server.sweeping import Row

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio
FILES = 12


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose files are more than a sweep may remember."""
    monkeypatch.setattr(sweeping, "_MOST_CELLS", 100)
    (tmp_path / "pyproject.toml").write_text("[tool.review-lsp]\nworkspace-diagnostics = true\n")
    (tmp_path / "utils.py").write_text(UTILS)
    for number in range(FILES):
        (tmp_path / f"service{number}.py").write_text(SERVICE)
    return tmp_path.resolve()


class Sweeps:
    """The sweeps of a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Inside(PULLING, folder.as_uri()).server
        self.session = self.server.session
        self.project = self.session.projects.of(str(folder / "utils.py"))
        self.known: dict[str, str] = {}

    async def rows(self) -> dict[str, Row]:
        """Return what a sweep has to say, by the names of the files."""
        sweeper = self.session.sweeper
        files = await sweeper.files()
        found = {row.uri.rpartition("/")[2]: row async for row in sweeper.rows(files, self.known)}
        self.known.update((row.uri, row.result) for row in found.values())
        return {name: row for name, row in found.items() if row.rows is not None}

    @property
    def computed(self) -> int:
        return self.project.analysis.db.computed


async def test_cells_of_files_that_were_looked_at_are_forgotten(folder: Path) -> None:
    sweeps = Sweeps(folder)
    most = 0

    def note() -> None:
        nonlocal most
        most = max(most, sweeps.project.analysis.size)

    let_go = sweeps.project.analysis.let_go
    sweeps.project.analysis.let_go = lambda: (note(), let_go())[1]  # type: ignore[method-assign]
    assert len(await sweeps.rows()) == FILES
    assert 100 < most < 500
    assert sweeps.project.analysis.size < 300


async def test_what_was_looked_at_is_not_looked_at_again(folder: Path) -> None:
    sweeps = Sweeps(folder)
    await sweeps.rows()
    computed = sweeps.computed
    assert await sweeps.rows() == {}
    assert sweeps.computed == computed


async def test_a_change_concerns_those_that_depend_on_it(folder: Path) -> None:
    sweeps = Sweeps(folder)
    before = dict(sweeps.known, **{row.uri: row.result for row in (await sweeps.rows()).values()})
    (folder / "service3.py").write_text(SERVICE.replace("def remove", "# More.\n    def remove"))
    sweeps.session.files_changed([str(folder / "service3.py")])
    assert (await sweeps.rows()).keys() == {"service3.py"}
    (folder / "utils.py").write_text(HARMLESS_UTILS)
    sweeps.session.files_changed([str(folder / "utils.py")])
    changed = await sweeps.rows()
    assert len(changed) == FILES
    assert {len(row.rows or ()) for row in changed.values()} == {0}
    assert set(before.values()).isdisjoint(row.result for row in changed.values())


async def test_rows_that_come_out_equal_are_no_news(folder: Path) -> None:
    sweeps = Sweeps(folder)
    await sweeps.rows()
    (folder / "utils.py").write_text(UTILS + "\n\ndef more():\n    pass\n")
    sweeps.session.files_changed([str(folder / "utils.py")])
    computed = sweeps.computed
    assert await sweeps.rows() == {}
    assert sweeps.computed > computed


async def test_who_has_forgotten_the_rows_is_sent_them_again(folder: Path) -> None:
    sweeps = Sweeps(folder)
    first = await sweeps.rows()
    sweeps.known.clear()
    assert await sweeps.rows() == first


async def test_nothing_is_remembered_when_nothing_is_wanted_any_more(folder: Path) -> None:
    sweeps = Sweeps(folder)
    await sweeps.rows()
    (folder / "pyproject.toml").write_text("")
    sweeps.session.files_changed([str(folder / "pyproject.toml")])
    gone = await sweeps.rows()
    assert len(gone) == FILES
    assert {len(row.rows or ()) for row in gone.values()} == {0}
    assert sweeps.session.sweeper._told == {}
    assert not sweeps.project.analysis._store.files
    assert not sweeps.project.analysis.stands(str(folder / "service1.py"))
    await asyncio.sleep(0)
    assert await sweeps.rows() == {}


async def test_what_was_edited_before_it_was_sent_is_left_out() -> None:
    server = Inside(PULLING)
    server.open("untitled:one", POOL)
    server.open("untitled:two", POOL)
    sweep = _Sweep(server.server, "pieces")
    for uri in ("untitled:one", "untitled:two"):
        sweep.add(Row(uri, 1, "result", [b"{}"]))
    server.change("untitled:one", {"text": POOL})
    sweep.rest()
    (sent,) = [row["params"] for row in server.sent if row.get("method") == "$/progress"]
    assert [row["uri"] for row in sent["value"]["items"]] == ["untitled:two"]
