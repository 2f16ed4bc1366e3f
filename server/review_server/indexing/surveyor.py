"""A process that surveys files for a server, or for a command, that it does not outlive.

Requests come on standard input, answers go to standard output. It reads files and its cache, and
executes nothing of what it reads.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import os
import queue
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from review_checks.engine.keeping import NoShelf
from review_checks.engine.mentions import survey
from review_server.cache import FactsCache, open_cache
from review_server.files import by_folder, first_lines, walk
from review_server.indexing.messages import (
    LENGTH_BYTES,
    Done,
    List,
    Listed,
    Row,
    Survey,
    Surveyed,
    decode_request,
    framed,
)
from review_server.project import decode, find_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from review_checks.engine.keeping import Shelf
    from review_server.indexing.messages import Answer, Members, Request

_NICENESS = 10
_MOST_BYTES_A_CHARACTER = 4


class Surveyor:
    """Answers requests, one after the other."""

    def __init__(self, cache: FactsCache | None) -> None:
        """Use a cache, if there is one."""
        self._cache = cache
        self._shelf: Shelf = cache or NoShelf()
        self._fresh = 0
        self._root_of = functools.lru_cache(maxsize=4096)(_root_of)

    def answer(self, request: Request) -> Answer:
        """Do what is asked for."""
        if isinstance(request, List):
            return self._list(request)
        if isinstance(request, Survey):
            self._fresh = 0
            rows = tuple(self._rows(request))
            if self._cache is not None:
                self._cache.commit()
            return Surveyed(rows, self._fresh)
        if self._cache is not None:
            self._cache.tidy()
        return Done()

    def _list(self, request: List) -> Listed:
        # Folders that became projects since, or are none any more, are seen now.
        self._root_of.cache_clear()
        selection = request.members.selection()
        paths: dict[str, None] = {}
        inner: dict[str, None] = {}
        for path in walk(selection.root, lambda _: None):
            real = os.path.realpath(path)
            root = self._root_of(os.path.dirname(real))  # noqa: PTH120 -- there may be thousands
            if root != selection.root:
                if root.startswith(selection.root + os.sep):
                    inner[root] = None
            elif selection.is_checked(real):
                if len(paths) == request.most:
                    return Listed(_in_order(paths), tuple(inner), complete=False)
                paths[real] = None
        return Listed(_in_order(paths), tuple(inner), complete=True)

    def _rows(self, request: Survey) -> Iterator[Row]:
        for path in request.paths:
            row = self._row(path, request.members)
            if row is not None:
                yield row

    def _row(self, path: str, members: Members) -> Row | None:
        """Return the row of a file, or None when it is no member of the project."""
        selection = members.selection()
        try:
            status = Path(path).stat()
            # Reading a pipe, or what a driver makes up, may never end.
            if not stat.S_ISREG(status.st_mode) or not selection.is_checked(path):
                return None
            if self._root_of(os.path.dirname(path)) != members.root:  # noqa: PTH120 -- see above
                return None
            if status.st_size > _MOST_BYTES_A_CHARACTER * members.limit:
                return Row(path, status.st_size.to_bytes(8, "big"), ())
            raw = Path(path).read_bytes()
        except OSError:
            return None
        if not selection.is_checked(path, first_lines(raw)):
            return None
        text = decode(raw)
        digest = hashlib.blake2b(raw, digest_size=12).digest()
        if text is None or len(text) > members.limit:
            return Row(path, digest, ())
        names = self._shelf.names(text)
        if names is None:
            self._fresh += 1
            names = survey(text, self._shelf)
        return Row(path, digest, tuple(names))


def _in_order(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(paths, key=by_folder))


def _root_of(folder: str) -> str:
    return str(find_root(Path(folder)))


def main() -> None:
    """Answer requests until the other end of the pipe is closed."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever prints by mistake must not print among the answers.
    os.dup2(2, 1)
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    # Syntax trees have no cycles.
    gc.disable()
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(source, requests), daemon=True).start()
    surveyor = Surveyor(open_cache(patience=2.0))
    while True:
        answer = surveyor.answer(decode_request(requests.get()))
        try:
            target.write(framed(answer))
            target.flush()
        except OSError:
            os._exit(0)


def _read(source: BinaryIO, requests: queue.SimpleQueue[bytes]) -> None:
    """Read requests as they come, so that the end of the other process is noticed at once."""
    while len(header := source.read(LENGTH_BYTES)) == LENGTH_BYTES:
        requests.put(source.read(int.from_bytes(header, "big")))
    os._exit(0)


if __name__ == "__main__":
    main()
