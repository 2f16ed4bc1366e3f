"""Says what a condition comes to for somebody who holds a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Compare,
    Const,
    Function,
    Logic,
    Mode,
    Path,
    Result,
    StatementKind,
    Value,
)
from review_checks.summaries.flow import statements_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def truth(
    test: Value, given: Mapping[Value, bool], is_held: Callable[[Value], bool]
) -> bool | None:
    """Return what a condition comes to, or None when that is not known.

    Args:
        test: the condition.
        given: conditions that are known already.
        is_held: whether a value is the thing, which is neither None nor false.
    """
    if test in given:
        return given[test]
    if isinstance(test, Path | Result):
        return True if is_held(test) else None
    if isinstance(test, Const):
        return bool(test.value)
    if isinstance(test, Logic):
        return _combined(test.op, [truth(part, given, is_held) for part in test.parts])
    if isinstance(test, Compare) and len(test.operands) == 2:
        left, right = test.operands
        if is_held(left) and isinstance(right, Const):
            return _compared(test.ops[0], right.value)
    return None


def known_before(body: Function, statement: int) -> dict[Value, bool]:
    """Return the names that were just given a constant, in a row before a statement, and its truth."""
    region = body.statements[statement].region
    row: list[int] = []
    for other in reversed(statements_in(body, region)):
        if other < statement:
            if body.statements[other].kind is not StatementKind.ASSIGN:
                break
            row.append(other)
    last = {write.path: write for write in body.writes if write.statement in row}
    return {
        Path(path): bool(write.value.value)
        for path, write in last.items()
        if write.mode is Mode.ASSIGN and isinstance(write.value, Const) and path.isidentifier()
    }


def _combined(operator: str, parts: list[bool | None]) -> bool | None:
    """Return what ``not``, ``and`` or ``or`` makes of truths that may be unknown."""
    if operator == "not":
        return None if parts[0] is None else not parts[0]
    if operator not in ("and", "or"):
        return None
    decisive = operator == "or"
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def _compared(operator: str, value: object) -> bool | None:
    """Return what comparing a resource with a constant comes to; descriptors are not negative."""
    if value is None or value in (-1, 0):
        if operator in ("is not", "!=", ">", ">="):
            return True
        if operator in ("is", "==", "<", "<="):
            return False
    return None
