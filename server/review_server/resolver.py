"""Asks jedi about installed libraries: one process, started when there is a question.

The process is started on demand and stopped when nobody asked for a while. What it has not answered
in time is answered with "unknown", and so is everything when it cannot be started: its absence or
death costs precision, never an answer.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from review_checks.resolve import NoResolver
from review_server.jedi_resolver import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from review_checks.options import Options
    from review_checks.resolve import Resolver

logger = logging.getLogger(__name__)

PATIENCE = 10.0
"""For how many seconds one answer is waited for; the first one comes when jedi is loaded."""

IDLE = 60.0
"""After how many seconds without a question the process is stopped."""

_MOST_DEATHS = 4
_BATCH = 50


def installed_folders(root: Path | None, environment: str = "") -> tuple[str, ...]:
    """Return the folders in which the libraries of a project are installed.

    They are those of the environment that is named, else of one inside the project, else of the one
    that is active, else of the one that this program is installed in. Nothing in them is run.
    """
    choices = [Path(environment)] if environment else []
    if root is not None:
        choices += [root / name for name in (".venv", "venv")]
    choices += [Path(os.environ[name]) for name in ("VIRTUAL_ENV",) if os.environ.get(name)]
    for choice in (*choices, Path(sys.prefix)):
        found = [
            str(folder)
            for pattern in ("lib/python3*/site-packages", "Lib/site-packages")
            for folder in sorted(choice.glob(pattern), reverse=True)
        ]
        if found:
            return tuple(found[:1])
    return ()


def open_resolver(root: Path | None, options: Options, base: str = "") -> Resolver:
    """Return who answers the questions of a project.

    Args:
        root: the folder of the project.
        options: what the user chose.
        base: the folder that paths in the options are relative to, '' for the project's.
    """
    environment = options.environment and str(Path(base or root or "", options.environment))
    folders = installed_folders(root, environment) if options.jedi else ()
    return LibraryResolver(folders) if folders else NoResolver()


class LibraryResolver:
    """Answers questions about libraries, most of them later.

    Questions come from one thread, that of the analysis. Answers are told on whichever thread
    ``settle`` or ``flush`` is called.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        """Answer questions about the packages that are installed in some folders."""
        self._folders = tuple(folders)
        self._tops: frozenset[str] | None = None
        self._known: dict[str, str] = {}
        self._waiting: dict[str, None] = {}
        self._listeners: list[Callable[[Mapping[str, str]], None]] = []
        self._process: _Process | None = None
        self._deaths = 0
        self._fatal: set[str] = set()
        self._closed = False
        self._lock = threading.Lock()

    def meaning(self, expression: str) -> str | None:
        """Return the answer to a question if it is known already; else it is noted."""
        found = self._known.get(expression)
        if found is None and not self._is_installed(expression):
            return ""
        if found is None and not self.is_degraded:
            self._waiting[expression] = None
        return found

    def listen(self, tell: Callable[[Mapping[str, str]], None]) -> None:
        """Have answers that come later given to ``tell``."""
        self._listeners.append(tell)

    @property
    def has_questions(self) -> bool:
        """Whether a question was noted that has no answer yet."""
        return bool(self._waiting)

    @property
    def is_degraded(self) -> bool:
        """Whether the process died so often in a row that it is not started any more."""
        return self._closed or self._deaths >= _MOST_DEATHS

    def ask(self) -> dict[str, str]:
        """Put some of the noted questions; this takes its time, and may run on another thread."""
        with self._lock:
            asked = list(self._waiting)[:_BATCH]
            answers = dict.fromkeys(asked, "")
            todo = deque(asked)
            while todo and not self.is_degraded:
                self._put(todo, answers)
            return answers

    def take(self, answers: Mapping[str, str]) -> None:
        """Remember answers, and tell those that say something; on the thread of the analysis."""
        for expression, meaning in answers.items():
            self._waiting.pop(expression, None)
            self._known[expression] = meaning
        telling = {expression: meaning for expression, meaning in answers.items() if meaning}
        for tell in self._listeners if telling else ():
            tell(telling)

    def settle(self) -> bool:
        """Put all questions that were noted and take the answers; return whether there were any."""
        some = self.has_questions
        while self.has_questions:
            self.take(self.ask())
        return some

    def rest(self) -> None:
        """Stop the process if nobody asked for a while."""
        if not self._lock.acquire(blocking=False):
            # Somebody asks just now.
            return
        try:
            process = self._process
            if process is not None and time.monotonic() - process.used > IDLE:
                self._stop()
        finally:
            self._lock.release()

    def close(self) -> None:
        """Stop the process, also while it is asked."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()

    def _is_installed(self, expression: str) -> bool:
        if self._tops is None:
            names: set[str] = set()
            for folder in self._folders:
                with contextlib.suppress(OSError):
                    names.update(entry.name.partition(".")[0] for entry in Path(folder).iterdir())
            self._tops = frozenset(names)
        return expression.partition(".")[0] in self._tops

    def _put(self, todo: deque[str], answers: dict[str, str]) -> None:
        """Ask one process until it has answered everything, or does not answer any more."""
        try:
            if self._process is None:
                self._process = _Process()
            process = self._process
            for answer in process.ask(self._folders, todo):
                answers[answer.expression] = answer.meaning
                todo.popleft()
                self._deaths = 0
                if answer.full:
                    self._stop()
                    return
        except (OSError, EOFError, msgspec.DecodeError) as error:
            self._stop()
            self._deaths += 1
            at = todo[0]
            if not self._closed:
                logger.warning("The resolver of libraries broke down at %s: %r", at, error)
            if at in self._fatal:
                # It broke down at this twice, and is not asked it again.
                todo.popleft()
            self._fatal.add(at)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


class _Process:
    """The process that runs jedi."""

    def __init__(self) -> None:
        self.used = time.monotonic()
        # jedi keeps parsed files as pickles, which are code: they must not outlive the process.
        self._parsed = tempfile.TemporaryDirectory(prefix="review-lsp-", ignore_cleanup_errors=True)
        # Isolated, so that neither the folder it is started in nor variables decide what it runs.
        command = [sys.executable, "-I", "-c", _START, self._parsed.name, *_own_folders()]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def ask(self, folders: tuple[str, ...], expressions: Iterable[str]) -> Iterable[Answer]:
        """Yield the answers one by one.

        Raises:
            OSError: the process is gone.
            EOFError: it did not answer, or not in time.
        """
        asked = tuple(expressions)
        assert self._child.stdin is not None  # noqa: S101 -- it was asked for
        assert self._child.stdout is not None  # noqa: S101 -- it was asked for
        self._child.stdin.write(msgspec.json.encode(Request(folders, asked)) + b"\n")
        self._child.stdin.flush()
        for _ in asked:
            watch = threading.Timer(PATIENCE, self._child.kill)
            watch.daemon = True
            watch.start()
            try:
                line = self._child.stdout.readline()
            finally:
                watch.cancel()
            if not line.endswith(b"\n"):
                raise EOFError("it ended or took too long")
            self.used = time.monotonic()
            yield msgspec.json.decode(line, type=Answer)

    def kill(self) -> None:
        """End the process now."""
        self._child.kill()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._child.wait()
        self._parsed.cleanup()


def _own_folders() -> list[str]:
    """Return the folders from which this program and what its process needs are imported."""
    specs = [find_spec(name) for name in ("review_server", "msgspec", "jedi", "parso")]
    origins = [spec.origin for spec in specs if spec is not None and spec.origin]
    return list(dict.fromkeys(str(Path(origin).parents[1]) for origin in origins))


_START = (
    "import sys; sys.path += sys.argv[2:]; "
    "from review_server.jedi_resolver import main; main(sys.argv[1])"
)
