"""``review-lsp check``: finds, shows and mends."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from review_server.cli.baselining import Baselines
from review_server.cli.fixing import Mended, mend, write
from review_server.cli.formats import FORMATS, View, relative, renderer, visible
from review_server.cli.names import rules_and_concerns
from review_server.cli.patches import patch
from review_server.cli.report import Failure, FileReport, Result
from review_server.cli.surveying import cache_unless
from review_server.cli.targets import Targets, collect
from review_server.cli.workers import analyse, usual_jobs
from review_server.configuration import Configuration, configuration, read_configuration
from review_server.files import by_folder
from review_server.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

CLEAN, FINDINGS, TROUBLE = 0, 1, 2
"""What the command's exit code means."""

_LONG = 1_000_000
_MOST_PARTS = 3


class Wishes(NamedTuple):
    """What the command line asks for."""

    profile: str | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    config: Path | None
    baseline: Path | None
    write_baseline: bool
    include_tests: bool
    fix: bool
    unsafe_fixes: bool
    diff: bool
    statistics: bool
    output_format: str
    jobs: int | None
    no_cache: bool

    @property
    def fixes(self) -> bool:
        """Whether the fix of each finding is to be shown."""
        return self.output_format != "github" and not self.statistics


@click.command(short_help="Check files and folders.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--profile", type=click.Choice(["default", "strict"]), help="Which rules report.")
@click.option("--select", multiple=True, metavar="NAMES", help="Only these rules or concerns.")
@click.option("--ignore", multiple=True, metavar="NAMES", help="Not these rules or concerns.")
@click.option("--include-tests", is_flag=True, help="Check test code too.")
@click.option("--fix", is_flag=True, help="Apply safe fixes.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix, apply unsafe fixes too.")
@click.option(
    "--diff",
    is_flag=True,
    help="Show the fix of each finding as a diff; with --fix, print the patch and write nothing.",
)
@click.option("--statistics", is_flag=True, help="Count the findings by rule.")
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="The form of the output.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Use this file instead of each project's own.",
)
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Leave out the findings that this file holds, whatever file the project names.",
)
@click.option(
    "--write-baseline",
    is_flag=True,
    help="Write all findings to the baseline, so that from now on only new ones are reported.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="How many processes to use at most.")
@click.option("--no-cache", is_flag=True, help="Read every file anew.")
@click.pass_context
def check(context: click.Context, /, paths: tuple[str, ...], **options: Any) -> None:
    """Check files and folders (by default, the current one).

    NAMES are rules or concerns, separated by commas; the options may be repeated.

    The exit code is 0 when there are no findings, 1 when there are, and 2 when the command could
    not do its work.
    """
    wishes = Wishes(**options)
    if wishes.unsafe_fixes and not wishes.fix:
        raise click.UsageError("--unsafe-fixes goes with --fix")
    if wishes.write_baseline and wishes.fix:
        raise click.UsageError("--write-baseline does not go with --fix")
    with cache_unless(wishes.no_cache):
        code = _Check(wishes).run(paths or (".",))
    context.exit(code)


class _Check:
    """One run of the command."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._select = rules_and_concerns(wishes.select)
        self._ignore = rules_and_concerns(wishes.ignore)
        self._given = explicit(wishes.config) if wishes.config is not None else None
        self._baselines = Baselines(wishes.baseline, write=wishes.write_baseline)
        self._code = CLEAN

    def run(self, paths: Iterable[str]) -> int:
        """Do everything, and return the exit code."""
        wishes = self._wishes
        targets = collect(paths, self._selection)
        for complaint in targets.complaints:
            self._trouble(f"{complaint.path}: {complaint.reason}")
        files = self._analyse(targets)
        if wishes.write_baseline:
            self._account_for(targets, files)
            for path, count in self._baselines.write(files):
                _say(f"{count} finding{'s' if count != 1 else ''} written to {relative(path)}")
            return self._code
        fixed = 0
        if wishes.fix:
            mended = mend(targets.projects, files, unsafe=wishes.unsafe_fixes)
            if wishes.diff:
                self._print_patch(mended)
                self._account_for(targets, files)
                return max(self._code, FINDINGS if any(row.remarks for row in files) else CLEAN)
            if mended.changes:
                before = sum(len(row.remarks) for row in files)
                written = self._write(mended)
                files = self._analyse(targets)
                after = sum(len(row.remarks) for row in files)
                fixed = mended.count if written else max(0, before - after)
        self._account_for(targets, files)
        result = Result(files, targets.left_out, fixed)
        renderer(wishes.output_format)(result, View(sys.stdout, wishes.diff, wishes.statistics))
        return max(self._code, FINDINGS if result.remarks else CLEAN)

    def _selection(self, root: Path) -> Selection:
        """Say what is wanted of a project: by itself, or the given file, under the call."""
        found = self._given
        if found is None:
            found = configuration(root)
            # A baseline that is missing is about to be written.
            complain = _say if self._wishes.write_baseline else self._trouble
            for fault in found.faults:
                complain(f"{relative(fault.origin)}: {fault.message}")
        options = msgspec.structs.replace(
            found.options,
            profile=self._wishes.profile or found.options.profile,
            select=self._select or found.options.select,
            ignore=(*found.options.ignore, *self._ignore),
            include_tests=self._wishes.include_tests or found.options.include_tests,
        )
        baseline = self._baselines.choose(root, found)
        return Selection(str(root), options, found.base, baseline)

    def _analyse(self, targets: Targets) -> tuple[FileReport, ...]:
        wishes = self._wishes
        reports: dict[str, FileReport] = {}
        with _progress(targets) as advance:

            def keep(report: FileReport) -> None:
                reports[report.path] = report
                advance()

            analyse(
                targets.projects,
                jobs=wishes.jobs or usual_jobs(targets.size),
                fixes=wishes.fixes and not (wishes.fix and wishes.diff),
                on_report=keep,
            )
        return tuple([reports[path] for path in sorted(reports, key=by_folder)])

    def _print_patch(self, mended: Mended) -> None:
        for change in mended.changes:
            for line in patch(relative(change.path), change.before, change.after):
                sys.stdout.write(line)
        _say(f"Would fix {mended.count} finding{'s' if mended.count != 1 else ''}.")

    def _write(self, mended: Mended) -> bool:
        """Write what the fixes change; return whether all of it was written."""
        complaints = write(mended.changes)
        for complaint in complaints:
            self._trouble(f"{relative(complaint.path)}: not written: {complaint.reason}")
        return not complaints

    def _account_for(self, targets: Targets, files: Sequence[FileReport]) -> None:
        """Say what could not be done."""
        self._complain(targets, files)
        self._confess([failure for file in files for failure in file.failures])

    def _complain(self, targets: Targets, files: Sequence[FileReport]) -> None:
        """Say which files, or parts of them, were not analysed; one that was named had to be."""
        if any(file.path in targets.named and not file.analysed for file in files):
            self._code = TROUBLE
        for complaints in (targets.oddities, *(file.complaints for file in files)):
            for complaint in complaints[:_MOST_PARTS]:
                line = "" if complaint.line is None else f":{complaint.line + 1}"
                _say(f"{relative(complaint.path)}{line}: not analysed: {complaint.reason}")
            if len(complaints) > _MOST_PARTS:
                more = len(complaints) - _MOST_PARTS
                _say(f"{relative(complaints[0].path)}: and {more} more parts are not analysed")

    def _confess(self, failures: Iterable[Failure]) -> None:
        """Report errors of our own, each kind once."""
        kinds: dict[str, list[Failure]] = {}
        for failure in failures:
            kinds.setdefault(failure.what, []).append(failure)
        for what, rows in kinds.items():
            more = f" (and {len(rows) - 1} more files)" if len(rows) > 1 else ""
            self._trouble(f"{relative(rows[0].path)}: internal error: {what}{more}")
            _say(rows[0].trace.rstrip())

    def _trouble(self, message: str) -> None:
        _say(message)
        self._code = TROUBLE


def explicit(path: Path) -> Configuration:
    """Return the configuration of a file that was asked for; faults in it are usage errors."""
    found = read_configuration(path)
    if not found.path:
        raise click.UsageError(f"{path} has no table `tool.review-lsp`")
    if found.faults:
        raise click.UsageError(f"{path}: {found.faults[0].message}")
    return found


@contextlib.contextmanager
def _progress(targets: Targets) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal while a large tree is analysed; yields what moves it on."""
    if targets.size < _LONG or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import Progress  # noqa: PLC0415 -- only this case needs rich

    from review_server.cli.terminal import terminal  # noqa: PLC0415 -- see above

    total = sum(len(project.targets) for project in targets.projects)
    with Progress(console=terminal(sys.stderr), transient=True) as bar:
        task = bar.add_task("Checking", total=total)
        yield lambda: bar.advance(task)


def _say(message: str) -> None:
    sys.stderr.write("\n".join(map(visible, message.split("\n"))) + "\n")
