"""Says who calls a private function of a class or module, and what its callers hold there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.summaries.index import members, owner_of
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.locking.locks import guards_at, held
from review_checks.summaries.locking.roles import Role, declares_lock, role_of
from review_checks.summaries.paths import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.facts.schema import Call
    from review_checks.rule import Context

INNER = (Role.PRIVATE, Role.NESTED)
_MAKING = (Role.OWNED, Role.BODY)


def calls_of(function: FunctionId, context: Context) -> Iterator[tuple[FunctionId, Call]]:
    """Yield the calls of a function by its siblings."""
    path, owner = unit_path(context.db, function[0]), owner_of(context.db, function)
    name = context.facts(function).name
    for other in members(context.db, path, owner):
        me = self_name(context.db, other)
        for call in context.facts(other).calls:
            if steps_of(call.callee) in ((me, name), (name,)):
                yield other, call


def is_making(function: FunctionId, context: Context) -> bool:
    """Say whether a function runs only while its object is made, or its module loaded."""
    if role_of(context.db, function) not in INNER:
        return role_of(context.db, function) in _MAKING
    callers = {caller for caller, _ in calls_of(function, context)}
    return bool(callers) and all(role_of(context.db, caller) in _MAKING for caller in callers)


def lock_at_calls(function: FunctionId, context: Context) -> bool:
    """Say whether a caller of a private function holds a lock, or perhaps does."""
    return role_of(context.db, function) in INNER and any(
        declares_lock(context.db, caller) or bool(guards_at(held(context.db, caller), call.at))
        for caller, call in calls_of(function, context)
    )
