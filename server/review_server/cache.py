"""Keeps facts on disk, in the user's cache folder, so that unchanged files are not read again.

The cache is a convenience: it may be deleted at any time, several processes may use it at once, and
whatever goes wrong with it, a full disk, a broken file or a lock that is never given back, costs
speed only. What it holds is data that cannot execute. A key covers the text of a file, the form of
the facts, the code that makes them, and the Python that parses.

``REVIEW_LSP_CACHE_DIR`` moves it to another folder; ``REVIEW_LSP_NO_CACHE`` does without it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import sqlite3
import sys
import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = TypeVar("Answer")

_LOG = logging.getLogger(__name__)

FOLDER_VARIABLE = "REVIEW_LSP_CACHE_DIR"
OFF_VARIABLE = "REVIEW_LSP_NO_CACHE"
MOST_BYTES = 256 * 1024 * 1024
"""The size above which the facts that nobody used for longest go; a million lines take 40 MB."""

_FALSE = frozenset({"", "0", "false", "no", "off"})
_DAY = 86_400
_KEPT_AFTER_EVICTION = 0.75
_BATCH_BYTES = 4 * 1024 * 1024
_MOST_REBUILDS = 3
_PENALTY_S = 5.0
"""How long a cache that others lock is left alone."""

_LAYOUT = 2
"""The version of the table, part of the name of the file."""

# Reading the names of a text does not touch the pages of its facts, which lie behind them.
_SCHEMA = """
create table if not exists facts (
    key blob primary key, used integer not null, proof blob not null, names blob not null,
    units blob not null
)
"""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""What says that the file is not what it should be; the last is a table that is missing."""

_encode = msgspec.msgpack.Encoder().encode
_decode_names = msgspec.msgpack.Decoder(tuple[str, ...]).decode
_decode_units = msgspec.msgpack.Decoder(list[bytes]).decode


def is_wanted() -> bool:
    """Say whether the user wants a cache at all."""
    return os.environ.get(OFF_VARIABLE, "").lower() in _FALSE


def open_cache(*, patience: float = 0.5) -> FactsCache | None:
    """Return the user's cache, or None when none is wanted; see ``FactsCache``."""
    return FactsCache(patience=patience) if is_wanted() else None


def default_path() -> Path:
    """Return where the cache lies."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        import platformdirs  # noqa: PLC0415 -- not before it is needed, for the sake of the start

        folder = platformdirs.user_cache_dir("review-lsp", appauthor=False)
    return Path(folder) / f"facts-{_LAYOUT}.sqlite"


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


def _proof(key: bytes, names: bytes, units: bytes) -> bytes:
    """Return what tells a row that is as it was written; SQLite itself does not check."""
    digest = hashlib.blake2b(key, digest_size=8)
    digest.update(_encode((len(names), len(units))))
    digest.update(names)
    digest.update(units)
    return digest.digest()


class _Row(NamedTuple):
    """A row of the table, without its key."""

    used: int
    proof: bytes
    names: bytes
    units: bytes

    def is_intact(self, key: bytes) -> bool:
        """Say whether the row is as it was written."""
        try:
            return self.proof == _proof(key, self.names, self.units)
        except TypeError:
            # A broken file may say that they are of another type.
            return False


class FactsCache:
    """A shelf of facts in a SQLite file. Not for use by several threads."""

    def __init__(
        self, path: Path | None = None, *, patience: float = 0.5, most_bytes: int = MOST_BYTES
    ) -> None:
        """Name the cache; nothing is opened before it is used.

        Args:
            path: the file; by default one in the user's cache folder.
            patience: how many seconds to wait at most for others who write.
            most_bytes: how large the file may become.
        """
        self._path = path or default_path()
        self._patience = patience
        self._most_bytes = most_bytes
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._rebuilds = 0
        self._usable = True
        self._writable = True
        self._not_before = 0.0
        self._today = int(time.time()) // _DAY
        self._worn: list[bytes] = []
        self._waiting: list[tuple[bytes, _Row]] = []
        self._waiting_bytes = 0

    # Shelf

    def names(self, text: str) -> tuple[str, ...] | None:
        """Return the names that a text uses, or None when its facts are not kept."""
        key = key_of(text)
        found = self._find(key)
        if found is None:
            return None
        if found.used != self._today:
            self._worn.append(key)
        return _decode_names(found.names)

    def get(self, text: str) -> Sequence[bytes] | None:
        """Return the encoded facts of each unit of a text, or None when they are not kept."""
        found = self._find(key_of(text))
        return _decode_units(found.units) if found is not None else None

    def put(self, text: str, facts: Sequence[bytes], names: Sequence[str]) -> None:
        """Keep the encoded facts of each unit of a text, and the names that it uses.

        Until ``commit`` is called, nobody sees them.
        """
        if self._usable and self._writable:
            key, units, known = key_of(text), _encode(list(facts)), _encode(list(names))
            self._waiting.append((key, _Row(self._today, _proof(key, known, units), known, units)))
            self._waiting_bytes += len(units) + len(known)
            if self._waiting_bytes > _BATCH_BYTES:
                self.commit()

    def _find(self, key: bytes) -> _Row | None:
        values = self._attempt(
            lambda connection: connection.execute(
                "select used, proof, names, units from facts where key = ?", (key,)
            ).fetchone()
        )
        if values is None:
            return None
        row = _Row(*values)
        if row.is_intact(key):
            return row
        self._rebuild("a row is not as it was written")
        return None

    def commit(self) -> None:
        """Write what was put, all of it or nothing."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting and self._writable:
            rows = [(key, *row) for key, row in waiting]
            self._write("insert or replace into facts values (?, ?, ?, ?, ?)", rows)

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            # Others wait meanwhile, so that everything must be at hand by now.
            connection.execute("begin immediate")
            try:
                connection.executemany(statement, rows)
                connection.execute("commit")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("rollback")
                raise

        self._attempt(write, writes=True)

    def tidy(self) -> None:
        """Note what was used today, and let go of what was not used for longest if it is too much.

        A file that was deleted in the meantime is made anew.
        """
        self.commit()
        if self._is_gone():
            self._drop()
        worn, self._worn = self._worn, []
        if worn and self._writable:
            rows = [(self._today, key) for key in worn]
            self._write("update facts set used = ? where key = ?", rows)
        excess = self._attempt(_size) or 0
        if excess > self._most_bytes and self._writable:
            self._evict(excess - int(self._most_bytes * _KEPT_AFTER_EVICTION))

    def _evict(self, excess: int) -> None:
        rows = self._attempt(
            lambda connection: connection.execute(
                "select key, length(units) + length(names) from facts order by used"
            ).fetchall()
        )
        doomed = []
        for key, size in rows or ():
            if excess <= 0:
                break
            doomed.append((key,))
            excess -= size
        self._write("delete from facts where key = ?", doomed)
        # As a script, for it gives one page back a step, and has no rows that would be fetched.
        self._attempt(
            lambda connection: connection.executescript("pragma incremental_vacuum"), writes=True
        )

    def close(self) -> None:
        """Let go of the file."""
        self.commit()
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    # Trouble

    def _attempt(
        self, work: Callable[[sqlite3.Connection], Answer], *, writes: bool = False
    ) -> Answer | None:
        """Do something with the file; None when that was not possible."""
        if not self._usable or time.monotonic() < self._not_before:
            return None
        try:
            if self._connection is None:
                self._connection = self._open()
            return work(self._connection)
        except (sqlite3.Error, OSError, ValueError, MemoryError) as error:
            # A broken file may even have sqlite3 fail to decode its own message.
            self._fail(error, writes=writes)
            return None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
        try:
            # With a journal that is rolled back, a process that is killed leaves a file that is
            # whole. The write-ahead log would need a file that all processes map into their
            # memory, and whoever cuts that off kills them.
            connection.execute("pragma auto_vacuum = incremental")
            connection.execute("pragma journal_mode = truncate").fetchall()
            connection.execute("pragma synchronous = off")
            connection.execute("pragma cache_spill = off")
            if not connection.execute(
                "select 1 from sqlite_schema where name = 'facts'"
            ).fetchone():
                connection.execute(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        self._inode = self._identity()
        return connection

    def _identity(self) -> int:
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    def _is_gone(self) -> bool:
        """Say whether the file that is open is no longer the one of that name."""
        return self._connection is not None and self._identity() != self._inode

    def _fail(self, error: Exception, *, writes: bool) -> None:
        code = getattr(error, "sqlite_errorcode", None)
        code = code & 0xFF if isinstance(code, int) else None
        if code in _BUSY:
            self._not_before = time.monotonic() + _PENALTY_S
        elif self._is_gone():
            # The next attempt makes another.
            self._drop()
        elif (
            code in _BROKEN
            or isinstance(error, ValueError)
            or (code == sqlite3.SQLITE_IOERR and not writes)
        ):
            self._rebuild(str(error))
        elif writes and self._connection is not None:
            _LOG.warning("Nothing more is written to the cache %s: %s", self._path, error)
            self._writable = False
        else:
            self._give_up(str(error))

    def _rebuild(self, why: str) -> None:
        """Remove a file that is no cache of ours, so that it is made anew."""
        self._drop()
        self._rebuilds += 1
        if self._rebuilds > _MOST_REBUILDS:
            self._give_up(why)
            return
        _LOG.warning("The cache %s is broken and begun anew: %s", self._path, why)
        # Somebody else may have done so already.
        if self._inode in (0, self._identity()):
            for suffix in ("", "-journal"):
                with contextlib.suppress(OSError):
                    self._path.with_name(self._path.name + suffix).unlink()
        self._inode = 0

    def _give_up(self, why: str) -> None:
        _LOG.warning("The cache %s is not used: %s", self._path, why)
        self._usable = False
        self._drop()


def _size(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("pragma page_count").fetchone()
    (bytes_each,) = connection.execute("pragma page_size").fetchone()
    return int(pages) * int(bytes_each)
