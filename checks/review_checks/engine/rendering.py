"""Turns reports, which name places, into findings, which have positions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from review_checks.engine.checking import file_outcomes
from review_checks.engine.discovery import all_rules, rules_by_name
from review_checks.engine.suppression import Suppressions
from review_checks.model import Finding, Note, Span
from review_checks.rule import Context, Over, Place, Report, Rule, span_of
from review_checks.summaries.index import qualified_name
from review_checks.summaries.inputs import settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from review_checks.engine.checking import Outcome
    from review_checks.engine.store import FileStore
    from review_checks.summaries.incremental import Database

Row = tuple[Finding, Rule, Report]
"""A finding, and the rule and report it comes from."""

_Positions = tuple[tuple[str, Span], ...]

_Anchor = tuple[str, int, object, object]
"""Where a unit stands: its file and line there, its facts, and how their lines are mapped."""


class _Made(NamedTuple):
    """A finding that was rendered, and from what; ``anchors`` are those of the units in it."""

    report: Report
    anchors: dict[int, _Anchor]
    positions: _Positions
    row: Row


class Renderer:
    """Renders the findings of files; one that stands where it stood is not made again."""

    def __init__(self, db: Database, store: FileStore) -> None:
        self._db = db
        self._store = store
        self._made: dict[str, dict[int, _Made]] = {}
        self._anchors: dict[int, _Anchor] = {}

    def rows(self, path: str) -> list[Row]:
        """Return the findings of a file from top to bottom, suppressed ones left out."""
        outcomes = file_outcomes(self._db, path)
        file = self._store.files.get(path)
        suppressions = Suppressions(file) if file is not None else None
        if suppressions is None or not (outcomes or suppressions):
            self._made.pop(path, None)
            return []
        before, made = self._made.get(path, {}), {}
        # Findings are mostly about the same units.
        self._anchors.clear()
        rows: list[Row] = []
        seen: set[tuple[str, str, str, Span]] = set()
        for outcome in outcomes:
            for name, report in outcome.reports:
                # The report is kept beside its number, which is its own while it lives.
                known = made[id(report)] = self._row(before.get(id(report)), name, report)
                finding = known.row[0]
                key = (finding.rule, finding.symbol, finding.scope, finding.span)
                if finding.path == path and key not in seen and not suppressions.cover(finding):
                    seen.add(key)
                    rows.append(known.row)
        self._made[path] = made
        if suppressions:
            rows += _told_apart(list(self._rows_of_comments(suppressions, path, outcomes)))
        rows.sort(key=lambda row: (row[0].span, row[0].rule, row[0].symbol))
        return rows

    def _rows_of_comments(
        self, suppressions: Suppressions, path: str, outcomes: Iterable[Outcome]
    ) -> Iterator[Row]:
        """Yield the findings about the comments that silence; they may be silenced, too."""
        options, context = settings(self._db), Context(self._db)
        failed = {name for outcome in outcomes for name, _ in outcome.failures}
        chosen = [
            rule
            for rule in all_rules()
            if rule.over is Over.COMMENT and options.reports(rule.name, rule.concern, rule.tier)
        ]
        segmentation = self._store.files[path].segmentation
        for comment in suppressions.comments(options, failed):
            unit = segmentation.units[segmentation.index_at(comment.silencer.line)]
            scope = ".".join([name for name in (*unit.scope, unit.name) if name])
            for rule in chosen:
                for report in rule.check(comment, context):
                    span = comment.silencer.span_of(report.place.index)
                    finding = self._finding(rule, report, ((path, span),), scope)
                    if not suppressions.cover(finding):
                        yield finding, rule, report

    def forget(self, but: Collection[str] = ()) -> None:
        """Render everything anew when it is asked for, but for some files."""
        self._made = {path: made for path, made in self._made.items() if path in but}

    def position(self, place: Place) -> tuple[str, Span]:
        """Return the file of a place and where it stands there."""
        unit, index = place.function
        path, state, start = self._store.locate(unit)
        return path, state.place(span_of(state.facts.functions[index], place), start)

    def _anchor(self, unit: int) -> _Anchor:
        found = self._anchors.get(unit)
        if found is None:
            path, state, start = self._store.locate(unit)
            found = self._anchors[unit] = path, start, state.facts, state.lines
        return found

    def _stands(self, unit: int, before: _Anchor) -> bool:
        """Say whether whatever lies in a unit is where it was; to compare facts would take long."""
        now = self._anchor(unit)
        return now[:2] == before[:2] and now[2] is before[2] and now[3] is before[3]

    def _row(self, known: _Made | None, name: str, report: Report) -> _Made:
        # A class around the function may have been renamed, of which the report says nothing.
        scope = qualified_name(self._db, report.place.function)
        if known is not None and (known.report is not report or known.row[0].scope != scope):
            known = None
        if known is not None and all(map(self._stands, known.anchors, known.anchors.values())):
            return known
        places = [report.place, *(place for place, _ in report.evidence)]
        positions = tuple([self.position(place) for place in places])
        anchors = {unit: self._anchor(unit) for unit, _ in [place.function for place in places]}
        if known is not None and known.positions == positions:
            return known._replace(anchors=anchors)
        rule = rules_by_name()[name]
        row = self._finding(rule, report, positions, scope), rule, report
        return _Made(report, anchors, positions, row)

    def _finding(self, rule: Rule, report: Report, positions: _Positions, scope: str) -> Finding:
        (path, span), *others = positions
        notes = [
            Note(where, at, message)
            for (where, at), (_, message) in zip(others, report.evidence, strict=True)
        ]
        levels = settings(self._db).severity
        chosen = levels.get(rule.name) or levels.get(rule.concern)
        offered = rule.fix is not None and report.fixable
        return Finding(
            rule.name,
            path,
            span,
            report.message,
            chosen or report.severity or rule.severity,
            scope,
            report.symbol,
            tuple(notes),
            (report.safety or rule.safety) if offered else None,
            "" if offered else report.refusal,
            report.title or rule.title,
        )


def _told_apart(rows: Sequence[Row]) -> list[Row]:
    """Return findings about comments with symbols that differ, however alike the comments are.

    They are numbered from the end, so that those below keep their numbers when they are mended from
    top to bottom.
    """
    count: Counter[tuple[str, str, str]] = Counter()
    found = []
    for finding, rule, report in reversed(rows):
        key = (finding.rule, finding.scope, finding.symbol)
        count[key] += 1
        if count[key] > 1:
            symbol = f"{finding.symbol} ({count[key]})"
            finding = msgspec.structs.replace(finding, symbol=symbol)  # noqa: PLW2901 -- it is another
        found.append((finding, rule, report))
    return found[::-1]
