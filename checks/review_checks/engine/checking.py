"""Runs the rules over what each unit, class and module declares, remembering the outcome."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.engine.discovery import all_rules
from review_checks.facts.schema import FunctionKind
from review_checks.rule import Context, Over, Report, Rule
from review_checks.summaries.cells import CycleError
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import class_names, module_info, outline
from review_checks.summaries.inputs import layout, settings
from review_checks.summaries.parts import Part, parts

if TYPE_CHECKING:
    from collections.abc import Iterable


class Outcome(msgspec.Struct, frozen=True):
    """The reports of the rules over one thing, and the rules that failed there with their traces."""

    reports: tuple[tuple[str, Report], ...] = ()
    failures: tuple[tuple[str, str], ...] = ()


@query
def _chosen(db: Database, over: Over) -> tuple[Rule, ...]:
    """Return the rules over one kind of thing that are in force."""
    options = settings(db)
    return tuple(
        [
            rule
            for rule in all_rules()
            if rule.over is over and options.reports(rule.name, rule.concern, rule.tier)
        ]
    )


def _run(db: Database, over: Over, subjects: Iterable[Any]) -> Outcome:
    context = Context(db)
    reports: list[tuple[str, Report]] = []
    failures: list[tuple[str, str]] = []
    chosen = _chosen(db, over)
    for subject in subjects:
        for rule in chosen:
            try:
                found = list(rule.check(subject, context))
            except CycleError:
                raise
            except Exception:  # noqa: BLE001 -- one broken rule must not silence the others
                failures.append((rule.name, traceback.format_exc()))
            else:
                if found:
                    reports += [(rule.name, report) for report in found]
    return Outcome(tuple(reports), tuple(failures))


@query
def unit_outcome(db: Database, unit: int) -> Outcome:
    """Run the rules over functions on the functions of a unit."""
    functions = [
        (unit, index)
        for index, function in enumerate(outline(db, unit).functions)
        if function.kind is not FunctionKind.CLASS
    ]
    return _run(db, Over.FUNCTION, functions)


@query
def class_outcome(db: Database, owner: str) -> Outcome:
    """Run the rules over classes on one class."""
    return _run(db, Over.CLASS, [owner])


@query
def module_outcome(db: Database, path: str) -> Outcome:
    """Run the rules over modules on one module."""
    return _run(db, Over.MODULE, [path])


@query
def _part_outcomes(db: Database, units: Part) -> tuple[Outcome, ...]:
    """Return the outcomes of some units; empty ones are left out."""
    outcomes = [unit_outcome(db, unit) for unit in units]
    return tuple([outcome for outcome in outcomes if outcome.reports or outcome.failures])


@query
def file_outcomes(db: Database, path: str) -> tuple[Outcome, ...]:
    """Return the outcomes of everything that a file declares; empty ones are left out."""
    if layout(db, path) is None:
        return ()
    module = module_info(db, path).name
    outcomes = [outcome for part in parts(db, path) for outcome in _part_outcomes(db, part)]
    outcomes += [class_outcome(db, f"{module}.{name}") for name in class_names(db, path)]
    outcomes.append(module_outcome(db, path))
    return tuple([outcome for outcome in outcomes if outcome.reports or outcome.failures])
