"""Runs checkers over versions of files, each in the project it belonged to."""

from __future__ import annotations

import itertools
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from .results import Outcome
from .tools import Run, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .cases import Source
    from .mirrors import Mirrors
    from .results import Results

Context = Literal["file", "package"]
"""What a checker can read beside the file: nothing, or the top-level folder it is in."""


class Settings(NamedTuple):
    """How to measure.

    Attributes:
        mirrors: the repositories.
        context: what checkers can read.
        jobs: how many versions are checked at the same time.
        seconds: how long a checker may take for a version.
    """

    mirrors: Mirrors
    context: Context = "package"
    jobs: int = 2
    seconds: float = 120


def measure(
    sources: Sequence[Source],
    checkers: Sequence[Results],
    settings: Settings,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Have checkers say what is missing in their results.

    A version is unpacked once, for all its files and all checkers.

    Args:
        sources: the files.
        checkers: the results of each checker, which are completed.
        settings: how to measure.
        on_progress: is told how many of how many versions are done.

    Raises:
        UnavailableError: when a version cannot be had.
        ChangedError: when a checker is not what it was at the start.
    """
    missing = [
        checkout
        for checkout in _checkouts(sources, settings.context)
        if any(results.missing(checkout) for results in checkers)
    ]
    with ThreadPoolExecutor(settings.jobs) as pool:
        tasks = [pool.submit(_check, checkout, checkers, settings) for checkout in missing]
        try:
            for done, task in enumerate(as_completed(tasks), 1):
                for results, found in zip(checkers, task.result(), strict=True):
                    results.keep(found)
                on_progress(done, len(tasks))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _checkouts(sources: Iterable[Source], context: Context) -> list[list[Source]]:
    """Return the files that are checked together: those of one version, if they may meet."""
    if context == "file":
        return [[source] for source in sources]
    groups = itertools.groupby(sorted(sources), key=lambda source: (source.repo, source.sha))
    return [list(group) for _, group in groups]


def _check(
    checkout: Sequence[Source], checkers: Sequence[Results], settings: Settings
) -> list[dict[Source, Outcome]]:
    """Return what each checker says of files of one version, as far as it is not known."""
    with tempfile.TemporaryDirectory(prefix="review-corpus-") as scratch:
        root = Path(scratch).resolve() / checkout[0].repo.rpartition("/")[2]
        files = _write(checkout, root, settings)
        lines = {source: path.read_bytes().count(b"\n") for source, path in files.items()}
        found = []
        for results in checkers:
            wanted = results.missing(checkout)
            paths = [files[source] for source in wanted]
            answer = run(results.tool, paths, root, settings.seconds) if wanted else Run({})
            found.append(
                {source: _outcome(answer, files[source], lines[source]) for source in wanted}
            )
        return found


def _write(checkout: Sequence[Source], root: Path, settings: Settings) -> Mapping[Source, Path]:
    """Write a project with the files and what checkers can read; return where the files are."""
    root.mkdir()
    if settings.context == "package":
        tops = {source.path.partition("/")[0] for source in checkout}
        settings.mirrors.unpack(checkout[0].repo, checkout[0].sha, sorted(tops), root)
    # With this file the tree is a project of its own, wherever the scratch folder lies.
    (root / "pyproject.toml").touch()
    files = {}
    for source in checkout:
        path = files[source] = root / source.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(settings.mirrors.read(source))
    return files


def _outcome(answer: Run, path: Path, lines: int) -> Outcome:
    if answer.diagnostics is None:
        return Outcome(None, lines, answer.complaint)
    return Outcome(answer.diagnostics.get(path.resolve(), ()), lines, answer.complaint)
