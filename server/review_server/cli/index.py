"""``review-lsp index``: fills the cache, so that servers and later commands find it warm."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from review_server.cache import default_path, is_wanted
from review_server.cli.targets import collect
from review_server.configuration import configuration
from review_server.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TROUBLE = 2


@click.command(short_help="Read projects ahead of time.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--jobs", type=click.IntRange(min=1), help="How many processes to use at most.")
@click.pass_context
def index(context: click.Context, /, paths: tuple[str, ...], jobs: int | None) -> None:
    """Read the projects of files and folders (by default, the current one) into the cache.

    Servers and checks do so by themselves; this only does it ahead of time, for example when an
    image of a container is built. Each project is read as a whole.
    """
    from review_server.cli.surveying_apart import survey_apart  # noqa: PLC0415 -- needs asyncio
    from review_server.indexing.crew import usual_count  # noqa: PLC0415 -- see above

    if not is_wanted():
        raise click.UsageError("the cache is switched off by REVIEW_LSP_NO_CACHE")
    targets = collect(paths or (".",), _selection)
    for complaint in targets.complaints:
        _say(f"{complaint.path}: {complaint.reason}")
    selections = [project.selection for project in targets.projects]
    with _progress() as advance:
        found = survey_apart(selections, jobs or usual_count(), advance)
    for selection, row in zip(selections, found, strict=True):
        known = row.files - row.fresh
        count = f"{row.files} file{'s' if row.files != 1 else ''}"
        line = f"{selection.root}: {count}, {row.fresh} read, {known} known"
        sys.stdout.write(f"{line}\n")
        if row.gap:
            _say(f"{selection.root}: not complete: {row.gap}")
    path = default_path()
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{path}: {path.stat().st_size / 2**20:.1f} MiB\n")
    if targets.complaints or any(row.gap for row in found):
        context.exit(TROUBLE)


def _selection(root: Path) -> Selection:
    found = configuration(root)
    return Selection(str(root), found.options, found.base)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal; yields what moves it."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import Progress  # noqa: PLC0415 -- only this case needs rich

    from review_server.cli.terminal import terminal  # noqa: PLC0415 -- see above

    with Progress(console=terminal(sys.stderr), transient=True) as bar:
        task = bar.add_task("Indexing", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
