"""The facts cache: what is put comes back, to everybody, for as long as there is room."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from review_checks.engine.mentions import survey
from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_server import cache as module
from review_server.cache import FOLDER_VARIABLE, OFF_VARIABLE, FactsCache, default_path, open_cache
from support.commands import POOL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "facts.sqlite"


def test_what_is_put_comes_back(path: Path) -> None:
    cache = FactsCache(path)
    assert (cache.get("a"), cache.names("a")) == (None, None)
    cache.put("a", [b"1", b""], ("x", "y"))
    cache.put("\ud800", [], ())
    cache.commit()
    assert (cache.get("a"), cache.names("a")) == ([b"1", b""], ("x", "y"))
    assert (cache.get("\ud800"), cache.names("\ud800")) == ([], ())
    cache.close()
    assert FactsCache(path).get("a") == [b"1", b""]


def test_servers_share_it(path: Path) -> None:
    one, other = FactsCache(path), FactsCache(path)
    assert other.get("a") is None
    one.put("a", [b"1"], ("x",))
    other.put("b", [b"2"], ())
    other.commit()
    one.commit()
    assert one.get("b") == [b"2"]
    assert other.get("a") == [b"1"]


def test_nothing_is_seen_before_it_is_committed(path: Path) -> None:
    one, other = FactsCache(path), FactsCache(path)
    one.put("a", [b"1"], ())
    assert other.get("a") is None
    one.close()
    assert other.get("a") == [b"1"]


def test_facts_of_another_version_are_not_found(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FactsCache(path)
    cache.put("a", [b"1"], ())
    cache.commit()
    monkeypatch.setattr(module, "_maker", lambda: b"other code")
    assert cache.get("a") is None


def test_what_was_not_used_for_longest_goes_first(path: Path) -> None:
    cache = FactsCache(path, most_bytes=400_000)
    for name in ("old", "worn", "new"):
        cache._today = {"old": 10, "worn": 20, "new": 30}[name]
        for number in range(20):
            cache.put(f"{name}{number}", [bytes(10_000)], ())
        cache.commit()
    # What is looked up is used.
    cache._today = 40
    assert all(cache.names(f"old{number}") is not None for number in range(0, 20, 2))
    assert path.stat().st_size > 600_000
    cache.tidy()
    assert path.stat().st_size <= 400_000
    kept = {
        name: sum(cache.get(f"{name}{number}") is not None for number in range(20))
        for name in ("old", "worn", "new")
    }
    assert kept["old"] == 10
    assert kept["worn"] == 0
    assert kept["new"] > 10


def test_the_environment_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert default_path().parent == tmp_path
    assert open_cache() is not None
    for value in ("1", "yes", "TRUE"):
        monkeypatch.setenv(OFF_VARIABLE, value)
        assert open_cache() is None
    monkeypatch.setenv(OFF_VARIABLE, "0")
    assert open_cache() is not None
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert default_path().is_relative_to(tmp_path / "home")


def test_facts_from_the_cache_lead_to_the_same_findings(path: Path) -> None:
    cache = FactsCache(path)
    torn = f"{POOL}\n\ndef broken(:\n    pass\n\n\ndef sound(x):\n    return x\n"
    for text in (POOL, torn):
        assert cache.get(text) is None
        survey(text, cache)
        cache.commit()
        assert cache.get(text) is not None
        plain, cached = Workspace(MemorySource({})), Workspace(MemorySource({}), None, cache)
        for workspace in (plain, cached):
            workspace.open("pool.py", text)
        assert len(plain.findings("pool.py")) == 1
        assert cached.findings("pool.py") == plain.findings("pool.py")
        assert cached.unread("pool.py") == plain.unread("pool.py")


def test_it_holds_nothing_that_executes(path: Path) -> None:
    cache = FactsCache(path)
    survey(POOL, cache)
    cache.close()
    with sqlite3.connect(path) as connection:
        kinds = connection.execute("select type from sqlite_schema").fetchall()
    assert set(kinds) <= {("table",), ("index",)}, "no triggers, no views"
