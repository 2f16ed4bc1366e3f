"""Says over which events of a function a lock is held that it takes at some event.

Everything here follows from the facts of the one function.
"""

from __future__ import annotations

from review_checks.facts.schema import (
    Call,
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
from review_checks.summaries.flow import ancestry

FOREVER = 1 << 60
_PASSED = (RegionKind.TRY, RegionKind.FINALLY, RegionKind.WITH)

Interval = tuple[int, int]
"""The orders of events from the first to the one after the last."""


def entered(body: Function, index: int) -> list[Interval]:
    """Return over which events the context manager of a with item is entered.

    A block may give its lock back for a while, and take it again.
    """
    item = body.withs[index]
    end = body.statements[item.statement].end
    first = body.regions[item.region].first
    start = body.statements[first].at if first < len(body.statements) else end
    if not isinstance(item.value, Path):
        return [(start, end)]
    lock = item.value.text
    inside = [call for call in body.calls if start <= call.at < end]
    back = min([call.at for call in inside if call.callee == f"{lock}.release"], default=end)
    again = min(
        [call.at + 1 for call in inside if call.callee == f"{lock}.acquire" and call.at > back],
        default=end,
    )
    return [(start, back), (again, end)] if back < end else [(start, end)]


def pushed(body: Function, call: Call, stack: str) -> Interval:
    """Return over which events what a call put on a stack of context managers is entered."""
    for item in body.withs:
        owner = body.statements[item.statement]
        if item.name == stack and owner.at <= call.at < owner.end:
            return call.at + 1, owner.end
    return call.at + 1, _end_of(body, body.statements[call.statement].region)


def acquired(body: Function, call: Call, lock: str) -> Interval:
    """Return over which events a lock taken by ``acquire()`` is held.

    It is given back by the ``release()`` of the same block, or of the ``finally`` of a ``try`` in
    it or around it; else by any later one; without one at the end of the block. A lock that a
    condition asks for is held where the condition says that it was had.
    """
    statement = body.statements[call.statement]
    after = _given_back(body, call, lock, statement.region)
    if statement.kind not in (StatementKind.IF, StatementKind.WHILE):
        return call.at + 1, after
    had = True
    for test in body.tests:
        if test.statement == call.statement:
            had = _means_had(test.value, body, call) is not False
    inside = [row for row in body.regions if row.owner == call.statement]
    if had:
        others = [row for row in inside if row.kind == RegionKind.ELSE]
        starts = [body.statements[row.first].at for row in others]
        return call.at + 1, min(starts, default=statement.end)
    falls = any(row.falls for row in inside if row.kind == RegionKind.THEN)
    return (statement.end, statement.end if falls else after)


def _means_had(value: Value, body: Function, call: Call) -> bool | None:
    """Say whether a condition is true when the call in it succeeded; None when it has no such call."""
    if isinstance(value, Result):
        return True if body.calls[value.call] is call else None
    if isinstance(value, Logic):
        for part in value.parts:
            found = _means_had(part, body, call)
            if found is not None:
                return found != (value.op == "not")
    if isinstance(value, Compare):
        for operand in value.operands:
            found = _means_had(operand, body, call)
            if found is not None:
                same = value.ops[0] in ("is", "==")
                return same != (Const(False) in value.operands)
    return None


def _given_back(body: Function, taken: Call, lock: str, region: int) -> int:
    releases = [
        call for call in body.calls if call.callee == f"{lock}.release" and call.at > taken.at
    ]
    outer = region
    while outer >= 0:
        for call in releases:
            for around, _ in ancestry(body, call.statement):
                if around == outer:
                    return call.at
                if body.regions[around].kind not in _PASSED:
                    break
        # What a `try` takes may be given back after it.
        outer = body.regions[outer].parent if body.regions[outer].kind in _PASSED else -1
    # Taken on some condition, and given back on the same.
    return min([call.at for call in releases], default=_end_of(body, region))


def _end_of(body: Function, region: int) -> int:
    rows = [row.end for row in body.statements if row.region == region]
    return max(rows, default=FOREVER)


def is_taken(body: Function, release: Call, lock: str) -> bool:
    """Say whether a lock that a call gives back was taken in the same function."""
    for index, item in enumerate(body.withs):
        if isinstance(item.value, Path) and item.value.text == lock:
            last = body.statements[item.statement].end
            if entered(body, index)[0][0] <= release.at < last:
                return True
    for call in body.calls:
        if call.callee == f"{lock}.acquire" and call.at < release.at:
            start, end = acquired(body, call, lock)
            if start <= release.at <= end:
                return True
    return False
