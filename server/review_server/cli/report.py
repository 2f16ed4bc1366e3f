"""What a check of files comes to; the output formats show it."""

from __future__ import annotations

import msgspec

from review_checks.model import Finding, Fix, Safety


class Complaint(msgspec.Struct, frozen=True):
    """Why a file, or the part of it that begins at ``line`` (0-based), is not analysed."""

    path: str
    reason: str
    line: int | None = None


class Remark(msgspec.Struct, frozen=True):
    """A finding with its fix, or the reason why it has none."""

    finding: Finding
    fix: Fix | None = None
    refusal: str = ""

    @property
    def offer(self) -> Safety | None:
        """How safe its fix is; as long as it was not computed, what the rule promises."""
        if self.fix is not None:
            return self.fix.safety
        return None if self.refusal else self.finding.fix


class Failure(msgspec.Struct, frozen=True):
    """An error of ours on one file: what went wrong, and its traceback."""

    path: str
    what: str
    trace: str


class FileReport(msgspec.Struct, frozen=True):
    """What is to be said of one file.

    ``analysed`` is whether any of it could be; ``known`` is how many of its findings the baseline
    holds back.
    """

    path: str
    remarks: tuple[Remark, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    failures: tuple[Failure, ...] = ()
    analysed: bool = True
    known: int = 0


class Result(msgspec.Struct, frozen=True):
    """What is to be said of all files, ordered by path, and how many were left out."""

    files: tuple[FileReport, ...]
    left_out: int = 0
    fixed: int = 0

    @property
    def analysed(self) -> int:
        """How many files could be analysed."""
        return sum(file.analysed for file in self.files)

    @property
    def known(self) -> int:
        """How many findings the baselines hold back."""
        return sum(file.known for file in self.files)

    @property
    def remarks(self) -> list[Remark]:
        """The remarks on all files."""
        return [remark for file in self.files for remark in file.remarks]
