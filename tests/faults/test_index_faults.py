"""Surveyors are killed and the cache is broken at random moments: the answers stay right."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
from typing import TYPE_CHECKING

import pytest

from review_server.cache import FOLDER_VARIABLE, default_path
from review_server.indexing import crew as crew_module
from review_server.indexing.status import State
from support.commands import POOL, spawn
from support.indexing import Indexed, indexing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.asyncio

FILES = 150


@pytest.fixture(autouse=True)
def _cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(crew_module, "_MOST_LOSSES", 1000)
    monkeypatch.setattr(crew_module, "_MOST_TRIES", 1000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path.resolve() / "service"
    made.mkdir()
    (made / "pyproject.toml").write_text("")
    for number in range(FILES):
        text = (
            f"import shared\n\nshared.call{number}()\n\n\n{POOL.replace('Pool', f'Pool{number}')}"
        )
        (made / f"module{number}.py").write_text(text)
    return made


async def disturbed(made: Indexed, disturb: Callable[[], None], chance: random.Random) -> int:
    """Index while something goes wrong again and again; return how often it did."""
    made.index.start()
    count = 0
    while made.index._task is not None and count < 40:
        await asyncio.sleep(chance.uniform(0.0, 0.15))
        disturb()
        count += 1
    await made.settle()
    return count


def assert_right(made: Indexed) -> None:
    assert made.index.status.total == FILES
    assert len(made.users("shared")) == FILES
    for number in range(0, FILES, 7):
        path = f"module{number}.py"
        assert made.users(f"call{number}") == [path]
        (finding,) = made.project.analysis.findings(str(made.root / path))
        assert finding.rule == "unguarded-write"


@pytest.mark.parametrize("seed", range(3))
async def test_surveyors_are_killed(root: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- not for secrets
    signals = [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV]

    async with indexing(root) as made:

        def kill() -> None:
            for process in made.index.processes:
                if chance.random() < 0.5:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, chance.choice(signals))

        assert await disturbed(made, kill, chance) > 1
        assert made.index.status.state is State.IDLE
        assert_right(made)


@pytest.mark.parametrize("seed", range(4))
async def test_the_cache_is_broken(root: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- not for secrets
    path = default_path()

    def damage() -> None:
        size = path.stat().st_size if path.exists() else 0
        kind = chance.choice(["delete", "truncate", "flip", "journal", "folder"])
        if kind == "folder" and path.parent.exists():
            for file in path.parent.iterdir():
                file.unlink(missing_ok=True)
        elif not size:
            return
        elif kind == "truncate":
            os.truncate(path, chance.randrange(size))
        elif kind == "flip":
            with path.open("r+b") as stream:
                for _ in range(50):
                    stream.seek(chance.randrange(size))
                    stream.write(bytes([chance.randrange(256)]))
        elif kind == "journal":
            path.with_name(f"{path.name}-journal").write_bytes(chance.randbytes(3000))
        else:
            path.unlink()

    async with indexing(root) as made:
        await disturbed(made, damage, chance)
        assert made.index.status.state is State.IDLE
        assert_right(made)
    async with indexing(root) as made:
        await made.full()
        assert_right(made)


async def test_the_cache_is_locked_for_good(root: Path) -> None:
    path = default_path()
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("begin exclusive")
        async with indexing(root) as made:
            await made.full()
            assert_right(made)


async def test_the_cache_cannot_be_written(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "below"))
    async with indexing(root) as made:
        await made.full()
        assert_right(made)


async def test_there_is_no_cache(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEW_LSP_NO_CACHE", "1")
    async with indexing(root) as made:
        await made.full()
        assert_right(made)
    assert not default_path().parent.exists()


async def test_surveyors_that_never_stay(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_MOST_LOSSES", 4)
    (root / "sitecustomize.py").write_text("import os\n\nos._exit(1)\n")
    monkeypatch.setenv("PYTHONPATH", f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    async with indexing(root) as made:
        made.index.start()
        status = await made.settle()
        assert status.state is State.DEGRADED
        assert "end before they are done" in status.reason
        # What is asked for is still answered.
        (finding,) = made.project.analysis.findings(str(root / "module3.py"))
        assert finding.rule == "unguarded-write"
        (root / "sitecustomize.py").unlink()
        made.index.restart()
        assert (await made.settle()).state is State.IDLE
        assert_right(made)


async def test_commands_and_servers_at_once(root: Path) -> None:
    async with indexing(root) as one, indexing(root) as other:
        one.index.start()
        other.index.start()
        done = await asyncio.to_thread(spawn, "index", root)
        assert (done.code, done.err) == (0, "")
        assert f"{FILES} files" in done.out
        await asyncio.gather(one.settle(), other.settle())
        for made in (one, other):
            assert_right(made)
    again = await asyncio.to_thread(spawn, "index", root)
    assert f"{root}: {FILES} files, 0 read, {FILES} known" in again.out
