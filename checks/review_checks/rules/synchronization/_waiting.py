"""Says why taking a lock somewhere could make its holder wait for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Path
from review_checks.summaries.calling import calls_of, place_in, unit_links
from review_checks.summaries.index import members, owner_of
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.guards import UNKNOWN, Guard, self_name
from review_checks.summaries.locking.locks import Held, held
from review_checks.summaries.locking.roles import Role, role_of
from review_checks.summaries.names import (
    attribute_rows,
    callees,
    class_around,
    lineage,
    owner_of_name,
)
from review_checks.summaries.paths import steps_of

if TYPE_CHECKING:
    from review_checks.rule import Context
    from review_checks.summaries.locking.entry_guards import Solution

_MAX_FUNCTIONS = 2000
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
    if role_of(context.db, function) is Role.PUBLIC:
        return _called_back(context, solution, function, guard)
    return ""


def _called_back(context: Context, solution: Solution, function: FunctionId, guard: Guard) -> str:
    """Return which holder of a lock calls what others gave it, from where a function may be called."""
    path, owner = unit_path(context.db, function[0]), owner_of(context.db, function)
    for other in members(context.db, path, owner):
        rows = [
            row
            for row in held(context.db, other)
            if solution.same_lock(row.guard.identity, guard.identity)
        ]
        for index, call in enumerate(context.facts(other).calls if rows else ()):
            inside = any(row.start <= call.at < row.end for row in rows)
            if inside and _is_handed_in(context, other, index):
                return (
                    f"`{context.qualified(other)}` calls `{call.callee}` with `{guard.label}` held, "
                    "which was given to it and may come here"
                )
    return ""


def _is_handed_in(context: Context, function: FunctionId, index: int) -> bool:
    """Say whether a call is one of a value that somebody else gave to the function or its object."""
    if callees(context.db, function[0])[function[1]][index] is not None:
        return False
    steps = steps_of(context.facts(function).calls[index].callee)
    if len(steps) == 1:
        return owner_of_name(context.db, function, steps[0]) is not None
    around = class_around(context.db, function)
    if len(steps) != 2 or not around or steps[0] != self_name(context.db, function):
        return False
    rows = [
        row
        for base in lineage(context.db, around)
        for row in attribute_rows(context.db, base, steps[1])
    ]
    return any(isinstance(value, Path) and value.text.isidentifier() for _, value in rows)


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
    body = context.facts(function)
    first = [
        link for event, link in calls_of(context.db, function) if place_in(body, event).at in orders
    ]
    seen: set[FunctionId] = {function}
    todo = [link.target for link in first]
    for inner in todo:
        if inner in seen:
            continue
        if len(seen) > _MAX_FUNCTIONS:
            return f"too much is called there to be sure that nothing takes `{guard.label}` again"
        seen.add(inner)
        taken = {row.guard.identity for row in held(context.db, inner)}
        if any(solution.same_lock(identity, guard.identity) for identity in taken):
            name = _name(context, inner)
            return f"`{name}`, which is called there, takes `{guard.label}` itself"
        todo += [link.target for link in unit_links(context.db, inner[0])[inner[1]]]
    return ""


def _overlaps(row: Held, orders: range) -> bool:
    return row.start < orders.stop and orders.start < row.end


def _name(context: Context, function: FunctionId) -> str:
    """Return how a function is called; one that makes an object goes by the name of the class."""
    owner, _, name = context.qualified(function).rpartition(".")
    return f"{owner.rpartition('.')[2]}()" if name == "__init__" else name
