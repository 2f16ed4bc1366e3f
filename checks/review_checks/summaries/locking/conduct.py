"""Says what an operation changes under which of the locks that depend on a key.

A lock such as ``lock(instance.uuid)`` serializes what is done to one object. The conduct of a
function, the functions nested in it included, leaves out where things happen, so that most edits
leave it as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.facts.schema import Function, Mode, Path, Result
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline, owner_of
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.locking.guards import UNKNOWN, self_name
from review_checks.summaries.locking.locks import Held, held
from review_checks.summaries.locking.roles import Role, declares_lock, role_of
from review_checks.summaries.names import bound_names
from review_checks.summaries.parts import Part, member_units
from review_checks.summaries.paths import join, root_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_STORED = (Mode.ASSIGN, Mode.AUGMENT, Mode.DELETE)


class Key(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A lock that depends on a key.

    Attributes:
        family: what finds the lock by its key: a library, a function, or the path of a mapping.
        text: the key as an access path; '' when it is computed in another way.
    """

    family: str
    text: str

    @property
    def root(self) -> str:
        """The name of the object on which the lock depends."""
        return root_of(self.text)


Keys = frozenset[Key]


class Section(msgspec.Struct, frozen=True, array_like=True):
    """Where a function takes a lock that depends on a key."""

    key: Key
    held: Held


class Conduct(msgspec.Struct, frozen=True, array_like=True):
    """What a function changes and calls, and under which keys.

    Attributes:
        name: the function's own.
        role: who may call it.
        declared: it says itself that its caller holds the lock.
        parameters: the names of its parameters but for the object itself.
        keys: the locks that it takes.
        changes: the names of the objects that it changes or makes durable, and items of the fields
            of its own object as ``.field[key]``.
        calls: the siblings that it calls, the names that it gives them, and the locks held there.
    """

    name: str
    role: Role
    declared: bool
    parameters: tuple[str, ...]
    keys: Keys
    changes: frozenset[tuple[str, Keys]]
    calls: frozenset[tuple[str, frozenset[str], Keys]]


@query
def unit_keys(db: Database, unit: int) -> Keys:
    """Return the locks that the functions of a unit take and that depend on a known key."""
    count = len(outline(db, unit).functions)
    found = [row.key for index in range(count) for row in sections(db, (unit, index))]
    return frozenset([key for key in found if key.text])


@query
def common_keys(db: Database, path: str, owner: str) -> dict[Key, int]:
    """Return how many functions of a class, or of a module, take a lock that depends on a key.

    Those are left out that a single one takes.
    """
    counts: dict[Key, int] = {}
    for units in member_units(db, path, owner):
        for key in _keys_of(db, units):
            counts[key] = counts.get(key, 0) + 1
    return {key: counts[key] for key in sorted(counts) if counts[key] > 1}


@query
def _keys_of(db: Database, units: Part) -> tuple[Key, ...]:
    return tuple([key for unit in units for key in sorted(unit_keys(db, unit))])


@query
def conducts_of(db: Database, units: Part) -> tuple[tuple[FunctionId, Conduct], ...]:
    """Return the functions among some units, with their conduct."""
    rows = [((unit, 0), unit_conduct(db, unit)) for unit in units]
    return tuple([(function, row) for function, row in rows if row is not None])


def sections(db: Database, function: FunctionId) -> Iterator[Section]:
    """Yield where a function itself takes locks that depend on a key."""
    for row in held(db, function):
        if row.guard.keyed:
            key = _key_of(db, function, row)
            if key is not None:
                yield Section(key, row)


def _key_of(db: Database, function: FunctionId, row: Held) -> Key | None:
    """Return the key of a lock; None for a lock of which nothing but its name is known."""
    body = unit_facts(db, function[0]).functions[function[1]]
    callee, item = "", ""
    args: tuple[Any, ...] = ()
    if row.how == "decorator":
        callee, made = outline(db, function[0]).functions[function[1]].decorators[row.index]
        args = made.args if made is not None else ()
    elif row.how == "with":
        value = body.withs[row.index].value
        if isinstance(value, Path):
            item = value.text
        elif isinstance(value, Result):
            call = body.calls[value.call]
            callee, args = call.callee, call.args
    steps = steps_of(item)
    if steps and steps[-1][0] == "[":
        inner = steps[-1][1:-1]
        return Key(f"{join(steps[:-1])}[]", inner if inner[:1].isidentifier() else "")
    if not callee:
        return None
    known = row.guard.identity != UNKNOWN
    family = row.guard.identity.partition(":")[0] if known else callee
    return Key(family, _key_text(args))


def _key_text(args: tuple[Any, ...]) -> str:
    paths = [value.text for value in args if isinstance(value, Path)]
    return paths[0] if len(paths) == 1 and args[0] == Path(paths[0]) else ""


@query
def unit_conduct(db: Database, unit: int) -> Conduct | None:
    """Return the conduct of the function that a unit is, or None when it is none."""
    if role_of(db, (unit, 0)) is Role.BODY:
        return None
    return _Reader(db, (unit, 0)).read()


class _Reader:
    """Reads the conduct of one function and those nested in it."""

    def __init__(self, db: Database, function: FunctionId) -> None:
        self.db, self.function = db, function
        self.functions = unit_facts(db, function[0]).functions
        self.me = self_name(db, function)
        self.of_class = bool(owner_of(db, function))
        self.lexicon = models(db).lexicon
        parameters = [item.name for item in self.functions[0].parameters]
        self.parameters = tuple([name for name in parameters if name != self.me])
        self.changes: set[tuple[str, Keys]] = set()
        self.calls: set[tuple[str, frozenset[str], Keys]] = set()
        self.keys: set[Key] = set()

    def read(self) -> Conduct:
        around: list[Keys] = []
        for index, body in enumerate(self.functions):
            taken = list(sections(self.db, (self.function[0], index)))
            self.keys.update([row.key for row in taken])
            outer = around[body.parent] if body.parent >= 0 else frozenset()
            whole = [row.key for row in taken if row.held.how == "decorator"]
            around.append(outer | frozenset(whole))
            self._read_body(body, around[index], [row for row in taken if row.held.how == "with"])
        declared = self.functions[0]
        return Conduct(
            declared.name,
            role_of(self.db, self.function),
            declares_lock(self.db, self.function),
            self.parameters,
            frozenset(self.keys),
            frozenset(self.changes),
            frozenset(self.calls),
        )

    def _read_body(self, body: Function, around: Keys, taken: list[Section]) -> None:
        def keys_at(at: int) -> Keys:
            inside = [row.key for row in taken if row.held.start <= at < row.held.end]
            return around | frozenset(inside) if inside else around

        for write in body.writes:
            subject = self._stored(steps_of(write.path)) if write.mode in _STORED else ""
            if subject:
                self.changes.add((subject, keys_at(write.at)))
        for call in body.calls:
            steps = steps_of(call.callee)
            subject = self._persisted(steps) if len(steps) > 1 else ""
            if subject:
                self.changes.add((subject, keys_at(call.at)))
            target = self._sibling(steps)
            if target:
                given = [*call.args, *dict(call.keywords).values()]
                names = [value.text for value in given if isinstance(value, Path)]
                self.calls.add((target, frozenset(names), keys_at(call.at)))

    def _stored(self, steps: tuple[str, ...]) -> str:
        """Return what storing to a path changes: a parameter, or an item of an own field."""
        if len(steps) < 2:
            return ""
        if steps[0] == self.me:
            return self._item(steps[1:])
        return steps[0] if steps[0] in self.parameters else ""

    def _item(self, steps: tuple[str, ...]) -> str:
        if len(steps) >= 2 and steps[1][0] == "[" and root_of(steps[1][1:-1]) in self.parameters:
            return f".{steps[0]}{steps[1]}"
        return ""

    def _persisted(self, steps: tuple[str, ...]) -> str:
        """Return what a method of a record, or of a container of the object, changes."""
        method = steps[-1]
        if steps[0] == self.me:
            item = self._item(steps[1:-1])
            return item if item and method in self.lexicon.mutators else ""
        if method not in self.lexicon.persistence:
            return ""
        bound = bound_names(self.db, self.function[0])
        if steps[0] in self.parameters:
            return steps[0]
        return steps[0] if len(steps) == 2 and any(steps[0] in names for names in bound) else ""

    def _sibling(self, steps: tuple[str, ...]) -> str:
        if self.of_class:
            return steps[1] if len(steps) == 2 and steps[0] == self.me else ""
        return steps[0] if len(steps) == 1 else ""
