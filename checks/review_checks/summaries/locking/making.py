"""Says which calls make a lock, and what becomes of it in the function that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from review_checks.facts.schema import Call, Function, Mode, Path, Result, Value
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.mentions import roots_in
from review_checks.summaries.names import bound_names, callees
from review_checks.summaries.paths import parent_of, root_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from review_checks.models.schema import Lock

_TAKING = frozenset({"acquire", "locked", "release"})


def made_lock(db: Database, function: FunctionId, index: int) -> Lock | None:
    """Return what is known of the lock that a call makes, or None when it makes none of its own.

    A lock that is looked up by a key, and a condition over a lock that is there already, are not
    made by the call.
    """
    target = callees(db, function[0])[function[1]][index]
    lock = models(db).knowledge(target).lock if target else None
    if lock is None or lock.key is not None:
        return None
    call = unit_facts(db, function[0]).functions[function[1]].calls[index]
    given = bool(call.args or call.keywords)
    return None if lock.wraps is not None and given else lock


@query
def wrapping_factory(db: Database, factory: FunctionId) -> tuple[str, str] | None:
    """Return what a function makes around a lock that it is given, and the name of the parameter.

    Such is ``def make(lock): return Condition(lock)``; another result beside that is no hindrance.
    """
    body = unit_facts(db, factory[0]).functions[factory[1]]
    names = {parameter.name for parameter in body.parameters}
    for result in body.results:
        made = maker_of(body, result.value)
        target = callees(db, factory[0])[factory[1]][made[0]] if made is not None else None
        lock = models(db).knowledge(target).lock if target else None
        if made is None or target is None or lock is None or lock.wraps is None:
            continue
        given = lock_given(lock, made[1].args, made[1].keywords)
        if isinstance(given, Path) and given.text in names:
            return target, given.text
    return None


def lock_given(lock: Lock, args: Sequence[Any], keywords: Iterable[tuple[str, Any]]) -> Any:
    """Return the lock that a condition is made around, or None when it makes one of its own."""
    if lock.wraps is not None and lock.wraps < len(args):
        return args[lock.wraps]
    return next((value for name, value in keywords if name == lock.wraps_keyword), None)


def private_maker(db: Database, function: FunctionId, name: str) -> int | None:
    """Return the call that makes a lock for a local name, when nobody else gets to see that lock."""
    body = unit_facts(db, function[0]).functions[function[1]]
    rows = [row for row in body.writes if row.path == name] if name.isidentifier() else []
    if len(rows) != 1 or rows[0].mode is not Mode.ASSIGN:
        return None
    maker = maker_of(body, rows[0].value)
    if maker is None or made_lock(db, function, maker[0]) is None:
        return None
    return maker[0] if stays_inside(db, function, name) else None


def stays_inside(db: Database, function: FunctionId, name: str) -> bool:
    """Say whether what a local name holds is taken and given back in its function, and no more.

    A nested function that uses it may run in another thread.
    """
    unit, index = function
    functions = unit_facts(db, unit).functions
    body = functions[index]
    if name in body.scoped or name not in bound_names(db, unit)[index]:
        return False
    for inner, other in enumerate(functions):
        if inner != index and _is_below(functions, inner, index) and _uses(other, name):
            return False
    if any(read.path == name or root_of(read.path) == name for read in body.reads):
        return False
    if any(name in roots_in(value) for value in _values(body)):
        return False
    used = [call.callee for call in body.calls if root_of(call.callee) == name]
    return all(parent_of(callee) == name and callee[len(name) + 1 :] in _TAKING for callee in used)


def _is_below(functions: tuple[Function, ...], inner: int, outer: int) -> bool:
    while inner >= 0 and inner != outer:
        inner = functions[inner].parent
    return inner == outer


def _uses(body: Function, name: str) -> bool:
    return (
        any(root_of(read.path) == name for read in body.reads)
        or any(root_of(call.callee) == name for call in body.calls)
        or any(name in roots_in(item.value) for item in body.withs)
        or any(name in roots_in(value) for value in _values(body))
        or any(root_of(item.path) == name for item in body.decorators)
    )


def _values(body: Function) -> Iterator[Value]:
    """Yield the values of the events of a function but for what its ``with`` statements enter."""
    for call in body.calls:
        yield from call.args
        yield from (value for _, value in call.keywords)
    for write in body.writes:
        if write.mode is not Mode.ENTER:
            yield write.value
    yield from (test.value for test in body.tests)
    yield from (result.value for result in body.results)
    yield from (raised.value for raised in body.raises)


def maker_of(body: Function, value: Value) -> tuple[int, Call] | None:
    """Return the call whose result a value is, with its index."""
    if isinstance(value, Result) and not value.rest:
        return value.call, body.calls[value.call]
    return None
