"""Analyses the files of a project, one after the other, in this process."""

from __future__ import annotations

import gc
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from review_checks.engine.workspace import Workspace
from review_checks.model import Finding, Fix
from review_server.cache import open_cache
from review_server.cli.reading import obstacle
from review_server.cli.report import Complaint, Failure, FileReport, Remark
from review_server.cli.surveying import survey_here
from review_server.project import DiskSource
from review_server.resolver import LibraryResolver, open_resolver

if TYPE_CHECKING:
    from review_server.cli.surveying import Names, Overview
    from review_server.cli.targets import ProjectFiles, Target


def prefer_throughput() -> None:
    """Have the garbage collector look seldom: an analysis makes many objects and keeps them."""
    gc.set_threshold(100_000, 50, 100)


class Analysis:
    """The analysis of one project. What files share is computed once."""

    def __init__(self, project: ProjectFiles, overview: Overview | None = None) -> None:
        """Prepare a project; nothing is read yet.

        Args:
            project: the project and the files to check.
            overview: what a survey of the whole project said. Without it, one is made when a rule
                asks for more than these files.
        """
        self._project = project
        self._overview = overview
        self._shelf = open_cache()
        selection = project.selection
        self._resolver = open_resolver(Path(project.root), selection.options, selection.base)
        self._begin()

    def _begin(self) -> None:
        source = DiskSource(Path(self._project.root))
        source.learn([target.path for target in self._project.targets])
        selection = self._project.selection
        self.workspace = Workspace(
            source, selection.options, self._shelf, selection.is_checked, self._resolver
        )
        self.workspace.survey_with(self._survey)

    def _survey(self) -> Names:
        if self._overview is None:
            return survey_here(self._project.selection)
        return self._overview.rows()

    def report(self, target: Target, *, fixes: bool) -> FileReport:
        """Say what is to be said of a file.

        Args:
            target: the file.
            fixes: whether the fixes are wanted as well; each is tried, which takes its time.
        """
        path = target.path
        limit = self._project.options.max_file_size
        if target.size > limit:
            reason = f"its {target.size} bytes are more than max-file-size, {limit}"
            return FileReport(path, analysed=False, complaints=(Complaint(path, reason),))
        try:
            return self._report(path, fixes=fixes)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 -- the other files' results must stand
            # What was half computed is not to be trusted.
            self._begin()
            failure = Failure(path, f"{type(error).__name__}: {error}", traceback.format_exc())
            return FileReport(path, analysed=False, failures=(failure,))

    def findings(self, path: str) -> list[Finding]:
        """Return the findings of a file that the project wants to see there."""
        return self._project.selection.reported(
            path, self.all_findings(path), self.workspace.lines(path)
        )

    def all_findings(self, path: str) -> list[Finding]:
        """Return the findings of a file, whether the project wants to see them or not."""
        found = self.workspace.findings(path)
        # One answer may lead to the next question.
        while isinstance(self._resolver, LibraryResolver) and self._resolver.settle():
            found = self.workspace.findings(path)
        self.workspace.tidy()
        return found

    def _report(self, path: str, *, fixes: bool) -> FileReport:
        selection, lines = self._project.selection, self.workspace.lines(path)
        wanted = selection.wanted(path, self.all_findings(path))
        found = selection.reported(path, wanted, lines)
        if not lines:
            complaint = obstacle(path)
            complaints = (complaint,) if complaint is not None else ()
            return FileReport(path, analysed=False, complaints=complaints)
        unread, failures = self.workspace.unread(path), self.workspace.failures(path)
        return FileReport(
            path,
            remarks=tuple([self._remark(finding, fixes=fixes) for finding in found]),
            complaints=tuple([Complaint(path, row.reason, row.line) for row in unread]),
            failures=tuple(
                [Failure(path, f"the rule {rule} failed", trace) for rule, trace in failures]
            ),
            known=len(wanted) - len(found),
        )

    def _remark(self, finding: Finding, *, fixes: bool) -> Remark:
        if not fixes or finding.fix is None:
            return Remark(finding, refusal=finding.refusal)
        fix = self.workspace.fix(finding)
        if isinstance(fix, Fix):
            return Remark(finding, fix)
        return Remark(finding, refusal=fix.reason)
