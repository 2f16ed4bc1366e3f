"""Says which locks are held on entry to the functions of a class or module.

A function is *effectively locked* when it takes the lock itself or all its callers in the project
hold it: the greatest fixpoint, over the call graph, of "held at the call, or on entry to the
caller". Entry points hold nothing. The scheme follows Infer's RacerD; see Blackshear et al.,
"RacerD: Compositional Static Race Detection" (2018).

Only the part of the call graph that matters is looked at: below calls that are made under a lock,
and above functions that use what a lock guards somewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import class_names, variable_names
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.fields import takes_locks
from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.places import attribute_place
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.shapes import Family, Locks, Shape, family
from review_checks.summaries.locking.sibling_calls import NOTHING, Caller, SiblingCalls
from review_checks.summaries.names import class_of, home, lineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_UNSURE: Locks = frozenset({UNKNOWN})
_OWNED = Role.OWNED


class Solution(msgspec.Struct, frozen=True, array_like=True):
    """Which locks are held on entry, for what some lock guards somewhere but not everywhere.

    Attributes:
        users: field → the functions that use it and what is held on entry to them; None when nobody
            is known to call them.
        callers: function → the calls that reach it, for those that use a field and all above.
        handed: function → who hands it on as a value, and the locks held there.
        entries: the functions among the callers that others may call while they hold nothing.
        guards: identity → the guard, for all that are taken.
        same: identity → the identity under which the guard is known here, where they differ.
        declared: field → the function with the comment that declares its guard, and the guard's text.
    """

    users: dict[str, tuple[tuple[FunctionId, Locks | None], ...]]
    callers: dict[FunctionId, tuple[Caller, ...]]
    handed: dict[FunctionId, tuple[tuple[FunctionId, Locks], ...]]
    entries: frozenset[FunctionId]
    guards: dict[str, Guard]
    same: dict[str, str]
    declared: dict[str, tuple[FunctionId, str]]

    def known(self, locks: Locks) -> Locks:
        """Return locks under the identities by which they are known here."""
        if self.same and not self.same.keys().isdisjoint(locks):
            return frozenset([self.same.get(lock, lock) for lock in locks])
        return locks

    def same_lock(self, one: str, other: str) -> bool:
        """Say whether two identities are known to be of one lock here."""
        return self.same.get(one, one) == self.same.get(other, other)


_EMPTY = Solution({}, {}, {}, frozenset(), {}, {}, {})


@query
def class_solution(db: Database, owner: str) -> Solution:
    """Solve the methods of a class, those of its project bases included."""
    bases = [base for base in lineage(db, owner) if class_of(db, base) is not None]
    places = [place for place in (home(db, base) for base in bases) if place is not None]
    if not any(takes_locks(db, place.path, place.name) for place in places):
        return _EMPTY
    families = [family(db, place.path, place.name) for place in places]
    rows = [row for found in families for row in found.shapes]
    same = _same_locks(db, owner, frozenset(bases), rows)
    return _solution(db, owner, rows, same, _declared(families, of_class=True))


@query
def module_solution(db: Database, path: str) -> Solution:
    """Solve the functions and methods of a module with regard to its variables."""
    if not variable_names(db, path):
        return _EMPTY
    owners = ("", *class_names(db, path))
    if not any(takes_locks(db, path, owner) for owner in owners):
        return _EMPTY
    families = [family(db, path, owner) for owner in owners]
    if not any(found.changed for found in families):
        return _EMPTY
    rows = [row for found in families for row in found.shapes]
    return _solution(db, "", rows, {}, _declared(families, of_class=False))


def _declared(families: Iterable[Family], *, of_class: bool) -> dict[str, tuple[FunctionId, str]]:
    """Return the declared guards; what a class declares itself goes before what its bases do."""
    found: dict[str, tuple[FunctionId, str]] = {}
    for declaring in families:
        for field, function, text in declaring.declares:
            if field.startswith(".") is of_class:
                found.setdefault(field, (function, text))
    return found


def _same_locks(
    db: Database, owner: str, bases: frozenset[str], rows: Iterable[tuple[FunctionId, Shape]]
) -> dict[str, str]:
    """Return the identities that differ only in which class of one object names the attribute."""
    same = {}
    for _, shape in rows:
        for guard in shape.guards:
            holder, _, name = guard.identity.rpartition(".")
            if holder in bases:
                place = attribute_place(db, owner, name)
                if place != guard.identity:
                    same[guard.identity] = place
    return same


def _solution(
    db: Database,
    owner: str,
    rows: Sequence[tuple[FunctionId, Shape]],
    same: dict[str, str],
    declared: dict[str, tuple[FunctionId, str]],
) -> Solution:
    candidates = _candidates(rows, declared, of_class=bool(owner))
    uses = {
        function: mine
        for function, shape in rows
        if (mine := candidates & shape.uses) and shape.role is not _OWNED
    }
    return _Solver(SiblingCalls(db, owner, rows), same, declared).solve(uses) if uses else _EMPTY


def _candidates(
    rows: Iterable[tuple[FunctionId, Shape]], declared: Iterable[str], *, of_class: bool
) -> frozenset[str]:
    """Return the fields that are changed, and are not used under the same locks everywhere.

    What is never changed but by the maker of its object needs no lock.
    """
    bare: set[str] = set()
    changed: set[str] = set()
    locks: dict[str, set[Locks]] = {}
    for _, shape in rows:
        if shape.role is not _OWNED:
            bare |= shape.reads
            changed |= shape.writes
        for field, write, held in shape.guarded:
            locks.setdefault(field, set()).add(held)
            if write:
                changed.add(field)
    bare.update([field for field, found in locks.items() if len(found) > 1])
    wanted = [field for field in bare & changed if field.startswith(".") is of_class]
    return frozenset([*wanted, *declared])


class _Solver:
    """Finds the locks that are held on entry to the functions of a class or module."""

    def __init__(
        self,
        calls: SiblingCalls,
        same: dict[str, str],
        declared: dict[str, tuple[FunctionId, str]],
    ) -> None:
        self.calls, self.same, self.declared = calls, same, declared
        self.shapes = calls.shapes
        self.entering: dict[FunctionId, Locks | None] = {}

    def solve(self, uses: Mapping[FunctionId, frozenset[str]]) -> Solution:
        """Return what is held on entry to whom, given which function uses which fields."""
        self._solve_entering(self._above(uses))
        wanted = self._wanted(uses)
        if not wanted:
            return _EMPTY
        users: dict[str, list[tuple[FunctionId, Locks | None]]] = {}
        using: list[FunctionId] = []
        for function, mine in uses.items():
            if mine.isdisjoint(wanted) or function in self.calls.owned:
                continue
            around = self._around(function)
            for field in mine & wanted:
                users.setdefault(field, []).append((function, around))
            using.append(function)
        callers = self._callers_above(using)
        return Solution(
            {field: tuple(users[field]) for field in sorted(users)},
            callers,
            {function: rows for function in callers if (rows := self._handed(function))},
            self.calls.entries & callers.keys(),
            self._guards(),
            self.same,
            self.declared,
        )

    def _above(self, functions: Iterable[FunctionId]) -> frozenset[FunctionId]:
        """Return functions and all that call them, up to those that anybody may call."""
        todo = list(functions)
        seen = set(todo)
        while todo:
            current = todo.pop()
            if current in self.calls.entries:
                continue
            for caller, _, _ in self.calls.callers(current):
                if caller not in seen:
                    seen.add(caller)
                    todo.append(caller)
        return frozenset(seen)

    def _guards(self) -> dict[str, Guard]:
        known: dict[str, Guard] = {}
        for shape in self.shapes.values():
            for guard in shape.guards:
                place = self.same.get(guard.identity)
                if place is not None:
                    guard = msgspec.structs.replace(guard, identity=place, place=place)  # noqa: PLW2901
                known.setdefault(guard.identity, guard)
        return known

    def _wanted(self, uses: Mapping[FunctionId, frozenset[str]]) -> set[str]:
        """Return the fields that some lock guards at some site, and some other site leaves out."""
        used: dict[str, set[Locks]] = {}
        guarded: dict[str, set[str]] = {}
        by_around: dict[Locks, set[str]] = {}
        for function, mine in uses.items():
            shape = self.shapes[function]
            around = self.entering.get(function) or NOTHING
            by_around.setdefault(around, set()).update(mine & shape.reads)
            for field, _, locks in shape.guarded:
                if field in mine:
                    guarded.setdefault(field, set()).update(locks)
                    used.setdefault(field, set()).add(locks | around)
        for around, fields in by_around.items():
            for field in fields:
                used.setdefault(field, set()).add(around)
                guarded.setdefault(field, set()).update(around)
        wanted = {
            field
            for field, locks in guarded.items()
            if any(not locks <= held for held in used[field])
        }
        return wanted | (self.declared.keys() & used.keys())

    # Locks on entry

    def _solve_entering(self, matters: frozenset[FunctionId]) -> None:
        """Find what is held on entry to those functions that are called under a lock."""
        self.entering, below = self._entered(matters)
        todo = dict.fromkeys(self.entering)
        while todo:
            function = next(iter(todo))
            del todo[function]
            value = self._meet(function)
            if value != self.entering[function]:
                self.entering[function] = value
                todo.update([(target, None) for target in below.get(function, ())])

    def _entered(
        self, matters: frozenset[FunctionId]
    ) -> tuple[dict[FunctionId, Locks | None], dict[FunctionId, list[FunctionId]]]:
        """Return those functions that one which holds a lock calls, directly or not, and who calls whom.

        Nothing is known yet of what is held on entry to the first.
        """
        shapes, entries = self.shapes, self.calls.entries
        below: dict[FunctionId, list[FunctionId]] = {}
        found: dict[FunctionId, Locks | None] = {}
        for function, callers in self.calls.called.items():
            if function not in matters or function in entries or shapes[function].role is _OWNED:
                continue
            for caller, _, locks in callers:
                below.setdefault(caller, []).append(function)
                if caller in matters and (locks or shapes[caller].declared):
                    found[function] = None
        todo = list(found)
        while todo:
            for target in below.get(todo.pop(), ()):
                if target not in found:
                    found[target] = None
                    todo.append(target)
        return found, {
            caller: [one for one in rows if one in found] for caller, rows in below.items()
        }

    def _meet(self, function: FunctionId) -> Locks | None:
        """Return what all calls of a function hold; None stands for everything.

        A caller that holds an unknown lock may hold any, so that the meet is unsure, too.
        """
        result: Locks | None = None
        owned = self.calls.owned
        for caller, _, locks in self.calls.callers(function):
            if caller in owned:
                continue
            around = self._around(caller)
            if around is None and (caller in self.entering or not locks):
                # Not known yet, and the greatest fixpoint starts from everything; or nobody is
                # known to call the caller, which is no evidence.
                continue
            here = locks | around if around else locks
            result = here if result is None else (result & here) | (_UNSURE & (result | here))
        return result

    def _around(self, function: FunctionId) -> Locks | None:
        """Return what is held on entry to a function; None when nobody is known to call it."""
        if self.shapes[function].declared:
            return _UNSURE
        if function in self.entering:
            return self.entering[function]
        return NOTHING if function in self.calls.reached else None

    # What reports need to know of the call graph

    def _callers_above(
        self, functions: Iterable[FunctionId]
    ) -> dict[FunctionId, tuple[Caller, ...]]:
        above: dict[FunctionId, tuple[Caller, ...]] = {}
        owned = self.calls.owned
        todo = list(functions)
        while todo:
            function = todo.pop()
            if function in above:
                continue
            above[function] = tuple(
                [
                    (caller, name, self._held_at(caller, locks))
                    for caller, name, locks in self.calls.callers(function)
                    if caller not in owned
                ]
            )
            todo += [caller for caller, _, _ in above[function]]
        return above

    def _handed(self, function: FunctionId) -> tuple[tuple[FunctionId, Locks], ...]:
        rows = self.calls.handed_on.get(function, ())
        return tuple([(caller, self._held_at(caller, locks)) for caller, locks in rows])

    def _held_at(self, caller: FunctionId, locks: Locks) -> Locks:
        around = self._around(caller)
        held = locks | around if around else locks
        return frozenset([self.same.get(lock, lock) for lock in held]) if self.same else held
