"""Says which decorators are made by calling a function, and mean nothing without that call."""

from __future__ import annotations

from review_checks.facts.schema import Function, FunctionKind
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.locking.locks import wrapped_under
from review_checks.summaries.names import canonical_in, class_of, function_of, global_name


def is_uncalled_factory(db: Database, function: FunctionId, path: str) -> bool:
    """Say whether a decorator without arguments only makes one that takes a lock."""
    outer = (function[0], outline(db, function[0]).functions[function[1]].parent)
    if outer[1] >= 0:
        target = canonical_in(db, outer, path)
    else:
        target = global_name(db, unit_path(db, function[0]), path)
    return target is not None and _is_factory(db, target)


@query
def _is_factory(db: Database, target: str) -> bool:
    lock = models(db).knowledge(target).lock
    if lock is not None:
        return lock.decorates and lock.key is not None
    factory = function_of(db, target) if class_of(db, target) is None else None
    return factory is not None and _makes_decorators(db, factory)


def _makes_decorators(db: Database, factory: FunctionId) -> bool:
    """Say whether a function takes no function itself, but gives a function that locks one."""
    if wrapped_under(db, factory) is None:
        return False
    functions = unit_facts(db, factory[0]).functions
    mine = {item.name for item in functions[factory[1]].parameters if not item.kind}
    inside = [body for body in functions if _is_inside(functions, body, factory[1])]
    if not mine or any(
        call.callee in mine or any(getattr(value, "text", "") in mine for value in call.args[:1])
        for body in inside
        for call in body.calls
        if call.callee in mine or call.callee in ("callable", "functools.wraps", "wraps")
    ):
        return False
    # The wrapper stands in a decorator of its own, not right in the factory.
    return any(
        call.callee in {item.name for item in functions[body.parent].parameters}
        for body in inside
        if body.kind is FunctionKind.FUNCTION and body.parent not in (-1, factory[1])
        for call in body.calls
    )


def _is_inside(functions: tuple[Function, ...], body: Function, outer: int) -> bool:
    index = next(number for number, other in enumerate(functions) if other is body)
    while index >= 0 and index != outer:
        index = functions[index].parent
    return index == outer
