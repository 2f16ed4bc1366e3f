"""The baselines of one run of ``review-lsp check``: which are read, and which are written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from review_checks.engine.baseline import Fingerprint, fingerprints
from review_server.baselines import Baseline, BaselineError, read_baseline, write_baseline
from review_server.cli.reading import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from review_server.cli.report import FileReport
    from review_server.configuration import Configuration


class Baselines:
    """Knows the baseline of each project."""

    def __init__(self, given: Path | None, *, write: bool) -> None:
        """Take the file that the user named, and whether baselines are to be written.

        Raises:
            click.UsageError: the file is needed and cannot be read.
        """
        self._given = given
        self._write = write
        self._chosen: Baseline | None = None
        self._paths: dict[str, Path] = {}
        if given is not None and not write:
            try:
                self._chosen = read_baseline(given)
            except BaselineError as error:
                raise click.UsageError(f"{given}: {error}") from None

    def choose(self, root: Path, found: Configuration) -> Baseline:
        """Return what is not to be reported of a project; to write it, all has to be.

        Raises:
            click.UsageError: a baseline is to be written, and no place for it is named.
        """
        if not self._write:
            return self._chosen if self._chosen is not None else found.baseline
        if self._given is None and not found.options.baseline:
            raise click.UsageError(
                "--write-baseline needs --baseline FILE, or the option `baseline` of the project"
            )
        folder = Path(found.path).parent if found.path else root
        self._paths[str(root)] = self._given or folder / found.options.baseline
        return Baseline()

    def write(self, files: Iterable[FileReport]) -> Iterator[tuple[str, int]]:
        """Write the findings of all projects; yield the files written, and how many are in each.

        Raises:
            OSError: a file cannot be written.
        """
        texts = Texts()
        rows: dict[Path, dict[str, list[Fingerprint]]] = {path: {} for path in self._paths.values()}
        for file in files:
            root = max((one for one in self._paths if _lies_in(file.path, one)), key=len)
            found = [remark.finding for remark in file.remarks]
            prints = fingerprints(found, texts.lines(file.path))
            rows[self._paths[root]][file.path] = list(prints)
        for path, findings in rows.items():
            write_baseline(path, findings)
            yield str(path), sum(map(len, findings.values()))


def _lies_in(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
