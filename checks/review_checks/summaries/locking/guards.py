"""Says which lock a value is.

A lock is known by its *identity*: the class and attribute, or module and name, that hold the lock
object; or, for locks that are looked up by a key, the library and the key. Two identities are
never assumed to be the same lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.facts.schema import Const, Function, FunctionKind, Logic, Path, Result
from review_checks.summaries.constants import literal_of
from review_checks.summaries.foreign import inherited, known_as, made_by
from review_checks.summaries.incremental import Database, query_or_unknown
from review_checks.summaries.index import outline, owner_of
from review_checks.summaries.inputs import (
    FunctionId,
    models,
    unit_facts,
    unit_path,
)
from review_checks.summaries.locking.making import lock_given, wrapping_factory
from review_checks.summaries.locking.places import (
    attribute_place,
    global_place,
    place_in,
    place_of,
    rows_at,
)
from review_checks.summaries.names import (
    attribute_rows,
    canonical_in,
    class_around,
    class_of,
    declared_name,
    function_of,
    global_name,
    method_of,
    owner_of_name,
)
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import join, last_step, parent_of, steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.models.schema import Lock

UNKNOWN = "?"
"""The identity of a lock of which nothing is known: it may be any lock."""

_LOCK_WORDS = frozenset(
    {"lock", "locks", "rlock", "mutex", "semaphore", "sem", "rwlock", "cond", "condition", "cv"}
)
_COUNTING_WORDS = frozenset({"semaphore", "sem"})
_NOT_ONE_WORDS = _COUNTING_WORDS | {"locks"}
_CALLABLE = (FunctionKind.FUNCTION, FunctionKind.LAMBDA)
_FUNCTION = FunctionKind.FUNCTION
_READING_WORDS = frozenset({"read", "reader", "rlock", "shared"})


class Guard(msgspec.Struct, frozen=True, array_like=True):
    """A lock.

    Attributes:
        identity: equal for two guards exactly when they are known to be the same lock; ``UNKNOWN``
            when it may be any.
        label: how the source calls it; equal guards may go by several labels.
        kind: what it excludes: ``thread``, ``async``, ``process``, ``greenlet``; '' if unknown.
        reentrant: whether its holder may take it again; None when that is unknown.
        keyed: whether it depends on a key that is computed (``lock(instance.uuid)``).
        reads: it is a read lock.
        place: where it is declared, as a canonical name; '' when it is not.
    """

    identity: str
    label: str
    kind: str = ""
    reentrant: bool | None = None
    keyed: bool = False
    reads: bool = False
    place: str = ""


def unknown_guard(label: str) -> Guard:
    """Return the guard for something that is a lock by its name alone."""
    return Guard(UNKNOWN, label, keyed=True)


def is_lock_word(name: str) -> bool:
    """Say whether an identifier speaks of a lock."""
    return not _LOCK_WORDS.isdisjoint(words_of(name))


# How a function knows the object of its class.


def self_name(db: Database, function: FunctionId) -> str:
    """Return the name by which a function knows the object its class made, or ''."""
    unit, index = function
    functions = outline(db, unit).functions
    while functions[index].parent >= 0 and functions[functions[index].parent].kind in _CALLABLE:
        index = functions[index].parent
    declared = functions[index]
    if declared.kind is not _FUNCTION or not declared.parameters:
        return ""
    if not owner_of(db, (unit, index)):
        return ""
    if any(path == "staticmethod" for path, _ in declared.decorators):
        return ""
    first = declared.parameters[0]
    return first.name if not first.kind else ""


def plain(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Return the steps of a path without the detour over the class of an object."""
    return tuple([step for step in steps if step != "__class__"]) if "__class__" in steps else steps


# Locks that are known by a key.


def named_guard(
    db: Database,
    function: FunctionId,
    target: str,
    lock: Lock,
    args: tuple[Any, ...],
    keywords: tuple[tuple[str, Any], ...],
) -> Guard | None:
    """Return the guard that calling ``target`` takes, a function that finds a lock by a key."""
    given = dict(keywords)
    key: Any = given.get(lock.key_keyword) if lock.key_keyword else None
    if key is None and lock.key is not None and lock.key < len(args):
        key = args[lock.key]
    if key is None:
        return None
    reentrant = lock.reentrant
    if lock.reentrant_keyword:
        reentrant = reentrant or given.get(lock.reentrant_keyword) == Const(True)
    family = Guard(target.partition(".")[0], "", lock.kind, reentrant, reads=lock.reads)
    return keyed_guard(db, function, family, key)


def keyed_guard(db: Database, function: FunctionId, family: Guard, key: Any) -> Guard:
    """Return the guard that a key stands for among the locks of a library.

    A key that the object of the class holds makes a lock of that object. Of other keys it is not
    known what they are, so that they tell no two locks apart.
    """
    library, mark = family.identity.partition(":")[0], "+" if family.reentrant else ""
    literal = literal_of(db, function, key)
    if literal is not None:
        label = key.text if isinstance(key, Path) else repr(literal)
        place = _constant_place(db, function, key) if isinstance(key, Path) else ""
        identity = f"{library}:{literal!r}{mark}"
        return msgspec.structs.replace(
            family, identity=identity, label=label, keyed=False, place=place
        )
    if not isinstance(key, Path):
        return msgspec.structs.replace(
            family, identity=f"{library}:<…>{mark}@{function}", label="…", keyed=True
        )
    text, own = key.text, _own_attribute(db, function, key.text)
    return msgspec.structs.replace(
        family, identity=f"{library}:<{own or text}>{mark}", label=text, keyed=not own, place=own
    )


def _own_attribute(db: Database, function: FunctionId, text: str) -> str:
    """Return the place of an attribute of the function's own object, or ''."""
    steps = plain(steps_of(text))
    if len(steps) != 2 or steps[1][0] in "[(" or function[1] < 0:
        return ""
    owner = class_around(db, function)
    mine = owner and steps[0] == self_name(db, function)
    return attribute_place(db, owner, steps[1]) if mine else ""


def _constant_place(db: Database, function: FunctionId, key: Path) -> str:
    if not key.text.isidentifier():
        return ""
    return global_place(db, unit_path(db, function[0]), key.text) or ""


# Lock objects.


def object_guard(db: Database, function: FunctionId, text: str) -> Guard | None:
    """Return the guard that an access path holds, known by the place that declares it."""
    steps = plain(steps_of(text))
    if not steps or "()" in steps:
        return None
    named = is_lock_word(last_step(text) if steps[-1][0] != "[" else join(steps[:-1]))
    owner = owner_of_name(db, function, steps[0])
    if owner is not None and len(steps) == 1:
        return _local_guard(db, owner, text)
    if any(step[0] == "[" for step in steps):
        return unknown_guard(text) if named else None
    mine = steps[0] == self_name(db, function)
    place = place_of(db, function, join(steps))
    if place is None:
        if not named:
            return None
        if mine:
            return _chained_guard(db, function, steps)
        return _imported_guard(db, function, text) or unknown_guard(text)
    if owner is not None and not mine and class_of(db, place.rpartition(".")[0]) is not None:
        # The attribute of another object than the function's own.
        return unknown_guard(text) if declared_guard(db, place, text) is not None else None
    return declared_guard(db, place, text)


def _imported_guard(db: Database, function: FunctionId, text: str) -> Guard | None:
    """Return the guard for a lock that a library keeps in one of its modules."""
    target = canonical_in(db, function, text)
    lock = _plain_lock(db, known_as(db, target)) if target else None
    return Guard(target, text, lock.kind, lock.reentrant) if target and lock is not None else None


def _chained_guard(db: Database, function: FunctionId, steps: tuple[str, ...]) -> Guard | None:
    """Return the guard for a lock of something that the function's own object holds."""
    around = class_around(db, function)
    if not around or not _COUNTING_WORDS.isdisjoint(words_of(steps[-1])):
        return unknown_guard(join(steps))
    place = ".".join((attribute_place(db, around, steps[1]), *steps[2:]))
    return Guard(place, join(steps))


def _local_guard(db: Database, function: FunctionId, name: str) -> Guard | None:
    body = unit_facts(db, function[0]).functions[function[1]]
    values = [write.value for write in body.writes if write.path == name]
    value = values[0] if len(values) == 1 else None
    if isinstance(value, Path) and steps_of(value.text)[0] != name:
        return object_guard(db, function, value.text)
    if isinstance(value, Result) and not value.rest:
        call = body.calls[value.call]
        target = canonical_in(db, function, call.callee) if call.callee else None
        lock = models(db).knowledge(target).lock if target else None
        if lock is not None and target:
            if lock.key is not None:
                return named_guard(db, function, target, lock, call.args, call.keywords)
            return Guard(f"{function}.{name}", name, lock.kind, lock.reentrant, keyed=True)
    return unknown_guard(name) if is_lock_word(name) else None


@query_or_unknown
def declared_guard(db: Database, place: str, label: str) -> Guard | None:
    """Return the guard kept at a place, from what is assigned there or from its name."""
    name = place.rpartition(".")[2]
    rows = rows_at(db, place)
    for function, value in rows:
        for made, handed in _makers(value):
            found, known = _made_guard(db, function, made, place, label)
            if known:
                # Where a lock may also be handed in, it is not known of what type that one is.
                if found is not None and handed:
                    return msgspec.structs.replace(found, reentrant=None)
                return found
    words = set(words_of(name))
    if any(_is_plain(value) for _, value in rows):
        return None
    if not words & _LOCK_WORDS:
        # What was handed in under the name of a lock is one, whatever it is called afterwards.
        handed_in = any(isinstance(value, Path) and _is_lock_name(value.text) for _, value in rows)
        return Guard(place, label, place=place) if handed_in else None
    lock = None if rows else _inherited_lock(db, place)
    if lock is not None:
        return Guard(place, label, lock.kind, lock.reentrant, place=place)
    if words & _COUNTING_WORDS:
        return unknown_guard(label)
    return Guard(place, label, place=place)


def _inherited_lock(db: Database, place: str) -> Lock | None:
    """Return what is known of a lock that a class has from a base of a library."""
    owner, _, name = place.rpartition(".")
    made = inherited(db, owner, name) if class_of(db, owner) is not None else None
    return _plain_lock(db, made)


def _plain_lock(db: Database, made: str | None) -> Lock | None:
    """Return what is known of a class of locks, unless it depends on how the lock was made."""
    lock = models(db).knowledge(made).lock if made else None
    if lock is None or lock.counting or lock.key is not None or lock.wraps is not None:
        return None
    return lock


def _makers(value: Any) -> Iterator[tuple[Made, bool]]:
    """Yield the calls of which a value may be the result, and whether it may be another too."""
    if isinstance(value, Made) and not value.rest:
        yield value, False
    elif isinstance(value, Logic) and value.op in ("or", "if"):
        parts = value.parts if value.op == "or" else value.parts[1:]
        for part in parts:
            if isinstance(part, Made) and not part.rest:
                yield part, any(isinstance(other, Path) for other in parts)


def _made_guard(
    db: Database, function: FunctionId, made: Made, place: str, label: str
) -> tuple[Guard | None, bool]:
    """Return the guard that a call makes, and whether that is known."""
    given = dict(made.keywords)
    factory = given.get("default_factory", given.get("factory"))
    if isinstance(factory, Path):
        made = Made(factory.text, (), ())
    target = declared_name(db, function, made.callee)
    if target is None:
        return None, False
    target, made = _made_around(db, target, made)
    lock = models(db).knowledge(target).lock
    if lock is None and is_lock_word(last_step(label)):
        lock = _plain_lock(db, made_by(db, target))
    if lock is None:
        own = class_of(db, target) is not None and method_of(db, target, "acquire") is not None
        return (Guard(place, label, place=place), True) if own else (None, False)
    if lock.counting and not _is_binary(made):
        return None, True
    if lock.key is not None:
        return named_guard(db, function, target, lock, made.args, made.keywords), True
    inner = lock_given(lock, made.args, made.keywords) if lock.wraps is not None else None
    if inner not in (None, Const(None)):
        aliased = place_of(db, function, inner.text) if isinstance(inner, Path) else None
        if isinstance(inner, Path) and aliased:
            # Whatever it is called, it is a lock.
            found = declared_guard(db, aliased, inner.text)
            return found or Guard(aliased, inner.text, lock.kind, place=aliased), True
        return Guard(place, label, lock.kind, place=place), True
    return Guard(place, label, lock.kind, lock.reentrant, place=place), True


def _made_around(db: Database, target: str, made: Made) -> tuple[str, Made]:
    """Look through a function of the project that makes a condition around the lock it is given."""
    inner = function_of(db, target) if class_of(db, target) is None else None
    found = wrapping_factory(db, inner) if inner is not None else None
    if inner is None or found is None:
        return target, made
    parameters = outline(db, inner[0]).functions[inner[1]].parameters
    names = [item.name for item in parameters if not item.kind]
    value = (dict(zip(names, made.args, strict=False)) | dict(made.keywords)).get(found[1])
    return (found[0], Made(found[0], (value,), ())) if value is not None else (target, made)


def _is_binary(made: Made) -> bool:
    """Say whether a semaphore admits one holder only."""
    count: object = made.args[0] if made.args else dict(made.keywords).get("value", Const(1))
    return count == Const(1)


def _is_lock_name(text: str) -> bool:
    """Say whether a plain name speaks of one lock that excludes others."""
    words = set(words_of(text))
    return text.isidentifier() and bool(words & _LOCK_WORDS) and not words & _NOT_ONE_WORDS


def _is_plain(value: Any) -> bool:
    """Say whether a value is a literal, which is no lock whatever its name says."""
    return isinstance(value, Const) and value.value is not None


def scoped_guard(db: Database, function: FunctionId, text: str) -> Guard | None:
    """Return the guard that a path means where a function is defined, in its class or module."""
    parent = outline(db, function[0]).functions[function[1]].parent
    if parent >= 0 and owner_of_name(db, (function[0], parent), steps_of(text)[0]) is not None:
        return object_guard(db, (function[0], parent), text)
    around, path, holder = class_around(db, function), unit_path(db, function[0]), parent_of(text)
    if around and attribute_rows(db, around, text):
        place: str | None = attribute_place(db, around, text)
    elif holder:
        place = place_in(db, global_name(db, path, holder), last_step(text))
    else:
        place = global_place(db, path, text)
    return declared_guard(db, place, text) if place else None


def method_guard(guard: Guard, method: str) -> Guard:
    """Return the guard that a method of a lock takes, such as ``lock.read_lock()``."""
    reads = not _READING_WORDS.isdisjoint(words_of(method))
    return msgspec.structs.replace(guard, reads=reads)


def declaration_of(db: Database, guard: Guard) -> tuple[FunctionId, int] | None:
    """Return the function that declares a lock, and the index of the write that does.

    Where a class only says that there is none at first, it is the function that makes it.
    """
    name = guard.place.rpartition(".")[2]
    empty = None
    for function, _ in rows_at(db, guard.place) if guard.place else ():
        body: Function = unit_facts(db, function[0]).functions[function[1]]
        for index, write in enumerate(body.writes):
            if last_step(write.path) != name:
                continue
            if write.value != Const(None):
                return function, index
            empty = empty or (function, index)
    return empty
