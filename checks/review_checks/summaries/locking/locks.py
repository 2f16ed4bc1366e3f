"""Says which locks a function takes, and over which of its events it holds them.

A decorator or context manager of the project whose own body takes a lock takes it for whoever uses
it; its definition is followed to find out which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Call, Const, Function, FunctionKind, Path, Result, Value
from review_checks.summaries.foreign import known_as
from review_checks.summaries.incremental import Database, query, query_or_unknown
from review_checks.summaries.index import assigned, outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.locking.critical_sections import (
    FOREVER,
    acquired,
    entered,
    is_taken,
    pushed,
)
from review_checks.summaries.locking.guards import (
    UNKNOWN,
    Guard,
    is_lock_word,
    keyed_guard,
    method_guard,
    named_guard,
    object_guard,
    scoped_guard,
    self_name,
    unknown_guard,
)
from review_checks.summaries.names import (
    canonical_in,
    class_around,
    class_of,
    declared_name,
    function_of,
    global_name,
    home,
    method_of,
)
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import join, last_step, parent_of, root_of, steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_STACKS = frozenset({"enter_context", "enter_async_context"})
_SYNCHRONIZING_WORDS = frozenset({"synchronized", "synchronised"})
_SERIALIZING_WORDS = _SYNCHRONIZING_WORDS | {"locked", "lock", "mutex"}


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A guard, held over the events of a function with orders in ``start`` … ``end`` (exclusive).

    ``how`` is ``decorator``, ``with``, ``acquire`` or ``release``; ``index`` is that of the
    decorator, the with item, or the call that takes it, or that gives back what was taken before.
    """

    guard: Guard
    start: int
    end: int
    how: str
    index: int


def held(db: Database, function: FunctionId) -> tuple[Held, ...]:
    """Return the guards that a function takes itself, decorators included."""
    return (_held(db, function) or ()) if _may_hold(db, function[0])[function[1]] else ()


@query
def _may_hold(db: Database, unit: int) -> tuple[bool, ...]:
    """Say of each function of a unit whether anything in it looks as if it took a lock."""
    return tuple(
        [
            bool(body.decorators or body.withs) or any(map(_may_take, body.calls))
            for body in unit_facts(db, unit).functions
        ]
    )


def _may_take(call: Call) -> bool:
    return call.callee.endswith((".acquire", ".release")) or last_step(call.callee) in _STACKS


@query_or_unknown
def _held(db: Database, function: FunctionId) -> tuple[Held, ...]:
    body = unit_facts(db, function[0]).functions[function[1]]
    found = list(_from_decorators(db, function))
    for index, item in enumerate(body.withs):
        guard = guard_of(db, function, item.value)
        if guard is not None:
            if item.asynchronous and not guard.kind:
                guard = msgspec.structs.replace(guard, kind="async")
            found += [Held(guard, *where, "with", index) for where in entered(body, index)]
    for index, call in enumerate(body.calls):
        if _may_take(call) and not _is_entered(body, index):
            found += _from_call(db, function, body, index)
    return tuple(found)


def guards_at(taken: tuple[Held, ...], at: int) -> frozenset[str]:
    """Return the identities of the guards held at an event."""
    return frozenset([row.guard.identity for row in taken if row.start <= at < row.end])


def _is_entered(body: Function, index: int) -> bool:
    return any(isinstance(item.value, Result) and item.value.call == index for item in body.withs)


def _from_call(db: Database, function: FunctionId, body: Function, index: int) -> Iterator[Held]:
    call = body.calls[index]
    receiver = parent_of(call.callee)
    if call.callee.endswith(".acquire"):
        guard = object_guard(db, function, receiver)
        if guard is not None:
            yield Held(guard, *acquired(body, call, receiver), "acquire", index)
    elif call.callee.endswith(".release"):
        # Given back but never taken: it was taken before.
        guard = object_guard(db, function, receiver) if not is_taken(body, call, receiver) else None
        if guard is not None:
            yield Held(guard, -1, call.at, "release", index)
    elif call.args:
        guard = guard_of(db, function, call.args[0])
        if guard is not None:
            yield Held(guard, *pushed(body, call, receiver), "acquire", index)


# What entering a value takes.


def guard_of(db: Database, function: FunctionId, value: Value) -> Guard | None:
    """Return the guard that entering a value takes, or None when it is none."""
    if isinstance(value, Path):
        return object_guard(db, function, value.text)
    if not isinstance(value, Result):
        return None
    call = unit_facts(db, function[0]).functions[function[1]].calls[value.call]
    if not value.rest:
        return _call_guard(db, function, call)
    holder = call.args[0] if call.callee == "type" and len(call.args) == 1 else None
    if isinstance(holder, Path):
        return object_guard(db, function, holder.text + value.rest)
    return unknown_guard(value.rest) if is_lock_word(last_step(value.rest)) else None


def _call_guard(db: Database, function: FunctionId, call: Call) -> Guard | None:
    target = canonical_in(db, function, call.callee) if call.callee else None
    target = known_as(db, target) if target else None
    lock = models(db).knowledge(target).lock if target else None
    if lock is not None and target:
        # A lock that is made on the spot is nobody else's.
        named = lock.key is not None
        return named_guard(db, function, target, lock, call.args, call.keywords) if named else None
    found = _project_guard(db, function, target, call) if target else None
    return found or _guard_by_name(db, function, call)


def _project_guard(db: Database, function: FunctionId, target: str, call: Call) -> Guard | None:
    """Return the guard that is held inside a context manager of the project."""
    made = class_of(db, target) is not None
    inner = method_of(db, target, "__enter__") if made else function_of(db, target)
    if inner is None:
        return None
    guard = next((row.guard for row in held(db, inner)), None) if made else entered_under(db, inner)
    if guard is None:
        return None
    receiver = root_of(parent_of(call.callee))
    mine = not made and receiver == self_name(db, function)
    if not mine and class_of(db, guard.place.rpartition(".")[0]) is not None:
        # The lock of another object than the function's own.
        return unknown_guard(call.callee)
    return _applied(db, function, guard, _arguments(db, inner, call))


def _guard_by_name(db: Database, function: FunctionId, call: Call) -> Guard | None:
    """Return the guard for a context manager that is a lock by its name, or by that of its owner."""
    receiver, method = parent_of(call.callee), last_step(call.callee)
    # Of what takes no argument, an object has one.
    only = not call.args and not call.keywords
    if is_lock_word(last_step(receiver)):
        guard = object_guard(db, function, receiver)
        if guard is not None:
            return method_guard(guard, method) if only else unknown_guard(call.callee)
    if not is_lock_word(method):
        return None
    around = class_around(db, function)
    if around and only and root_of(receiver) == self_name(db, function):
        name = join((around, *steps_of(call.callee)[1:]))
        return method_guard(Guard(f"{name}()", f"{call.callee}()"), method)
    return unknown_guard(call.callee)


@query_or_unknown
def entered_under(db: Database, manager: FunctionId) -> Guard | None:
    """Return the guard that is held while what a function returns is entered.

    It may be a generator that yields under a lock, or a function that returns one.
    """
    body = unit_facts(db, manager[0]).functions[manager[1]]
    if not body.results:
        return None
    if body.generator:
        if not any(item.path.endswith("contextmanager") for item in body.decorators):
            return None
        taken = held(db, manager)
        inside = [
            {row.guard for row in taken if row.start <= item.at < row.end} for item in body.results
        ]
        common = set.intersection(*inside) if inside else set()
        return min(common, key=lambda guard: guard.identity, default=None)
    found = {guard_of(db, manager, item.value) for item in body.results}
    return found.pop() if len(found) == 1 else None


# What a decorator takes.


def _from_decorators(db: Database, function: FunctionId) -> Iterator[Held]:
    declared = outline(db, function[0]).functions[function[1]]
    for index, (path, made) in enumerate(declared.decorators):
        guard = _decorator_guard(db, function, path, made)
        if guard is not None:
            yield Held(guard, -1, FOREVER, "decorator", index)


def _decorator_guard(
    db: Database, function: FunctionId, path: str, made: Made | None
) -> Guard | None:
    # Decorators are evaluated where the function is defined.
    outer = (function[0], outline(db, function[0]).functions[function[1]].parent)
    if not path:
        return None
    if outer[1] >= 0:
        target = canonical_in(db, outer, path)
    else:
        target = global_name(db, unit_path(db, function[0]), path)
    target = known_as(db, target) if target else None
    lock = models(db).knowledge(target).lock if target else None
    if lock is not None and target:
        if made is None or lock.key is None or not lock.decorates:
            return None
        return named_guard(db, outer, target, lock, made.args, made.keywords)
    made_of_class = target is not None and class_of(db, target) is not None
    inner = _decorator_of(db, target) if target and not made_of_class else None
    guard = wrapped_under(db, inner) if inner is not None else None
    if inner is not None and guard is not None:
        return _applied_around(db, function, outer, guard, _arguments(db, inner, made))
    words = set(words_of(last_step(path)))
    if inner is None and target and not made_of_class and words & _SYNCHRONIZING_WORDS:
        return _stranger_guard(target, path, made)
    speaks = words & _SERIALIZING_WORDS
    return unknown_guard(path) if speaks and (inner is None or _takes_any(db, inner)) else None


def _decorator_of(db: Database, target: str) -> FunctionId | None:
    """Return the function that a decorator is, or the closure that a factory made for its name."""
    found = function_of(db, target)
    place = home(db, target) if found is None else None
    rows = assigned(db, place.path, "", place.name) if place is not None else ()
    if len(rows) != 1 or not isinstance(rows[0][1], Made) or rows[0][1].rest:
        return found
    factory = declared_name(db, rows[0][0], rows[0][1].callee)
    outer = function_of(db, factory) if factory and class_of(db, factory) is None else None
    return _closure_of(db, outer) if outer is not None else None


def _closure_of(db: Database, factory: FunctionId) -> FunctionId | None:
    """Return the function that is defined in another one and returned by it."""
    facts = unit_facts(db, factory[0]).functions
    returned = {
        item.value.text
        for item in facts[factory[1]].results
        if isinstance(item.value, Path) and not item.yields
    }
    for index, nested in enumerate(facts):
        if nested.parent == factory[1] and nested.name in returned:
            return factory[0], index
    return None


def _stranger_guard(target: str, path: str, made: Made | None) -> Guard:
    """Return the guard of a decorator that synchronizes, of which nothing but the name is known.

    With equal arguments it takes the same lock.
    """
    given = () if made is None else (*made.args, *dict(made.keywords).values())
    if not all(isinstance(value, Const) for value in given):
        return unknown_guard(path)
    text = ", ".join([repr(value.value) for value in given if isinstance(value, Const)])
    return Guard(f"{target}({text})", f"@{path}({text})" if made is not None else f"@{path}")


def _takes_any(db: Database, function: FunctionId) -> bool:
    """Say whether a function, or one inside it, takes any lock."""
    facts = unit_facts(db, function[0]).functions
    return any(
        held(db, (function[0], index))
        for index in range(len(facts))
        if index == function[1] or function[1] in _functions_around(facts, index)
    )


@query_or_unknown
def wrapped_under(db: Database, decorator: FunctionId) -> Guard | None:
    """Return the guard held where a decorator calls the function it decorates, or None.

    A lock that is an attribute of the first argument is labelled ``self.`` and its name.
    """
    facts = unit_facts(db, decorator[0]).functions
    found: dict[str, list[Guard | None]] = {}
    for index, nested in enumerate(facts):
        around = _functions_around(facts, index)
        if decorator[1] not in around or nested.kind is not FunctionKind.FUNCTION:
            continue
        given = {item.name for outer in around for item in facts[outer].parameters}
        given -= {item.name for item in nested.parameters}
        for call in nested.calls:
            if call.callee in given:
                guard = _guard_around(db, (decorator[0], index), facts, call.at)
                found.setdefault(call.callee, []).append(guard)
    # A way on which the function is called without the lock makes it none that holds it.
    return next((rows[0] for rows in found.values() if None not in rows), None)


def _guard_around(
    db: Database, wrapper: FunctionId, facts: tuple[Function, ...], at: int
) -> Guard | None:
    """Return the guard that is held at an event of a wrapper, or None."""
    nested = facts[wrapper[1]]
    for row in held(db, wrapper):
        if row.start <= at < row.end:
            return _relative(nested, row.guard)
    labels = _entered_parameters(facts, wrapper[1], at)
    return next((_relative(nested, unknown_guard(label)) for label in labels), None)


def _entered_parameters(facts: tuple[Function, ...], index: int, at: int) -> Iterator[str]:
    """Yield the access paths entered around an event that begin at some parameter.

    Whether they are locks shows where the arguments are known.
    """
    nested = facts[index]
    around = [nested, *[facts[outer] for outer in _functions_around(facts, index)]]
    names = {parameter.name for body in around for parameter in body.parameters}
    for number, item in enumerate(nested.withs):
        if not isinstance(item.value, Path) or root_of(item.value.text) not in names:
            continue
        if any(start <= at < end for start, end in entered(nested, number)):
            yield item.value.text


def _functions_around(facts: tuple[Function, ...], index: int) -> list[int]:
    around = []
    while facts[index].parent >= 0:
        index = facts[index].parent
        around.append(index)
    return around


def _relative(wrapper: Function, guard: Guard) -> Guard:
    """Name a lock that the first argument of a wrapper holds as one of ``self``."""
    first = wrapper.parameters[0] if wrapper.parameters else None
    if guard.identity != UNKNOWN or first is None:
        return guard
    steps = steps_of(guard.label)
    if first.kind == "*":
        steps = (first.name, *steps[2:]) if steps[:2] == (first.name, "[0]") else ()
    if len(steps) < 2 or steps[0] != first.name:
        return guard
    return msgspec.structs.replace(guard, label=join(("self", *steps[1:])))


# Arguments in the place of parameters.


def _arguments(
    db: Database, taker: FunctionId, made: Call | Made | None
) -> dict[str, Path | Const]:
    """Return the names and constants that a call gives to the parameters of a function."""
    if made is None:
        return {}
    parameters = outline(db, taker[0]).functions[taker[1]].parameters
    names = [item.name for item in parameters if not item.kind]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    given = dict(zip(names, made.args, strict=False)) | dict(made.keywords)
    return {name: value for name, value in given.items() if isinstance(value, Path | Const)}


def _applied(
    db: Database, function: FunctionId, guard: Guard, given: dict[str, Path | Const]
) -> Guard:
    """Put the arguments of a call in the place of the parameters on which a guard depends."""
    if not guard.keyed:
        return guard
    root = root_of(guard.label)
    value = given.get(root)
    rest = guard.label[len(root) :]
    if isinstance(value, Path):
        value = Path(value.text + rest)
    if guard.identity == UNKNOWN:
        found = object_guard(db, function, value.text) if isinstance(value, Path) else None
        return found or guard
    if value is None or (rest and isinstance(value, Const)):
        return guard
    return keyed_guard(db, function, guard, value)


def _applied_around(
    db: Database,
    function: FunctionId,
    outer: FunctionId,
    guard: Guard,
    given: dict[str, Path | Const],
) -> Guard | None:
    """Return the guard that a decorator with these arguments holds around a function."""
    if guard.identity != UNKNOWN:
        return _applied(db, outer, guard, given)
    root, rest = root_of(guard.label), guard.label[len(root_of(guard.label)) :]
    value = given.get(root)
    unsure = guard if is_lock_word(last_step(guard.label)) else None
    if isinstance(value, Path):
        return scoped_guard(db, function, value.text + rest) or unsure
    me = self_name(db, function)
    if root == "self" and me:
        return object_guard(db, function, me + rest) or unsure
    return unsure
