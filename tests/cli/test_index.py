"""``review-lsp index``, and what the cache means for ``check``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from review_server.cache import FOLDER_VARIABLE, OFF_VARIABLE, default_path
from support.commands import Run, spawn
from support.pools import BARE, POOL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))


def test_the_cache_is_filled_once(project: Path, run: Run) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_pool.py").write_text("")
    (project / "inner").mkdir()
    (project / "inner" / "setup.py").write_text("")
    first = run("index")
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[:2] == [
        f"{project}/inner: 1 file, 1 read, 0 known",
        f"{project}: 1 file, 1 read, 0 known",
    ]
    assert re.fullmatch(rf"{re.escape(str(default_path()))}: \d\.\d MiB", first.out.splitlines()[2])
    (project / "new.py").write_text("x = 1\n")
    again = run("index", project / "pool.py")
    assert again.out.splitlines()[0] == f"{project}: 2 files, 1 read, 1 known"


def test_what_cannot_be_had(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("index", project / "missing")
    assert done.code == 2
    assert "missing" in done.err
    monkeypatch.setenv(OFF_VARIABLE, "1")
    done = run("index")
    assert done.code == 2
    assert "REVIEW_LSP_NO_CACHE" in done.err


def test_without_the_cache_nothing_is_written(project: Path, run: Run) -> None:
    (project / "pool.py").write_text(POOL)
    (project / "api.py").write_text(BARE)
    plain = run("check", "--no-cache")
    assert not default_path().exists()
    assert run("check") == plain
    assert default_path().exists()
    # Now from the cache.
    assert run("check") == plain
    assert plain.out.count("unguarded-write") == 1
    assert "REVIEW_LSP_NO_CACHE" not in spawn("check").err


def test_one_file_is_judged_by_the_whole_project(project: Path, run: Run) -> None:
    (project / "pool.py").write_text(POOL)
    assert run("check", "pool.py").code == 0
    (project / "api.py").write_text(BARE)
    done = run("check", "--output-format", "json", "pool.py")
    assert [row["code"] for row in json.loads(done.out)] == ["unguarded-write"]
    # Test code is no caller.
    (project / "api.py").rename(project / "test_api.py")
    assert run("check", "pool.py").code == 0


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("damage", ["garbage", "folder"])
def test_a_broken_cache_changes_no_answer(run: Run, damage: str) -> None:
    plain = run("check")
    assert plain.code == 1
    path = default_path()
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if damage == "garbage":
        path.write_bytes(b"no database" * 500)
    else:
        path.mkdir()
    assert run("check").out == plain.out
    assert run("index").code == 0
    assert run("check").out == plain.out
