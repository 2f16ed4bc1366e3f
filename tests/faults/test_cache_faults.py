"""Whatever happens to the cache's file, the answers are right, and what is kept is what was put."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from review_server import cache as module
from review_server.cache import FactsCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = [f"text {number}" for number in range(30)]


def facts_of(text: str) -> list[bytes]:
    return [text.encode() * 100, b"", text.encode()]


def fill(cache: FactsCache) -> None:
    for text in TEXTS:
        cache.put(text, facts_of(text), (text, "name"))
    cache.commit()


def assert_right(cache: FactsCache) -> int:
    """Check that nothing wrong is answered; return how much is answered at all."""
    found = 0
    for text in TEXTS:
        facts, names = cache.get(text), cache.names(text)
        assert facts in (None, facts_of(text))
        assert names in (None, (text, "name"))
        found += facts is not None
    return found


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [row.getMessage() for row in caplog.records if row.levelno >= logging.WARNING]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "facts.sqlite"


@pytest.fixture
def cache(path: Path) -> FactsCache:
    made = FactsCache(path)
    fill(made)
    assert assert_right(made) == len(TEXTS)
    return made


def damage(path: Path, chance: random.Random) -> str:
    """Do something to a file that nobody should do."""
    size = path.stat().st_size if path.exists() else 0
    kind = chance.choice(["delete", "truncate", "empty", "flip", "garbage", "replace", "none"])
    if kind == "delete" or not size:
        path.unlink(missing_ok=True)
    elif kind == "truncate":
        os.truncate(path, chance.randrange(size))
    elif kind == "empty":
        os.truncate(path, 0)
    elif kind == "flip":
        with path.open("r+b") as stream:
            for _ in range(chance.randrange(1, 200)):
                stream.seek(chance.randrange(size))
                stream.write(bytes([chance.randrange(256)]))
    elif kind == "garbage":
        path.write_bytes(chance.randbytes(chance.randrange(1, 50_000)))
    elif kind == "replace":
        other = path.with_suffix(".other")
        other.write_bytes(chance.randbytes(5_000))
        other.replace(path)
    return kind


@pytest.mark.parametrize("seed", range(25))
def test_damage_at_random_moments(path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_REBUILDS", 1000)
    monkeypatch.setattr(module, "_PENALTY_S", 0.0)
    chance = random.Random(seed)  # noqa: S311 -- not for secrets
    one, other = FactsCache(path), FactsCache(path)
    for _ in range(15):
        damage(path, chance)
        cache = chance.choice([one, other])
        for work in chance.choices([fill, assert_right, FactsCache.tidy], k=3):
            work(cache)
            if chance.random() < 0.3:
                damage(path, chance)
        assert_right(one)
        assert_right(other)
    # When it is left alone, it is as good as new.
    one.tidy()
    fill(one)
    assert_right(one)
    fill(one)
    assert assert_right(one) == len(TEXTS)
    assert assert_right(FactsCache(path)) == len(TEXTS)


def test_a_broken_file_is_begun_anew_with_one_line(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"no database at all" * 100)
    cache = FactsCache(path)
    assert cache.get("text 1") is None
    fill(cache)
    assert assert_right(cache) == len(TEXTS)
    (line,) = warnings(caplog)
    assert "is broken and begun anew" in line


def test_a_row_that_was_tampered_with_is_not_believed(
    cache: FactsCache, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for value in (b"\x91\xc4\x03bad", "a text", None):
        with contextlib.suppress(sqlite3.IntegrityError), sqlite3.connect(path) as connection:
            connection.execute("update facts set units = ?", (value,))
        assert cache.get("text 1") in (None, facts_of("text 1"))
        fill(cache)
    assert assert_right(cache) == len(TEXTS)
    assert all("not as it was written" in line for line in warnings(caplog))
    assert warnings(caplog)


def test_a_file_that_breaks_again_and_again_is_left_alone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = FactsCache(path)
    for _ in range(10):
        path.write_bytes(b"no database" * 1000)
        cache._drop()
        assert cache.get("text 1") is None
    assert "is not used" in warnings(caplog)[-1]
    assert len(warnings(caplog)) == module._MOST_REBUILDS + 1
    path.unlink()
    fill(cache)
    assert not path.exists()


def test_a_lock_that_is_not_given_back_costs_no_time(
    cache: FactsCache, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []
    monkeypatch.setattr(module.time, "monotonic", lambda: len(waits) / 1000)
    hasty = FactsCache(path, patience=0.0)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("begin exclusive")
        assert hasty.get("text 1") is None
        assert not hasty._usable or hasty._not_before > 0
        # It does not even try for a while.
        monkeypatch.setattr(hasty, "_open", lambda: waits.append(1))
        assert assert_right(hasty) == 0
        assert not waits
        monkeypatch.undo()
        holder.execute("rollback")
    hasty._not_before = 0.0
    assert assert_right(hasty) == len(TEXTS)
    assert assert_right(cache) == len(TEXTS)


def test_a_folder_that_cannot_be_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    cache = FactsCache(tmp_path / "file" / "below" / "facts.sqlite")
    fill(cache)
    assert assert_right(cache) == 0
    cache.tidy()
    cache.close()
    assert len(warnings(caplog)) == 1


def test_a_folder_in_place_of_the_file(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir()
    cache = FactsCache(path)
    fill(cache)
    assert assert_right(cache) == 0
    assert len(warnings(caplog)) == 1


def _mounted(folder: Path, options: str) -> bool:
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    command = [mount, "-t", "tmpfs", "-o", options, "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    if not _mounted(folder, "size=256k"):
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_costs_only_the_cache(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = small_disk / "facts.sqlite"
    cache = FactsCache(path)
    fill(cache)
    assert assert_right(cache) == len(TEXTS)
    for number in range(20):
        cache.put(f"large {number}", [os.urandom(50_000)], ())
        cache.commit()
    assert assert_right(cache) == len(TEXTS), "what was kept before is still there"
    (line,) = warnings(caplog)
    assert "Nothing more is written" in line
    assert "full" in line
    assert assert_right(FactsCache(path)) == len(TEXTS)


def test_a_disk_that_is_full_from_the_start(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(200_000))
    with contextlib.suppress(OSError), (small_disk / "more").open("wb") as stream:
        while True:
            stream.write(bytes(4096))
    cache = FactsCache(small_disk / "facts.sqlite")
    fill(cache)
    assert assert_right(cache) == 0
    cache.tidy()


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="limits are those of POSIX")
def test_a_limit_on_the_size_of_files(path: Path) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from review_server.cache import FactsCache\n"
        "cache = FactsCache(Path(sys.argv[1]))\n"
        "cache.put('small', [b'x'], ()); cache.commit()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "cache.put('large', [bytes(200_000)], ()); cache.commit()\n"
        "print(cache.get('small'), cache.get('large'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True, text=True, check=True, env=dict(os.environ),
    )  # fmt: skip
    assert done.stdout == "[b'x'] None\n"
    assert done.stderr.count("Nothing more is written") == 1


def test_a_read_only_folder_can_still_be_read(
    cache: FactsCache, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.close()
    reader = FactsCache(path)
    opened = FactsCache._open(reader)
    # Permissions do not bind root, so that the connection itself refuses to write.
    opened.execute("pragma query_only = on")
    monkeypatch.setattr(reader, "_open", lambda: opened)
    assert assert_right(reader) == len(TEXTS)
    reader.put("more", [b""], ())
    reader.commit()
    reader.tidy()
    assert not reader._writable
    assert assert_right(reader) == len(TEXTS)


WRITER = """
import sys
from pathlib import Path
from review_server.cache import FactsCache
cache = FactsCache(Path(sys.argv[1]), patience=5)
number = 0
while True:
    for text in [f"text {n}" for n in range(30)]:
        cache.put(text, [text.encode() * 100, b"", text.encode()], (text, "name"))
    cache.commit()
    number += 1
    if number == 1:
        print("begun", flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_whole_file(path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 -- see above
    for _ in range(8):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begun\n"
            reader = FactsCache(path, patience=5)
            for _ in range(chance.randrange(1, 60)):
                assert reader.get("text 3") == facts_of("text 3")
            writer.kill()
        reader._not_before = 0.0
        assert assert_right(reader) == len(TEXTS)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
