"""Says which locks a function takes, and over which of its events it holds them.

A lock is known by its *identity*: the class and attribute, or module and name, that hold the
lock object; or, for locks that are looked up by a key, the library and the key. Two identities are
never assumed to be the same lock.
"""

from __future__ import annotations

from typing import Any

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Function,
    FunctionKind,
    Path,
    Result,
    StatementKind,
    Value,
)
from review_checks.models.schema import Lock
from review_checks.summaries.incremental import Database, query, query_or_unknown
from review_checks.summaries.index import assigned, imported, module_info, outline
from review_checks.summaries.inputs import (
    FunctionId,
    models,
    module_path,
    unit_facts,
    unit_path,
)
from review_checks.summaries.names import (
    attribute_rows,
    callees,
    canonical_in,
    class_around,
    class_of,
    declared_name,
    function_of,
    global_name,
    lineage,
    owner_of_name,
)
from review_checks.summaries.outline import Made, portable
from review_checks.summaries.paths import last_step, parent_of, steps_of

_LOCK_WORDS = frozenset({"lock", "locks", "rlock", "mutex", "semaphore", "sem", "rwlock"})
_FOREVER = 1 << 60


class Guard(msgspec.Struct, frozen=True, array_like=True):
    """A lock.

    Attributes:
        identity: equal for two guards exactly when they are known to be the same lock.
        label: how the source calls it; equal guards may go by several labels.
        kind: what it excludes: ``thread``, ``async``, ``process``, ``greenlet``; '' if unknown.
        reentrant: whether its holder may take it again; None when that is unknown.
        keyed: whether it depends on a key that is computed (``lock(instance.uuid)``).
        reads: it is a read lock.
        place: where it is declared, as a canonical name; '' for a named lock.
    """

    identity: str
    label: str
    kind: str
    reentrant: bool | None
    keyed: bool = False
    reads: bool = False
    place: str = ""


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A guard, held over the events of a function with orders in ``start`` … ``end`` (exclusive).

    ``how`` is ``decorator``, ``with`` or ``acquire``; ``index`` is that of the decorator, the
    with item, or the call that takes it.
    """

    guard: Guard
    start: int
    end: int
    how: str
    index: int


def identity_words(name: str) -> frozenset[str]:
    """Return the lower-case words of an identifier."""
    return frozenset(name.lower().strip("_").split("_"))


@query
def held(db: Database, function: FunctionId) -> tuple[Held, ...]:
    """Return the guards that a function takes itself, decorators included."""
    body = unit_facts(db, function[0]).functions[function[1]]
    found = list(_from_decorators(db, function, body))
    for index, item in enumerate(body.withs):
        guard = guard_of(db, function, item.value)
        if guard is not None:
            last = body.statements[item.statement]
            first = body.regions[item.region].first
            start = body.statements[first].at if first < len(body.statements) else last.end
            found.append(Held(guard, start, last.end, "with", index))
    found += _from_acquires(db, function, body)
    return tuple(found)


def guards_at(taken: tuple[Held, ...], at: int) -> frozenset[str]:
    """Return the identities of the guards held at an event."""
    return frozenset([row.guard.identity for row in taken if row.start <= at < row.end])


def _from_decorators(db: Database, function: FunctionId, body: Function) -> list[Held]:
    declared = outline(db, function[0]).functions[function[1]]
    # Decorators are evaluated where the function is defined.
    around = (function[0], declared.parent)
    found = []
    for index, (path, made) in enumerate(declared.decorators):
        guard = None
        if made is not None:
            guard = _made_guard(db, around, function, made, decorates=True)
        elif path:
            target = _outer_name(db, around, path)
            guard = _wrapper_guard(db, function, target, None) if target else None
        if guard is not None:
            found.append(Held(guard, -1, _FOREVER, "decorator", index))
    return found


def _outer_name(db: Database, around: FunctionId, text: str) -> str | None:
    if around[1] >= 0:
        return canonical_in(db, around, text)
    return global_name(db, unit_path(db, around[0]), text)


# Taking a lock by a call, such as `lockutils.lock(name)` or `synchronized(name)`.


def _made_guard(
    db: Database, around: FunctionId, function: FunctionId, made: Made, *, decorates: bool
) -> Guard | None:
    target = _outer_name(db, around, made.callee) if made.callee else None
    if target is None:
        return None
    lock = models(db).knowledge(target).lock
    if lock is not None and lock.key is not None and (lock.decorates or not decorates):
        return _named_guard(db, around, target, lock, made.args, made.keywords)
    if lock is None and decorates:
        return _wrapper_guard(db, function, target, (around, made))
    return None


def _named_guard(
    db: Database,
    function: FunctionId,
    target: str,
    lock: Lock,
    args: tuple[Any, ...],
    keywords: tuple[tuple[str, Any], ...],
) -> Guard | None:
    given = dict(keywords)
    key: Any = given.get(lock.key_keyword) if lock.key_keyword else None
    if key is None and lock.key is not None and lock.key < len(args):
        key = args[lock.key]
    if key is None:
        return None
    reentrant = lock.reentrant
    if lock.reentrant_keyword:
        reentrant = reentrant or given.get(lock.reentrant_keyword) == Const(True)
    library = target.partition(".")[0]
    literal = literal_of(db, function, key)
    mark = "+" if reentrant else ""
    if literal is not None:
        label = key.text if isinstance(key, Path) else repr(literal)
        return Guard(f"{library}:{literal!r}{mark}", label, lock.kind, reentrant, reads=lock.reads)
    text = key.text if isinstance(key, Path) else "…"
    scope = "" if isinstance(key, Path) else f"@{function}"
    return Guard(
        f"{library}:<{text}>{mark}{scope}", text, lock.kind, reentrant, keyed=True, reads=lock.reads
    )


def literal_of(db: Database, function: FunctionId, value: Any) -> str | int | float | bool | None:
    """Return the constant that a value is, following module and class constants by name."""
    if isinstance(value, Const):
        return value.value
    if not isinstance(value, Path):
        return None
    if function[1] >= 0 and owner_of_name(db, function, steps_of(value.text)[0]) is not None:
        return None
    return constant(db, unit_path(db, function[0]), value.text)


@query_or_unknown
def constant(db: Database, path: str, text: str) -> str | int | float | bool | None:
    """Return the literal that a module constant is set to once, following imports."""
    steps = steps_of(text)
    if not steps:
        return None
    root = steps[0]
    rows = assigned(db, path, "", root)
    if len(steps) == 1 and rows:
        value = rows[0][1] if len(rows) == 1 else None
        if isinstance(value, Const):
            return value.value
        return constant(db, path, value.text) if isinstance(value, Path) else None
    origin = imported(db, path, root)
    if origin:
        target = ".".join((origin, *steps[1:]))
        module, _, name = target.rpartition(".")
        inner = module_path(db, module) if module else ""
        return constant(db, inner, name) if inner and inner != path else None
    if len(steps) == 2:
        rows = assigned(db, path, root, steps[1])
        if len(rows) == 1 and isinstance(rows[0][1], Const):
            return rows[0][1].value
    return None


# Lock objects.


def guard_of(db: Database, function: FunctionId, value: Value) -> Guard | None:
    """Return the guard that entering or acquiring a value takes, or None when it is none."""
    body = unit_facts(db, function[0]).functions[function[1]]
    if isinstance(value, Path):
        return object_guard(db, function, value.text)
    if isinstance(value, Result) and not value.rest:
        call = body.calls[value.call]
        target = callees(db, function[0])[function[1]][value.call]
        if target is None:
            return None
        lock = models(db).knowledge(target).lock
        if lock is not None:
            if lock.key is None:
                return None
            return _named_guard(db, function, target, lock, call.args, call.keywords)
        made = portable(value, body.calls)
        return _manager_guard(db, function, target, made)
    return None


def object_guard(db: Database, function: FunctionId, text: str) -> Guard | None:
    """Return the guard that an access path holds, known by the place that declares it."""
    steps = steps_of(text)
    if not steps or any(step.startswith("[") for step in steps):
        return None
    owner = owner_of_name(db, function, steps[0])
    if owner is not None and len(steps) == 1:
        return _local_guard(db, owner, steps[0])
    place = place_of(db, function, text)
    if place is None:
        return None
    return declared_guard(db, place, text)


def _local_guard(db: Database, function: FunctionId, name: str) -> Guard | None:
    body = unit_facts(db, function[0]).functions[function[1]]
    values = [write.value for write in body.writes if write.path == name]
    if len(values) == 1:
        value = values[0]
        if isinstance(value, Path) and steps_of(value.text)[0] != name:
            return object_guard(db, function, value.text)
        if isinstance(value, Result) and not value.rest:
            target = callees(db, function[0])[function[1]][value.call]
            lock = models(db).knowledge(target).lock if target else None
            if lock is not None and lock.key is not None:
                return guard_of(db, function, value)
            if lock is not None:
                identity = f"{function}.{name}"
                return Guard(identity, name, lock.kind, lock.reentrant, keyed=True)
    if identity_words(name) & _LOCK_WORDS:
        return Guard(f"{function}.{name}", name, "", None, keyed=True)
    return None


def place_of(db: Database, function: FunctionId, text: str) -> str | None:
    """Return the canonical name of the attribute or variable that a path denotes itself.

    Unlike ``canonical_in`` this is where the value is kept, not what the value is.
    """
    holder, name = parent_of(text), last_step(text)
    if not holder:
        return global_place(db, unit_path(db, function[0]), name)
    around = canonical_in(db, function, holder)
    if around is None:
        return None
    if class_of(db, around) is not None:
        return attribute_place(db, around, name)
    path = module_path(db, around)
    return global_place(db, path, name) if path else None


@query
def attribute_place(db: Database, owner: str, name: str) -> str:
    """Return the canonical place of an attribute: the farthest base that assigns it."""
    place = owner
    for base in lineage(db, owner):
        if attribute_rows(db, base, name):
            place = base
    return f"{place}.{name}"


@query_or_unknown
def global_place(db: Database, path: str, name: str) -> str | None:
    """Return the canonical place of a module variable, following imports."""
    if assigned(db, path, "", name):
        return f"{module_info(db, path).name}.{name}"
    target = imported(db, path, name)
    if not target:
        return None
    module, _, last = target.rpartition(".")
    inner = module_path(db, module) if module else ""
    return global_place(db, inner, last) if inner and inner != path else None


@query
def declared_guard(db: Database, place: str, label: str) -> Guard | None:
    """Return the guard kept at a place, from what is assigned there or from its name."""
    owner, _, name = place.rpartition(".")
    path = module_path(db, owner)
    rows = assigned(db, path, "", name) if path else attribute_rows(db, owner, name)
    for function, value in rows:
        if not isinstance(value, Made) or value.rest:
            continue
        target = declared_name(db, function, value.callee)
        lock = models(db).knowledge(target).lock if target else None
        if lock is None:
            continue
        if lock.counting and not _is_binary(value):
            return None
        if lock.key is not None:
            return _named_guard(db, function, target or "", lock, value.args, value.keywords)
        if lock.wraps is not None and lock.wraps < len(value.args):
            inner = value.args[lock.wraps]
            if isinstance(inner, Path):
                aliased = place_of(db, function, inner.text)
                return declared_guard(db, aliased, inner.text) if aliased else None
        return Guard(place, label, lock.kind, lock.reentrant, place=place)
    named = bool(identity_words(name) & _LOCK_WORDS)
    return Guard(place, label, "", None, place=place) if named and rows else None


def _is_binary(made: Made) -> bool:
    """Say whether a semaphore admits one holder only."""
    count: object = made.args[0] if made.args else dict(made.keywords).get("value", Const(1))
    return count == Const(1)


# Decorators and context managers of the project whose own body takes a lock.


def _manager_guard(db: Database, function: FunctionId, target: str, made: Any) -> Guard | None:
    inner = function_of(db, target)
    if inner is None or class_of(db, target) is not None:
        return None
    declared = outline(db, inner[0]).functions[inner[1]]
    generator = any(
        (global_name(db, unit_path(db, inner[0]), path) or "").endswith("contextmanager")
        for path, _ in declared.decorators
        if path
    )
    if not generator:
        return None
    body = unit_facts(db, inner[0]).functions[inner[1]]
    yields = [row.at for row in body.results if row.yields]
    if not yields:
        return None
    taken = held(db, inner)
    common = frozenset.intersection(*[guards_at(taken, at) for at in yields])
    for row in taken:
        if row.guard.identity in common:
            return _applied(db, function, row.guard, inner, made)
    return None


def _wrapper_guard(
    db: Database, function: FunctionId, target: str, call: tuple[FunctionId, Made] | None
) -> Guard | None:
    """Return the guard under which a decorator of the project calls what it decorates."""
    inner = function_of(db, target)
    if inner is None or class_of(db, target) is not None:
        return None
    guard = wrapped_under(db, inner)
    if guard is None:
        return None
    if call is None:
        return guard if not guard.keyed else None
    return _applied(db, call[0], guard, inner, call[1])


@query_or_unknown
def wrapped_under(db: Database, decorator: FunctionId) -> Guard | None:
    """Return the guard held where a decorator calls its function parameter, or None."""
    facts = unit_facts(db, decorator[0]).functions
    names = {parameter.name for parameter in facts[decorator[1]].parameters}
    for index, nested in enumerate(facts):
        if not _is_inside(facts, index, decorator[1]) or nested.kind is not FunctionKind.FUNCTION:
            continue
        own = {parameter.name for parameter in nested.parameters}
        for call in nested.calls:
            name = call.callee
            if name in own or not name.isidentifier():
                continue
            if name not in names and not _is_parameter_around(facts, index, name):
                continue
            for row in held(db, (decorator[0], index)):
                if row.start <= call.at < row.end:
                    return row.guard
    return None


def _is_inside(facts: tuple[Function, ...], index: int, outer: int) -> bool:
    index = facts[index].parent
    while index >= 0:
        if index == outer:
            return True
        index = facts[index].parent
    return False


def _is_parameter_around(facts: tuple[Function, ...], index: int, name: str) -> bool:
    index = facts[index].parent
    while index >= 0:
        if any(parameter.name == name for parameter in facts[index].parameters):
            return True
        index = facts[index].parent
    return False


def _applied(
    db: Database, function: FunctionId, guard: Guard, taker: FunctionId, made: Any
) -> Guard | None:
    """Put the arguments of a call in the place of the parameters that key a guard."""
    if not guard.keyed:
        return guard
    if not isinstance(made, Made):
        return None
    parameters = outline(db, taker[0]).functions[taker[1]].parameters
    positional = [item.name for item in parameters if not item.kind]
    given = dict(zip(positional, made.args, strict=False))
    given.update(dict(made.keywords))
    root = steps_of(guard.label)[0] if guard.label else ""
    argument = given.get(root)
    if argument is None:
        return None
    library = guard.identity.partition(":")[0]
    mark = "+" if guard.reentrant else ""
    literal = literal_of(db, function, argument)
    rest = guard.label[len(root) :]
    if literal is not None and not rest:
        label = argument.text if isinstance(argument, Path) else repr(literal)
        return Guard(f"{library}:{literal!r}{mark}", label, guard.kind, guard.reentrant)
    if isinstance(argument, Path):
        text = argument.text + rest
        return Guard(f"{library}:<{text}>{mark}", text, guard.kind, guard.reentrant, keyed=True)
    return None


# `acquire()` … `release()`.


def _from_acquires(db: Database, function: FunctionId, body: Function) -> list[Held]:
    found = []
    for index, call in enumerate(body.calls):
        if not call.callee.endswith(".acquire"):
            continue
        receiver = parent_of(call.callee)
        guard = object_guard(db, function, receiver) if receiver else None
        if guard is not None:
            end = _release_after(body, call, receiver)
            found.append(Held(guard, call.at + 1, end, "acquire", index))
    return found


def _release_after(body: Function, acquired: Call, receiver: str) -> int:
    """Return the order at which a lock taken by ``acquire()`` is given back.

    That is the ``release()`` of the same block, or of the ``finally`` of a ``try`` in it; without
    either, the end of the block.
    """
    statement = body.statements[acquired.statement]
    region = statement.region
    if statement.kind in (StatementKind.IF, StatementKind.WHILE):
        return statement.end
    name = f"{receiver}.release"
    releases = [call for call in body.calls if call.callee == name and call.at > acquired.at]
    for call in releases:
        inner = body.statements[call.statement].region
        while inner >= 0 and inner != region:
            around = body.regions[inner]
            if around.kind not in (5, 8, 9):
                break
            inner = body.statements[around.owner].region if around.owner >= 0 else -1
        if inner == region:
            return call.at
    return max([row.end for row in body.statements if row.region == region], default=_FOREVER)


def takes(db: Database, function: FunctionId) -> frozenset[str]:
    """Return the identities of the guards that a function takes anywhere in its own body."""
    return frozenset([row.guard.identity for row in held(db, function)])


def owner_class(db: Database, function: FunctionId) -> str:
    """Return the canonical name of the class around a function, or ''."""
    return class_around(db, function)
