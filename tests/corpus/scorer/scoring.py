"""The arithmetic: what a checker's diagnostics say of its worth."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, NamedTuple

from .cases import CONCERNS, Case, Corpus, Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .cases import Decidable, Lines, Source
    from .results import Outcome
    from .tools import Diagnostic

DECIDABLE: tuple[Decidable, ...] = ("function", "file", "other-files")


class Slack(NamedTuple):
    """How many lines beside a range a diagnostic may be and still count as in it."""

    cases: int = 3
    silences: int = 0


class CaseVerdict(NamedTuple):
    """What a checker made of a case.

    Attributes:
        case: the case.
        failed: whether the checker failed on one of the versions; the rest is then empty.
        hits: its diagnostics of the case's concern at the place of the bug.
        left: those of the same rules at the same place of the fixed version.
        chance: the probability that as many diagnostics, at random lines, would hit.
        elsewhere: its other diagnostics of the concern in the parent version, the nearest first.
        mended: those of them of which the fixed version has no counterpart, one with the same
            words: the bug may have been seen, only from another place.
    """

    case: Case
    failed: bool = False
    hits: tuple[Diagnostic, ...] = ()
    left: tuple[Diagnostic, ...] = ()
    chance: float = 0.0
    elsewhere: tuple[Diagnostic, ...] = ()
    mended: tuple[Diagnostic, ...] = ()

    @property
    def hit(self) -> bool:
        """Whether the bug is reported."""
        return bool(self.hits)

    @property
    def new(self) -> bool:
        """Whether the fix made at least one report go."""
        return len(self.left) < len(self.hits)

    @property
    def sharp(self) -> bool:
        """Whether the bug is reported, and nothing of that remains after the fix."""
        return self.hit and not self.left


class SilenceVerdict(NamedTuple):
    """What a checker made of a place where it should be silent: its false alarms."""

    silence: Silence
    alarms: tuple[Diagnostic, ...]


class Share(NamedTuple):
    """A part of a whole."""

    part: float
    whole: int

    @property
    def percent(self) -> float | None:
        """The part in percent; None when there is nothing to be a part of."""
        return 100 * self.part / self.whole if self.whole else None


class Tally(NamedTuple):
    """The figures of a concern, or of all together.

    Attributes:
        hit: the cases that are reported.
        new: the cases where the fix made at least one report go.
        cleared: of the cases that are reported, those of which nothing remains after the fix.
        sharp: the same, of all cases.
        chance: the share of cases that as many diagnostics, at random lines, would hit.
        alarms: the silences that are broken.
        density: diagnostics per 1,000 lines of the parent versions.
        by_decidability: the cases that are reported, by how much must be read to see them.
    """

    hit: Share
    new: Share
    cleared: Share
    sharp: Share
    chance: Share
    alarms: Share
    density: float
    by_decidability: Mapping[Decidable, Share]


class Score(NamedTuple):
    """How a checker did.

    Attributes:
        cases: what it made of each case.
        silences: what it made of each silence.
        concerns: the figures of each concern that has cases or silences.
        total: the figures of all together.
        files: how many parent versions there are that the checker did not fail on.
        lines: how many lines they have.
        diagnostics: how many diagnostics there are in them, of any concern or none.
        complaints: what went wrong, by file.
    """

    cases: tuple[CaseVerdict, ...]
    silences: tuple[SilenceVerdict, ...]
    concerns: Mapping[int, Tally]
    total: Tally
    files: int
    lines: int
    diagnostics: int
    complaints: Mapping[Source, str]


def score(
    corpus: Corpus,
    outcomes: Mapping[Source, Outcome],
    concern_of: Callable[[str], int],
    slack: Slack,
) -> Score:
    """Score a checker.

    Args:
        corpus: the cases and silences.
        outcomes: what the checker says of each of their files.
        concern_of: gives the concern of a rule, 0 for none.
        slack: how near is near enough.
    """
    cases = tuple(judge_case(case, outcomes, concern_of, slack.cases) for case in corpus.cases)
    silences = tuple(
        judge_silence(silence, outcomes, concern_of, slack.silences) for silence in corpus.silences
    )
    parents = [outcomes[source] for source in {case.before for case in corpus.cases}]
    lines = sum(parent.lines for parent in parents if parent.diagnostics is not None)
    codes = collections.Counter(row.code for parent in parents for row in parent.diagnostics or ())
    concerns = {case.concern for case in corpus.cases} | {row.concern for row in corpus.silences}
    density = dict.fromkeys(CONCERNS, 0.0)
    for code, count in codes.items():
        if concern := concern_of(code):
            density[concern] += 1000 * count / max(1, lines)
    return Score(
        cases,
        silences,
        {
            concern: tally(
                [row for row in cases if row.case.concern == concern],
                [row for row in silences if row.silence.concern == concern],
                density[concern],
            )
            for concern in CONCERNS
            if concern in concerns
        },
        tally(cases, silences, sum(density.values())),
        sum(parent.diagnostics is not None for parent in parents),
        lines,
        codes.total(),
        {
            source: outcomes[source].complaint
            for source in corpus.sources
            if outcomes[source].complaint
        },
    )


def judge_case(
    case: Case,
    outcomes: Mapping[Source, Outcome],
    concern_of: Callable[[str], int],
    slack: int,
) -> CaseVerdict:
    """Compare what a checker says of a bug with what it says of the fix; see ``score``."""
    before, after = outcomes[case.before], outcomes[case.after]
    if before.diagnostics is None or after.diagnostics is None:
        return CaseVerdict(case, failed=True)
    own = [row for row in before.diagnostics if concern_of(row.code) == case.concern]
    hits = [row for row in own if _distance(row, case.parent_ranges) <= slack]
    rules = {row.code for row in hits}
    elsewhere = sorted(
        (row for row in own if row not in hits),
        key=lambda row: _distance(row, case.parent_ranges),
    )
    remaining = {(row.code, row.message) for row in after.diagnostics}
    return CaseVerdict(
        case,
        hits=tuple(hits),
        left=tuple(
            row
            for row in after.diagnostics
            if row.code in rules and _distance(row, case.fixed_ranges) <= slack
        ),
        chance=_chance(case.parent_ranges, before.lines, len(own), slack),
        elsewhere=tuple(elsewhere),
        mended=tuple(row for row in elsewhere if (row.code, row.message) not in remaining),
    )


def judge_silence(
    silence: Silence,
    outcomes: Mapping[Source, Outcome],
    concern_of: Callable[[str], int],
    slack: int,
) -> SilenceVerdict:
    """Look for false alarms of the concern; see ``score``."""
    alarms = [
        row
        for row in outcomes[silence.source].diagnostics or ()
        if concern_of(row.code) == silence.concern and _distance(row, (silence.lines,)) <= slack
    ]
    return SilenceVerdict(silence, tuple(alarms))


def tally(
    cases: Sequence[CaseVerdict], silences: Sequence[SilenceVerdict], density: float
) -> Tally:
    """Count verdicts. Cases on which the checker failed count as missed."""
    hits = sum(row.hit for row in cases)
    sharp = sum(row.sharp for row in cases)
    return Tally(
        hit=Share(hits, len(cases)),
        new=Share(sum(row.new for row in cases), len(cases)),
        cleared=Share(sharp, hits),
        sharp=Share(sharp, len(cases)),
        chance=Share(sum(row.chance for row in cases), len(cases)),
        alarms=Share(sum(bool(row.alarms) for row in silences), len(silences)),
        density=density,
        by_decidability={
            decidable: Share(
                sum(row.hit for row in cases if row.case.decidable == decidable),
                sum(row.case.decidable == decidable for row in cases),
            )
            for decidable in DECIDABLE
        },
    )


def _distance(row: Diagnostic, ranges: Iterable[Lines]) -> int:
    """Return how many lines a diagnostic is away from the nearest range; 0 when it overlaps one."""
    return min(max(first - row.last, row.first - last, 0) for first, last in ranges)


def _chance(ranges: Iterable[Lines], lines: int, count: int, slack: int) -> float:
    """Return the probability that one of ``count`` diagnostics at random lines hits a range."""
    width = sum(last - first + 1 + 2 * slack for first, last in ranges)
    return 1 - (1 - min(1.0, width / max(1, lines))) ** count
