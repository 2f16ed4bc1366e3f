"""The corpus: fixes of real bugs, and places where a careful reviewer stays silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

CONCERNS = {
    1: "synchronization",
    2: "errors",
    3: "logging",
    4: "settings",
    5: "resources",
    6: "atomicity",
}
"""The concerns by their number in the corpus. The names are those that rules have."""

Decidable = Literal["function", "file", "other-files"]
Strength = Literal["core", "soft"]
Lines = tuple[int, int]
"""The first and the last line of a range, counted from 1."""


class Source(NamedTuple):
    """One version of one file."""

    repo: str
    sha: str
    path: str

    def __str__(self) -> str:
        return f"{self.repo}@{self.sha[:12]}:{self.path}"


class Case(msgspec.Struct, frozen=True):
    """A bug and its fix.

    Attributes:
        id: a name, such as ``C1-001``.
        repo: the repository, ``owner/name``.
        fix_sha: the commit that fixes the bug.
        parent_sha: the commit before it.
        path: the file that is fixed, in both versions.
        functions: the functions that are fixed.
        concern: a key of ``CONCERNS``.
        kind: what sort of bug it is, such as ``missing-lock``.
        parent_ranges: where a reviewer would have commented on the parent.
        fixed_ranges: the same places in the fixed version.
        decidable: how much must be read to see the bug.
        why: what is wrong.
        fix: what the fix did.
        near_duplicate: whether another case is almost the same.
        strength: whether the bug is plainly of its concern, or only loosely.
    """

    id: str
    repo: str
    fix_sha: str
    parent_sha: str
    path: str
    functions: tuple[str, ...]
    concern: int
    kind: str
    parent_ranges: tuple[Lines, ...]
    fixed_ranges: tuple[Lines, ...]
    decidable: Decidable
    why: str
    fix: str
    near_duplicate: bool
    strength: Strength

    @property
    def before(self) -> Source:
        """The file with the bug."""
        return Source(self.repo, self.parent_sha, self.path)

    @property
    def after(self) -> Source:
        """The file without the bug."""
        return Source(self.repo, self.fix_sha, self.path)


class Silence(msgspec.Struct, frozen=True):
    """A place where a report of the concern would be a false alarm; see ``Case``."""

    id: str
    repo: str
    sha: str
    path: str
    function: str
    lines: Lines
    concern: int
    why: str

    @property
    def source(self) -> Source:
        """The file."""
        return Source(self.repo, self.sha, self.path)


class Corpus(NamedTuple):
    """What a checker is measured against."""

    cases: tuple[Case, ...]
    silences: tuple[Silence, ...]

    @property
    def sources(self) -> list[Source]:
        """All versions of files, in order, each once."""
        found = {source for case in self.cases for source in (case.before, case.after)}
        return sorted(found | {silence.source for silence in self.silences})

    @property
    def repositories(self) -> list[str]:
        """The repositories that are needed."""
        return sorted({source.repo for source in self.sources})


class Selection(NamedTuple):
    """Which part of the corpus is wanted; an empty field selects everything.

    Attributes:
        repositories: only these repositories.
        excluded: not these repositories.
        concerns: only these concerns.
        ids: only these cases and silences.
        strength: only cases of this strength.
        decidable: only cases that are seen by reading this much.
        near_duplicates: whether cases that are almost like another one count.
    """

    repositories: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    concerns: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    strength: Strength | None = None
    decidable: Decidable | None = None
    near_duplicates: bool = True

    def of(self, corpus: Corpus) -> Corpus:
        """Return the wanted part. Strength and decidability leave the silences alone."""
        return Corpus(
            tuple(
                case
                for case in corpus.cases
                if self._wants(case)
                and self.strength in (None, case.strength)
                and self.decidable in (None, case.decidable)
                and (self.near_duplicates or not case.near_duplicate)
            ),
            tuple(silence for silence in corpus.silences if self._wants(silence)),
        )

    def _wants(self, row: Case | Silence) -> bool:
        return (
            row.repo not in self.excluded
            and (not self.repositories or row.repo in self.repositories)
            and (not self.concerns or row.concern in self.concerns)
            and (not self.ids or row.id in self.ids)
        )


def read_corpus(folder: Path) -> Corpus:
    """Return the corpus in ``corpus.json`` and ``negatives.json`` of a folder.

    Raises:
        msgspec.ValidationError: when a field is missing or of the wrong type.
    """
    return Corpus(
        msgspec.json.decode((folder / "corpus.json").read_bytes(), type=tuple[Case, ...]),
        msgspec.json.decode((folder / "negatives.json").read_bytes(), type=tuple[Silence, ...]),
    )
