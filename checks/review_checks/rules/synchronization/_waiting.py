"""Says why taking a lock somewhere could make its holder wait for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.locks import Held, held
from review_checks.summaries.names import callees, class_of, function_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from review_checks.rule import Context
    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.entry_guards import Solution

_MAX_FUNCTIONS = 400
"""How many functions below a call are looked at; what a fix may cost is bounded."""


def obstacle(context: Context, solution: Solution, function: FunctionId, guard: Guard) -> str:
    """Return why a function cannot take a lock at all, or ''.

    A lock of which it is not known whether its holder may take it again counts as one that its
    holder may not.
    """
    if guard.kind == "async" and not context.facts(function).asynchronous:
        return f"`{guard.label}` can be taken in coroutines only"
    for current in _functions_above(solution, function):
        for caller, locks in solution.handed.get(current, ()):
            if guard.identity in locks:
                # Another thread may run it, for which the holder may wait.
                name = context.qualified(caller)
                return f"`{name}` hands it on with `{guard.label}` held, and may wait for it"
    if guard.reentrant:
        return ""
    above = _functions_above(solution, function)
    for caller, _, locks in [row for current in above for row in solution.callers.get(current, ())]:
        if guard.identity in locks or UNKNOWN in locks:
            sure = guard.reentrant is False and guard.identity in locks
            again = "cannot be taken twice" if sure else "perhaps cannot be taken twice"
            name = context.qualified(caller)
            return f"`{name}` comes here with `{guard.label}` held, which {again}"
    return ""


def _functions_above(solution: Solution, function: FunctionId) -> list[FunctionId]:
    """Return a function and all by which it is reached, nearest first."""
    found = [function]
    for current in found:
        for caller, _, _ in solution.callers.get(current, ()):
            if caller not in found:
                found.append(caller)
    return found


def taken_inside(
    context: Context, solution: Solution, function: FunctionId, guard: Guard, orders: range
) -> str:
    """Return what takes a lock among some events of a function, or below the calls there, or ''."""
    if guard.reentrant:
        return ""
    for row in held(context.db, function):
        if solution.same_lock(row.guard.identity, guard.identity) and _overlaps(row, orders):
            return f"`{guard.label}` is taken there already"
    calls = context.facts(function).calls
    first = [index for index, call in enumerate(calls) if call.at in orders]
    for name, inner in _functions_below(context, function, first):
        taken = {row.guard.identity for row in held(context.db, inner)}
        if any(solution.same_lock(identity, guard.identity) for identity in taken):
            return f"`{name}`, which is called there, takes `{guard.label}` itself"
    return ""


def _overlaps(row: Held, orders: range) -> bool:
    return row.start < orders.stop and orders.start < row.end


def _functions_below(
    context: Context, function: FunctionId, first: Iterable[int]
) -> Iterator[tuple[str, FunctionId]]:
    """Yield the project's functions that are reached from some calls of a function, nearest first."""
    seen = {function}
    todo = [row for row in _called(context, function) if row[0] in set(first)]
    while todo and len(seen) < _MAX_FUNCTIONS:
        below = []
        for _, name, inner in todo:
            if inner not in seen:
                seen.add(inner)
                yield name, inner
                below += _called(context, inner)
        todo = below


def _called(context: Context, function: FunctionId) -> list[tuple[int, str, FunctionId]]:
    """Return the project's functions that a function calls: call, name, function."""
    rows = []
    for index, target in enumerate(callees(context.db, function[0])[function[1]]):
        inner = function_of(context.db, target) if target else None
        if inner is not None and target is not None:
            of_class = class_of(context.db, target) is not None
            name = target.rpartition(".")[2]
            rows.append((index, f"{name}()" if of_class else name, inner))
    return rows
