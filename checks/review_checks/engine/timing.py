"""How long each rule takes on a file, for people who wonder what is slow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.engine.checking import file_outcomes
from review_checks.engine.discovery import all_rules
from review_checks.facts.schema import FunctionKind
from review_checks.rule import Context, Over
from review_checks.summaries.index import class_names, module_info, outline
from review_checks.summaries.inputs import layout, settings

if TYPE_CHECKING:
    from review_checks.summaries.incremental import Database


class Timing(msgspec.Struct, frozen=True):
    """What a rule takes on a file: ``milliseconds`` in ``calls``, with ``reports`` to show for it."""

    rule: str
    milliseconds: float
    calls: int
    reports: int


def time_rules(db: Database, path: str) -> list[Timing]:
    """Run every rule that reports once more over a file; the slowest comes first.

    The summaries that rules share are there by then, and are not counted as any rule's.
    """
    file_outcomes(db, path)
    subjects = _subjects(db, path)
    context, options = Context(db), settings(db)
    rows = []
    for rule in all_rules():
        if rule.over in subjects and options.reports(rule.name, rule.concern, rule.tier):
            reports = 0
            begun = time.perf_counter()
            for subject in subjects[rule.over]:
                try:
                    reports += sum(1 for _ in rule.check(subject, context))
                except Exception:  # noqa: BLE001, S112 -- that it fails is said elsewhere
                    continue
            taken = (time.perf_counter() - begun) * 1000
            rows.append(Timing(rule.name, round(taken, 3), len(subjects[rule.over]), reports))
    return sorted(rows, key=lambda row: -row.milliseconds)


def _subjects(db: Database, path: str) -> dict[Over, list[Any]]:
    """Return what the rules look at in a file."""
    units = layout(db, path)
    if units is None:
        return {}
    module = module_info(db, path).name
    functions = [
        (unit, index)
        for unit in units
        for index, function in enumerate(outline(db, unit).functions)
        if function.kind is not FunctionKind.CLASS
    ]
    classes = [f"{module}.{name}" for name in class_names(db, path)]
    return {Over.FUNCTION: functions, Over.CLASS: classes, Over.MODULE: [path]}
