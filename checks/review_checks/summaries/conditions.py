"""Says what must hold of a function's parameters for control to reach one of its statements.

A flag such as ``locked=False`` often decides whether a function does something at all; a caller that
gives a constant for it makes the choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Compare,
    Const,
    Function,
    Logic,
    Path,
    RegionKind,
    Result,
    StatementKind,
    Value,
)
from review_checks.summaries.flow import ancestry, regions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Condition = tuple[str, bool]
"""A parameter, and whether it must be true or false."""

_NONE: frozenset[Condition] = frozenset()
_IS, _IS_NOT = ("is", "=="), ("is not", "!=")
_THEN, _IF = RegionKind.THEN, StatementKind.IF
_BRANCHES = (RegionKind.THEN, RegionKind.ELSE)


def conditions_in(body: Function) -> Callable[[int], frozenset[Condition]]:
    """Return what tells, for a statement, which conditions must hold for it to be reached.

    Parameters that are bound anew do not count.
    """
    if not body.tests or not body.parameters:
        return _without_conditions
    parameters = unchanged_parameters(body)
    tests = {row.statement: row.value for row in body.tests}
    asking = {at: test for at, test in tests.items() if _asks(test, parameters)}
    if not asking:
        return _without_conditions
    first, known = min(asking), dict[int, frozenset[Condition]]()

    def find(statement: int) -> frozenset[Condition]:
        if statement < first:
            return _NONE
        if statement not in known:
            known[statement] = frozenset(
                [
                    condition
                    for test, came_to in _before(body, asking, statement)
                    for condition in _conditions(test, came_to=came_to)
                    if condition[0] in parameters
                ]
            )
        return known[statement]

    return find


def _without_conditions(_: int) -> frozenset[Condition]:
    return _NONE


def unchanged_parameters(body: Function) -> set[str]:
    """Return the parameters of a function that it does not bind anew."""
    return {item.name for item in body.parameters}.difference([row.path for row in body.writes])


def tests_before(body: Function, statement: int) -> Iterator[tuple[Value, bool]]:
    """Yield the tests on the way to a statement, innermost first, and what they came to.

    They are those around it, and those of earlier ``if`` statements one branch of which leaves.
    """
    if body.tests:
        yield from _before(body, {row.statement: row.value for row in body.tests}, statement)


def _before(
    body: Function, tests: dict[int, Value], statement: int
) -> Iterator[tuple[Value, bool]]:
    """Yield those among some statements' tests that are on the way to a statement."""
    rows = sorted(tests)
    for region, ancestor in ancestry(body, statement):
        row = body.regions[region]
        test = tests.get(row.owner)
        if test is not None and row.kind in _BRANCHES:
            yield test, row.kind is _THEN
        for sibling in rows:
            if sibling >= ancestor:
                break
            before = body.statements[sibling]
            if before.region == region and before.kind is _IF:
                for block in regions_of(body, sibling):
                    if not body.regions[block].falls:
                        yield tests[sibling], body.regions[block].kind is not _THEN


def calls_in(test: Value) -> Iterator[int]:
    """Yield the calls whose results a test looks at."""
    if isinstance(test, Result):
        yield test.call
    elif isinstance(test, Compare):
        for operand in test.operands:
            yield from calls_in(operand)
    elif isinstance(test, Logic):
        for part in test.parts:
            yield from calls_in(part)


def outcomes(test: Value, *, came_to: bool) -> Iterator[tuple[Value, bool]]:
    """Yield the parts of a test of which it is known what they came to when that of the whole is."""
    if not isinstance(test, Logic):
        yield test, came_to
    elif test.op == "not":
        yield from outcomes(test.parts[0], came_to=not came_to)
    elif test.op == ("and" if came_to else "or"):
        for part in test.parts:
            yield from outcomes(part, came_to=came_to)


def _asks(test: Value, names: set[str]) -> bool:
    """Say whether a test looks at one of some names itself."""
    if isinstance(test, Path):
        return test.text in names
    if isinstance(test, Compare):
        left = test.operands[0]
        return isinstance(left, Path) and left.text in names
    if isinstance(test, Logic):
        for part in test.parts:
            if _asks(part, names):
                return True
    return False


def _conditions(test: Value, *, came_to: bool) -> Iterator[Condition]:
    """Yield the names that must be true or false when a test came to a truth."""
    if isinstance(test, Path):
        yield test.text, came_to
    elif isinstance(test, Logic):
        if test.op == "not":
            yield from _conditions(test.parts[0], came_to=not came_to)
        elif test.op == ("and" if came_to else "or"):
            for part in test.parts:
                yield from _conditions(part, came_to=came_to)
    elif isinstance(test, Compare) and len(test.operands) == 2 and test.operands[1] == Const(None):
        left = test.operands[0]
        if isinstance(left, Path) and test.ops[0] in (*_IS, *_IS_NOT):
            yield left.text, came_to is (test.ops[0] in _IS_NOT)
