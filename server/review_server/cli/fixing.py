"""Applies fixes, one after the other, each to what the ones before it left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from review_checks.engine.fixes import Likeness, likeness, next_to_fix
from review_checks.model import Edit, Finding, Fix, Safety
from review_checks.text.editing import apply
from review_server.cli.analysis import Analysis
from review_server.cli.report import Complaint, FileReport
from review_server.cli.writing import WriteError, rewrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from review_checks.engine.workspace import Workspace
    from review_server.cli.targets import ProjectFiles

_MOST_FIXES = 10_000
"""How many fixes are applied to a file, each of which leaves fewer findings than there were."""


class Change(msgspec.Struct, frozen=True):
    """A file's text before and after the fixes."""

    path: str
    before: str
    after: str


class Mended(msgspec.Struct, frozen=True):
    """The files that fixes change, and how many findings they remove."""

    changes: tuple[Change, ...]
    count: int


def mend(
    projects: Sequence[ProjectFiles], reports: Iterable[FileReport], *, unsafe: bool
) -> Mended:
    """Apply the fixes of all findings in memory.

    Args:
        projects: the files that were checked.
        reports: what was found in them.
        unsafe: whether unsafe fixes are wanted as well as safe ones.
    """
    allowed = {Safety.SAFE, Safety.UNSAFE} if unsafe else {Safety.SAFE}
    fixable = {
        report.path
        for report in reports
        if any(remark.finding.fix in allowed for remark in report.remarks)
    }
    changes: list[Change] = []
    count = 0
    for project in projects:
        paths = [target.path for target in project.targets if target.path in fixable]
        if not paths:
            continue
        mender = _Mender(Analysis(project), allowed)
        for path in paths:
            count += mender.mend(path)
        changes += mender.changes()
    return Mended(tuple(changes), count)


def write(changes: Iterable[Change]) -> list[Complaint]:
    """Write changed files; return why some of them were not written."""
    complaints = []
    for change in changes:
        try:
            rewrite(change.path, change.before, change.after)
        except WriteError as error:
            complaints.append(Complaint(change.path, str(error)))
    return complaints


class _Mender:
    """Applies fixes within one project."""

    def __init__(self, analysis: Analysis, allowed: set[Safety]) -> None:
        self._analysis = analysis
        self._workspace: Workspace = analysis.workspace
        self._allowed = allowed
        self._before: dict[str, str] = {}

    def mend(self, path: str) -> int:
        """Apply the fixes of a file's findings; return how many."""
        count = 0
        # A fix moves what stands below it, so that the findings are asked for again each time.
        # What was tried in vain stays, and is passed over; whatever a fix may do, this ends.
        failed: Counter[Likeness] = Counter()
        while count < _MOST_FIXES and (finding := self._next(path, failed)) is not None:
            fix = self._workspace.fix(finding)
            if isinstance(fix, Fix) and fix.safety in self._allowed:
                self._apply(fix)
                count += 1
            else:
                failed[likeness(finding)] += 1
        return count

    def changes(self) -> list[Change]:
        """Return the files whose texts differ from those at first."""
        texts = {path: self._workspace.text(path) or "" for path in self._before}
        return [
            Change(path, before, texts[path])
            for path, before in self._before.items()
            if texts[path] != before
        ]

    def _next(self, path: str, failed: Counter[Likeness]) -> Finding | None:
        found = [row for row in self._analysis.findings(path) if row.fix in self._allowed]
        return next_to_fix(found, failed)

    def _apply(self, fix: Fix) -> None:
        edits: dict[str, list[Edit]] = {}
        for edit in fix.edits:
            edits.setdefault(edit.path, []).append(edit)
        for path, rows in edits.items():
            lines = self._workspace.lines(path)
            self._before.setdefault(path, "".join(lines))
            self._workspace.open(path, apply(lines, rows))
