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
from review_checks.summaries.locking.guards import UNKNOWN, Guard, attribute_place
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.shapes import Family, Locks, Shape, family
from review_checks.summaries.locking.sibling_calls import NOTHING, Caller, SiblingCalls
from review_checks.summaries.names import class_of, home, lineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_UNSURE: Locks = frozenset({UNKNOWN})


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
    return _Solver(SiblingCalls(db, owner, rows), same, _declared(families, of_class=True)).solve()


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
    return _Solver(SiblingCalls(db, "", rows), {}, _declared(families, of_class=False)).solve()


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
        self._reached: dict[FunctionId, bool] = {}

    def solve(self) -> Solution:
        """Return what is held on entry to whom."""
        candidates = self._candidates()
        uses = {
            function: mine
            for function, shape in self.shapes.items()
            if (mine := candidates & shape.uses) and shape.role is not Role.OWNED
        }
        self._solve_entering(self._above(uses))
        wanted = self._wanted(candidates, uses)
        if not wanted:
            return _EMPTY
        users: dict[str, list[tuple[FunctionId, Locks | None]]] = {}
        using: list[FunctionId] = []
        for function, mine in uses.items():
            shape = self.shapes[function]
            if mine.isdisjoint(wanted) or self.calls.is_owned(function):
                continue
            around = _UNSURE if shape.declared else self._entry(function)
            for field in mine & wanted:
                users.setdefault(field, []).append((function, around))
            using.append(function)
        callers = self._callers_above(using)
        return Solution(
            {field: tuple(users[field]) for field in sorted(users)},
            callers,
            {function: rows for function in callers if (rows := self._handed(function))},
            frozenset([function for function in callers if self.calls.is_entry(function)]),
            self._guards(),
            self.same,
            self.declared,
        )

    def _candidates(self) -> frozenset[str]:
        """Return the fields that are changed, and are not used under the same locks everywhere.

        What is never changed but by the maker of its object needs no lock.
        """
        bare: set[str] = set()
        changed: set[str] = set()
        locks: dict[str, set[Locks]] = {}
        for shape in self.shapes.values():
            if shape.role is not Role.OWNED:
                bare |= shape.reads
                changed |= shape.writes
            for field, write, held in shape.guarded:
                locks.setdefault(field, set()).add(held)
                if write:
                    changed.add(field)
        bare.update([field for field, rows in locks.items() if len(rows) > 1])
        of_class = bool(self.calls.owner)
        wanted = [field for field in bare & changed if field.startswith(".") is of_class]
        return frozenset(wanted) | self.declared.keys()

    def _above(self, functions: Iterable[FunctionId]) -> frozenset[FunctionId]:
        """Return functions and all that call them, up to those that anybody may call."""
        todo = list(functions)
        seen = set(todo)
        while todo:
            current = todo.pop()
            for caller, _, _ in () if self.calls.is_entry(current) else self.calls.callers(current):
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

    def _wanted(
        self, candidates: frozenset[str], uses: Mapping[FunctionId, frozenset[str]]
    ) -> set[str]:
        """Return the fields that some lock guards at some site, and some other site leaves out."""
        used: dict[str, set[Locks]] = {}
        guarded: dict[str, set[str]] = {}
        for function, mine in uses.items():
            shape = self.shapes[function]
            around = self.entering.get(function) or NOTHING
            for field in mine & shape.reads:
                used.setdefault(field, set()).add(around)
                if around:
                    guarded.setdefault(field, set()).update(around)
            for field, _, locks in shape.guarded:
                if field in candidates:
                    guarded.setdefault(field, set()).update(locks)
                    used.setdefault(field, set()).add(locks | around)
        wanted = {
            field
            for field, locks in guarded.items()
            if any(not locks <= held for held in used[field])
        }
        return wanted | (self.declared.keys() & used.keys())

    # Locks on entry

    def _solve_entering(self, matters: frozenset[FunctionId]) -> None:
        """Find what is held on entry to those functions that are called under a lock."""
        below: dict[FunctionId, None] = {}
        todo = [
            (caller, target)
            for caller in self.shapes
            if caller in matters
            for target in self._targets_of(caller, locked=True)
        ]
        while todo:
            caller, name = todo.pop()
            target = self.calls.target(caller, name)
            if target not in matters or target in below or self.calls.is_entry(target):
                continue
            if self.shapes[target].role is not Role.OWNED:
                below[target] = None
                todo += [(target, inner) for inner in self._targets_of(target, locked=False)]
        self.entering = dict.fromkeys(below)
        changed = True
        while changed:
            changed = False
            for function in below:
                value = self._meet(function)
                if value != self.entering[function]:
                    self.entering[function] = value
                    changed = True

    def _targets_of(self, caller: FunctionId, *, locked: bool) -> Iterator[str]:
        """Yield what a function calls, or only what it calls under a lock."""
        shape, accessors = self.shapes[caller], self.calls.read_as_call
        everything = not locked or shape.declared
        for target, locks in shape.calls:
            if locks or everything:
                yield target
        for target, locks in shape.mentions:
            if locks:
                yield target
        yield from [field for field, _, _ in shape.guarded if field in accessors]
        if everything:
            yield from shape.reads & accessors

    def _meet(self, function: FunctionId) -> Locks | None:
        """Return what all calls of a function hold; None stands for everything.

        A caller that holds an unknown lock may hold any, so that the meet is unsure, too.
        """
        result: Locks | None = None
        for caller, _, locks in self.calls.callers(function):
            if self.calls.is_owned(caller):
                continue
            around = _UNSURE if self.shapes[caller].declared else self._entry(caller)
            if around is None and (caller in self.entering or not locks):
                # Not known yet, and the greatest fixpoint starts from everything; or nobody is
                # known to call the caller, which is no evidence.
                continue
            here = locks | (around or NOTHING)
            result = here if result is None else (result & here) | (_UNSURE & (result | here))
        return result

    def _entry(self, function: FunctionId) -> Locks | None:
        """Return what is held on entry to a function; None when nobody is known to call it."""
        if function in self.entering:
            return self.entering[function]
        if function not in self._reached:
            roots = self.calls.roots(function)
            self._reached[function] = any(self.calls.is_entry(root) for root in roots)
        return NOTHING if self._reached[function] else None

    # What reports need to know of the call graph

    def _callers_above(
        self, functions: Iterable[FunctionId]
    ) -> dict[FunctionId, tuple[Caller, ...]]:
        above: dict[FunctionId, tuple[Caller, ...]] = {}
        todo = list(functions)
        while todo:
            function = todo.pop()
            if function in above:
                continue
            rows = [row for row in self.calls.callers(function) if not self.calls.is_owned(row[0])]
            above[function] = tuple(
                [(caller, name, self._held_at(caller, locks)) for caller, name, locks in rows]
            )
            todo += [caller for caller, _, _ in rows]
        return above

    def _handed(self, function: FunctionId) -> tuple[tuple[FunctionId, Locks], ...]:
        rows = self.calls.handed_on(function)
        return tuple([(caller, self._held_at(caller, locks)) for caller, locks in rows])

    def _held_at(self, caller: FunctionId, locks: Locks) -> Locks:
        around = _UNSURE if self.shapes[caller].declared else self._entry(caller)
        return frozenset([self.same.get(lock, lock) for lock in locks | (around or NOTHING)])
