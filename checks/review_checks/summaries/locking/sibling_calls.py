"""Says which functions of a class or module call each other, and who else may call them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from review_checks.summaries.callers import is_called_bare_elsewhere
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import declared_function
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.guards import UNKNOWN
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.shapes import NOTHING, Locks, unit_shapes
from review_checks.summaries.names import class_around, lineage, method_in, method_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from review_checks.summaries.locking.families import OwnedFamily, Run

_INTERNAL = 2
"""From so many siblings that call it under their locks on, a public name is taken for a slip.

Unless somebody in another file calls it without a lock."""

# A class of enumerated values takes ten times as long to ask for one as a module does.
_OWNED, _PUBLIC, _PRIVATE = Role.OWNED, Role.PUBLIC, Role.PRIVATE
_INNER = (Role.PRIVATE, Role.NESTED)

Caller = tuple[FunctionId, str, Locks]
"""A call: who makes it, the target as it names it, and the locks held there."""


class Mention(NamedTuple):
    """A use of a function as a value: who makes it, whom it means, how it names that, and the locks."""

    user: FunctionId
    target: FunctionId
    name: str
    locks: Locks


class Calls(msgspec.Struct, frozen=True, array_like=True):
    """Whom the functions of one run call. These are siblings most often, but not always.

    Attributes:
        callers: target → the calls that reach it, in order.
        targets: function → those that it calls.
        locked: those that are called under locks that the caller takes.
        unsure: some of these locks are not known.
        mentions: the uses of functions as values.
        detached: those that are run later.
    """

    callers: dict[FunctionId, tuple[Caller, ...]]
    targets: dict[FunctionId, tuple[FunctionId, ...]]
    locked: tuple[FunctionId, ...]
    unsure: bool
    mentions: tuple[Mention, ...]
    detached: frozenset[FunctionId]


@query
def _calls(db: Database, owner: str, functions: tuple[FunctionId, ...]) -> Calls:
    """Return the calls of functions that see the ``self`` of a class, or of none when it is ''."""
    callers: dict[FunctionId, list[Caller]] = {}
    targets: dict[FunctionId, tuple[FunctionId, ...]] = {}
    locked: dict[FunctionId, Locks] = {}
    mentions: list[Mention] = []
    detached: list[FunctionId | None] = []
    for function in functions:
        shape = unit_shapes(db, function[0])[function[1]]
        mine = []
        for name, locks in shape.calls:
            target = _target(db, owner, function, name)
            if target is not None and target != function:
                callers.setdefault(target, []).append((function, name, locks))
                mine.append(target)
                if locks:
                    locked[target] = locked.get(target, NOTHING) | locks
        if mine:
            targets[function] = tuple(mine)
        for name, locks in shape.mentions:
            target = _target(db, owner, function, name)
            if target is not None:
                mentions.append(Mention(function, target, name, locks))
        if shape.detached:
            detached += [_target(db, owner, function, name) for name in shape.detached]
    return Calls(
        {target: tuple(rows) for target, rows in callers.items()},
        targets,
        tuple(locked),
        any(UNKNOWN in locks for locks in locked.values()),
        tuple(mentions),
        frozenset([target for target in detached if target is not None]),
    )


def _target(db: Database, owner: str, caller: FunctionId, name: str) -> FunctionId | None:
    """Return the function that a name means in a caller, which sees the ``self`` of a class."""
    if name[0] == ".":
        return method_of(db, owner, name[1:]) if owner else None
    if name[0] == "#":
        return caller[0], int(name[1:])
    if name.startswith("super."):
        around = class_around(db, caller)
        for base in lineage(db, around)[1:] if around else ():
            inherited = method_in(db, base, name[6:])
            if inherited is not None:
                return inherited
        return None
    return declared_function(db, unit_path(db, caller[0]), name)


class SiblingCalls:
    """The calls among functions that see one ``self``, or the variables of one module.

    All calls are gathered when this is made; the ways along them are followed when asked for.

    Attributes:
        roles: function → its role, for all functions in order.
        makers: those that run while their object is made.
        declared: those that say themselves that their caller holds the lock.
        locked: those that are called under locks that the caller takes.
        unsure: some function may be called under a lock that is not known.
        targets: function → those that it calls.
    """

    def __init__(self, db: Database, families: Iterable[OwnedFamily]) -> None:
        """Take the functions of a class and its bases, or those of a module and its classes."""
        self.db = db
        self._runs = [
            (owner, run, _calls(db, owner, run.functions))
            for owner, found in families
            for run in found
        ]
        self.roles: dict[FunctionId, Role] = {}
        self.makers: list[FunctionId] = []
        self.declared: dict[FunctionId, None] = {}
        self.locked: dict[FunctionId, None] = {}
        self.unsure = False
        self.targets: dict[FunctionId, tuple[FunctionId, ...]] = {}
        self._called: dict[FunctionId, tuple[Caller, ...]] = {}
        self._loose: set[FunctionId] = set()
        """Those that are handed on while nothing is held, or run later."""
        for _, run, calls in self._runs:
            self.roles.update(run.roles)
            self.makers += run.makers
            self.declared.update(dict.fromkeys(run.declared))
            self._add(calls)
        self.unsure = self.unsure or bool(self.declared)
        self._follow_mentions()

    def _add(self, calls: Calls) -> None:
        """Note the calls that some of the functions make."""
        called = self._called
        self.targets.update(calls.targets)
        self._loose |= calls.detached
        self.unsure = self.unsure or calls.unsure
        for target in calls.locked:
            self.locked[target] = None
        for target, callers in calls.callers.items():
            known = called.get(target)
            called[target] = known + callers if known else callers

    def callers(self, function: FunctionId) -> Sequence[Caller]:
        """Return the calls that reach a function, with the caller's own locks at each."""
        return self._called.get(function, ())

    # Mentions

    def _follow_mentions(self) -> None:
        """Note who hands whom on to be called, or reads what a function computes."""
        attributes = frozenset().union(*[run.attributes for _, run, _ in self._runs])
        accessors = frozenset().union(*[run.accessors for _, run, _ in self._runs])
        found: dict[FunctionId, list[Caller]] = {}
        for owner, run, calls in self._runs:
            fields = attributes & run.fields
            if not fields and not calls.mentions:
                continue
            rows = [*calls.mentions, *_reads(self.db, owner, run, fields)]
            rows.sort(key=lambda row: run.functions.index(row.user))
            for user, target, name, locks in rows:
                role = self.roles.get(target)
                if target in accessors or (locks and role in _INNER):
                    # What is handed on under a lock is most often called before that is given back.
                    if target != user and role is not None:
                        found.setdefault(target, []).append((user, name, locks))
                elif not locks and role is _PRIVATE:
                    self._loose.add(target)
        if found:
            self._add_mentions(found)

    def _add_mentions(self, found: Mapping[FunctionId, Sequence[Caller]]) -> None:
        """Note mentions that are as good as calls, in their places among these."""
        order: dict[FunctionId, int] = {}
        for target, rows in found.items():
            callers = [*self.callers(target), *rows]
            if target in self._called:
                order = order or {function: at for at, function in enumerate(self.roles)}
                callers.sort(key=lambda row: order[row[0]])
            self._called[target] = tuple(callers)
            for user, _, locks in rows:
                self.targets[user] = (*self.targets.get(user, ()), target)
                if locks:
                    self.locked[target] = None
                    self.unsure = self.unsure or UNKNOWN in locks

    @functools.cached_property
    def handed_on(self) -> Mapping[FunctionId, Sequence[tuple[FunctionId, Locks]]]:
        """Those that are handed on as values by one that holds locks of its own, and by whom."""
        found: dict[FunctionId, list[tuple[FunctionId, Locks]]] = {}
        used = {field[1:] for _, run, _ in self._runs for field in run.locked}
        names = {name for _, run, _ in self._runs for name in used & run.names}
        for owner, run, calls in self._runs:
            fields = [field for field in run.locked if field[1:] in names] if names else ()
            if not fields and not calls.mentions:
                continue
            rows = [*_reads(self.db, owner, run, fields), *calls.mentions]
            rows.sort(key=lambda row: run.functions.index(row.user))
            for user, target, _, locks in rows:
                if locks and target in self.roles:
                    found.setdefault(target, []).append((user, locks))
        return found

    # Who else may call

    @functools.cached_property
    def entries(self) -> AbstractSet[FunctionId]:
        """The functions that others may call while they hold nothing."""
        found = {function for function in self._loose if self.roles.get(function) in _INNER}
        for _, run, _ in self._runs:
            found.update(run.public)
        for function in self.locked:
            if function in found and not self.is_entry(function):
                found.discard(function)
        return found

    def is_entry(self, function: FunctionId) -> bool:
        """Say whether others may call a function while they hold nothing."""
        role = self.roles[function]
        if role is not _PUBLIC:
            return function in self._loose and role in _INNER
        callers = self.callers(function)
        if function not in self.locked or any(not locks for _, _, locks in callers):
            return True
        if len({caller for caller, _, _ in callers}) < _INTERNAL:
            return True
        return is_called_bare_elsewhere(self.db, function)

    def is_reached(self, function: FunctionId) -> bool:
        """Say whether a way leads to a function from one that others may call."""
        return self._comes_from(function, uncalled=False)

    def _comes_from(self, function: FunctionId, *, uncalled: bool) -> bool:
        """Say whether a way leads to a function from an entry; a way ends where it meets one.

        With ``uncalled``, ways count as well that begin where nobody is known to call, but for makers.
        """
        entries, seen, todo = self.entries, {function}, [function]
        if function in entries:
            return True
        for current in todo:
            callers = self.callers(current)
            if uncalled and not callers and self.roles[current] is not _OWNED:
                return True
            for caller, _, _ in callers:
                if caller in entries:
                    return True
                if caller not in seen:
                    seen.add(caller)
                    todo.append(caller)
        return False

    @functools.cached_property
    def owned(self) -> AbstractSet[FunctionId]:
        """The functions that run only while their object is still being made."""
        todo = [maker for maker in self.makers if maker not in self._called]
        found = set(todo)
        for function in todo:
            for target in self.targets.get(function, ()):
                if target in self.roles and target not in found and target not in self.entries:
                    found.add(target)
                    todo.append(target)
        return {function for function in found if self._is_owned(function)}

    def _is_owned(self, function: FunctionId) -> bool:
        """Say whether a function that a maker calls runs only while the object is being made."""
        role = self.roles[function]
        return role is _OWNED or (role in _INNER and not self._comes_from(function, uncalled=True))


def _reads(db: Database, owner: str, run: Run, fields: Iterable[str]) -> Iterator[Mention]:
    """Yield the uses of some fields, as uses of the functions that the fields stand for."""
    for field in fields:
        bare = [(user, NOTHING) for user in run.bare.get(field, ())]
        for user, locks in (*run.guarded.get(field, ()), *run.made.get(field, ()), *bare):
            target = _target(db, owner, user, field)
            if target is not None:
                yield Mention(user, target, field, locks)
