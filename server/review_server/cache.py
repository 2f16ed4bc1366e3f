"""Keeps facts on disk, in the user's cache folder, so that unchanged files are not read again.

The cache is a convenience: it may be deleted at any time, several processes may use it at once, and
whatever goes wrong with it, a full disk or a broken file, costs speed only. What it holds is
data that cannot execute. A key covers the text of a file, the form of the facts, the code that
makes them, and the Python that parses.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import sqlite3
import sys
import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import platformdirs

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOG = logging.getLogger(__name__)
_DAY = 86_400
_KEPT_DAYS = 30
_PATIENCE_S = 0.5
_SCHEMA = """
create table if not exists facts (key blob primary key, value blob not null, day integer not null)
without rowid
"""


def default_path() -> Path:
    """Return where the cache lies unless the user says otherwise."""
    return Path(platformdirs.user_cache_dir("review-lsp")) / "facts.sqlite"


@functools.cache
def _maker() -> bytes:
    """Return a digest of all that decides which facts a text yields."""
    digest = hashlib.blake2b(repr(sys.version_info[:2]).encode(), digest_size=16)
    for package in ("review_checks.facts", "review_checks.text"):
        for entry in sorted(resources.files(package).iterdir(), key=lambda item: item.name):
            if entry.name.endswith(".py"):
                digest.update(entry.read_bytes())
    return digest.digest()


def key_of(text: str) -> bytes:
    """Return the key of a file's facts."""
    digest = hashlib.blake2b(_maker(), digest_size=20)
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()


class FactsCache:
    """A shelf of facts in a SQLite file; without a file it keeps nothing."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or make the cache at ``path``, a file in the user's cache folder by default."""
        self._path = path or default_path()
        self._connection: sqlite3.Connection | None = None
        self._today = int(time.time()) // _DAY
        self._open()

    def _open(self) -> None:
        for attempt in range(2):
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(
                    self._path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
                )
                # A writer does not keep readers out, and a process that is killed leaves a file
                # that is whole.
                connection.execute("pragma journal_mode = wal")
                connection.execute("pragma synchronous = off")
                connection.execute(_SCHEMA)
            except sqlite3.OperationalError as error:
                _LOG.info("the cache %s cannot be used: %s", self._path, error)
                return
            except (sqlite3.DatabaseError, OSError) as error:
                _LOG.info("the cache %s is broken: %s", self._path, error)
                if attempt == 0:
                    self._discard()
            else:
                self._connection = connection
                return

    def _discard(self) -> None:
        """Remove a file that is no cache of ours."""
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink()

    def get(self, text: str) -> Sequence[bytes] | None:
        """Return the encoded facts of each unit of a text, or None when they are not kept."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(
                "select value from facts where key = ?", (key_of(text),)
            ).fetchone()
            return msgspec.msgpack.decode(row[0], type=list[bytes]) if row is not None else None
        except (sqlite3.Error, msgspec.DecodeError) as error:
            self._fail(error)
            return None

    def put(self, text: str, facts: Sequence[bytes]) -> None:
        """Keep the encoded facts of each unit of a text."""
        if self._connection is None:
            return
        value = msgspec.msgpack.encode(list(facts))
        try:
            self._connection.execute(
                "insert or replace into facts values (?, ?, ?)", (key_of(text), value, self._today)
            )
        except sqlite3.Error as error:
            self._fail(error)

    def tidy(self) -> None:
        """Forget what was kept long ago."""
        if self._connection is None:
            return
        try:
            self._connection.execute("delete from facts where day < ?", (self._today - _KEPT_DAYS,))
        except sqlite3.Error as error:
            self._fail(error)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _fail(self, error: Exception) -> None:
        """Go on without the cache, but for a lock that others hold for the moment."""
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return
        _LOG.info("the cache %s is left alone from now on: %s", self._path, error)
        self.close()
