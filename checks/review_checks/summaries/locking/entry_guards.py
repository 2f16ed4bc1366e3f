"""Says which locks are held on entry to the functions of a class or module.

A function is *effectively locked* when it takes the lock itself or all its callers in the project
hold it: the greatest fixpoint, over the call graph, of "held at the call, or on entry to the
caller". Entry points hold nothing. The scheme follows Infer's RacerD; see Blackshear et al.,
"RacerD: Compositional Static Race Detection" (2018).

Only the part of the call graph that matters is looked at: below calls that are made under a lock,
and above functions that use what a lock guards somewhere.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import class_names, variable_names
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.families import (
    OwnedFamily,
    Run,
    family,
    module_families,
)
from review_checks.summaries.locking.fields import takes_locks
from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.places import attribute_place
from review_checks.summaries.locking.shapes import NOTHING, Locks
from review_checks.summaries.locking.sibling_calls import Caller, SiblingCalls
from review_checks.summaries.names import class_of, home, lineage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

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
    places = dict.fromkeys(
        [(place.path, place.name) for base in bases if (place := home(db, base))]
    )
    if not any(takes_locks(db, path, name) for path, name in places):
        return _EMPTY
    families = [(owner, family(db, path, name)) for path, name in places]
    same = _same_locks(db, owner, frozenset(bases), families)
    return _solution(db, families, same, of_class=True)


@query
def module_solution(db: Database, path: str) -> Solution:
    """Solve the functions and methods of a module with regard to its variables."""
    if not variable_names(db, path):
        return _EMPTY
    owners = ("", *class_names(db, path))
    if not any(takes_locks(db, path, owner) for owner in owners):
        return _EMPTY
    families = module_families(db, path)
    if not any(run.changes_module for _, found in families for run in found):
        return _EMPTY
    return _solution(db, families, {}, of_class=False)


def _declared(runs: Iterable[Run], *, of_class: bool) -> dict[str, tuple[FunctionId, str]]:
    """Return the declared guards; what a class declares itself goes before what its bases do."""
    declared: dict[str, tuple[FunctionId, str]] = {}
    for run in runs:
        for field, function, text in run.declares:
            if field.startswith(".") is of_class:
                declared.setdefault(field, (function, text))
    return declared


def _same_locks(
    db: Database, owner: str, bases: frozenset[str], families: Iterable[OwnedFamily]
) -> dict[str, str]:
    """Return the identities that differ only in which class of one object names the attribute."""
    same = {}
    for _, found in families:
        for run in found:
            for guard in run.guards:
                holder, _, name = guard.identity.rpartition(".")
                if holder in bases:
                    place = attribute_place(db, owner, name)
                    if place != guard.identity:
                        same[guard.identity] = place
    return same


def _solution(
    db: Database, families: Sequence[OwnedFamily], same: dict[str, str], *, of_class: bool
) -> Solution:
    runs = [run for _, found in families for run in found]
    declared = _declared(runs, of_class=of_class)
    uses = _candidates(runs, declared, of_class=of_class)
    if not uses:
        return _EMPTY
    return _Solver(SiblingCalls(db, families), runs, same, declared).solve(uses)


class _Uses(NamedTuple):
    """Who uses a field while they take no lock, and who does under which locks; makers do not count."""

    bare: list[FunctionId]
    guarded: list[tuple[FunctionId, Locks]]


def _candidates(
    runs: Sequence[Run], declared: Collection[str], *, of_class: bool
) -> dict[str, _Uses]:
    """Return the fields that are changed, and are not used under the same locks everywhere.

    What is never changed but by the maker of its object needs no lock.
    """
    changed = frozenset(declared).union(*[run.changed for run in runs])
    found = {field: _Uses([], []) for field in changed if (field[0] == ".") is of_class}
    for run in runs:
        for field, users in run.bare.items():
            if field in found:
                found[field].bare.extend(users)
        for field, rows in run.guarded.items():
            if field in found:
                found[field].guarded.extend(rows)
    return {
        field: uses
        for field, uses in found.items()
        if uses.bare or (uses.guarded and (field in declared or _is_mixed(runs, field)))
    }


def _is_mixed(runs: Iterable[Run], field: str) -> bool:
    """Say whether a field is used under different locks, those that makers take included."""
    uses = [row for run in runs for row in (*run.guarded.get(field, ()), *run.made.get(field, ()))]
    return len({locks for _, locks in uses if locks}) > 1


class _Around(dict[FunctionId, Locks | None]):
    """What is held on entry to functions; None when nobody is known to call one.

    Where no way leads to a function from a call under a lock, this is found out when it is asked for.
    """

    def __init__(self, calls: SiblingCalls) -> None:
        super().__init__(dict.fromkeys(calls.entries, NOTHING))
        self.update(dict.fromkeys(calls.declared, _UNSURE))
        self._calls = calls

    def __missing__(self, function: FunctionId) -> Locks | None:
        """Find out whether a function is called; nothing is held on entry to it then."""
        self[function] = found = NOTHING if self._calls.is_reached(function) else None
        return found


class _Solver:
    """Finds the locks that are held on entry to the functions of a class or module."""

    def __init__(
        self,
        calls: SiblingCalls,
        runs: Sequence[Run],
        same: dict[str, str],
        declared: dict[str, tuple[FunctionId, str]],
    ) -> None:
        self.calls, self.runs, self.same, self.declared = calls, runs, same, declared
        self.entering: dict[FunctionId, Locks | None] = {}
        """What the calls of those functions hold that are called under a lock."""
        self.around = _Around(calls)

    def solve(self, uses: Mapping[str, _Uses]) -> Solution:
        """Return what is held on entry to whom, given who uses which fields."""
        self._solve_entering(self._above(uses.values()))
        inherited = {function: locks for function, locks in self.entering.items() if locks}
        wanted = [
            field
            for field, rows in uses.items()
            if field in self.declared or self._is_left_out(rows, inherited)
        ]
        if not wanted:
            return _EMPTY
        users: dict[str, tuple[tuple[FunctionId, Locks | None], ...]] = {}
        using: set[FunctionId] = set()
        for field in sorted(wanted):
            rows = [one for one in self._users(field) if one not in self.calls.owned]
            if rows:
                users[field] = tuple([(function, self.around[function]) for function in rows])
                using.update(rows)
        callers = self._callers_above(filter(using.__contains__, self.calls.roles))
        return Solution(
            users,
            callers,
            self._handed(callers),
            frozenset(callers.keys() & self.calls.entries),
            self._guards(),
            self.same,
            self.declared,
        )

    def _users(self, field: str) -> list[FunctionId]:
        """Return the functions that use a field, in order; makers are left out."""
        found: list[FunctionId] = []
        for run in self.runs:
            bare, guarded = run.bare.get(field, ()), run.guarded.get(field)
            if guarded:
                mine = {*bare, *[function for function, _ in guarded]}
                found += [function for function in run.functions if function in mine]
            else:
                found += bare
        return found

    def _guards(self) -> dict[str, Guard]:
        known: dict[str, Guard] = {}
        for run in self.runs:
            for guard in run.guards:
                place = self.same.get(guard.identity)
                if place is not None:
                    guard = msgspec.structs.replace(guard, identity=place, place=place)  # noqa: PLW2901
                known.setdefault(guard.identity, guard)
        return known

    def _is_left_out(self, uses: _Uses, inherited: Mapping[FunctionId, Locks]) -> bool:
        """Say whether some lock guards a field at some site, and some other site leaves it out.

        ``inherited`` are the locks that are held on entry to functions, where there are any.
        """
        held = {*map(inherited.get, uses.bare, itertools.repeat(NOTHING))}
        guards = NOTHING.union(*held, *[locks for _, locks in uses.guarded])
        if not guards or NOTHING in held:
            return bool(guards)
        held.update([locks | inherited.get(function, NOTHING) for function, locks in uses.guarded])
        return any(not guards <= locks for locks in held)

    # Locks on entry

    def _above(self, uses: Iterable[_Uses]) -> set[FunctionId]:
        """Return who uses some fields and all that call them, up to those that anybody may call."""
        seen: set[FunctionId] = set()
        for bare, guarded in uses:
            seen.update(bare)
            seen.update([function for function, _ in guarded])
        entries, callers = self.calls.entries, self.calls.callers
        todo = [function for function in seen if function not in entries]
        for function in todo:
            for caller, _, _ in callers(function):
                if caller not in seen:
                    seen.add(caller)
                    if caller not in entries:
                        todo.append(caller)
        return seen

    def _solve_entering(self, matters: set[FunctionId]) -> None:
        """Find what is held on entry to those functions that are called under a lock."""
        targets, declared = self.calls.targets, self.calls.declared
        self.entering = entering = dict.fromkeys(self._entered(matters))
        for function in entering:
            self.around.setdefault(function, None)
        todo = dict(entering)
        while todo:
            function = next(iter(todo))
            del todo[function]
            value = self._meet(function)
            if value != entering[function]:
                entering[function] = value
                if function not in declared:
                    self.around[function] = value
                for target in targets.get(function, ()):
                    if target in entering:
                        todo[target] = None

    def _entered(self, matters: set[FunctionId]) -> Iterable[FunctionId]:
        """Return those functions that one which holds a lock calls, directly or not."""
        calls = self.calls
        inside = matters.difference(calls.entries, calls.makers)
        todo = [*calls.locked]
        for function in calls.declared:
            todo += calls.targets.get(function, ())
        found: dict[FunctionId, None] = {}
        for function in todo:
            if function in inside and function not in found:
                found[function] = None
                todo += calls.targets.get(function, ())
        return found

    def _meet(self, function: FunctionId) -> Locks | None:
        """Return what all calls of a function hold; None stands for everything.

        A caller that holds an unknown lock may hold any, so that the meet is unsure, too.
        """
        result: Locks | None = None
        around_of, owned, unsure = self.around, self.calls.owned, self.calls.unsure
        for caller, _, locks in self.calls.callers(function):
            if caller in owned:
                continue
            around = around_of[caller]
            if around is None and (caller in self.entering or not locks):
                # Not known yet, and the greatest fixpoint starts from everything; or nobody is
                # known to call the caller, which is no evidence.
                continue
            here = locks | around if around else locks
            if result is None:
                result = here
            elif result != here:
                result = (result & here) | (_UNSURE & (result | here))
            if not result and not unsure:
                # Nothing that the other calls hold changes that.
                break
        return result

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
            above[function] = rows = tuple(
                [
                    (caller, name, self._held_at(caller, locks))
                    for caller, name, locks in self.calls.callers(function)
                    if caller not in owned
                ]
            )
            todo += [caller for caller, _, _ in rows]
        return above

    def _handed(
        self, functions: Iterable[FunctionId]
    ) -> dict[FunctionId, tuple[tuple[FunctionId, Locks], ...]]:
        handed_on = self.calls.handed_on
        return {
            function: tuple([(user, self._held_at(user, locks)) for user, locks in rows])
            for function in functions
            if (rows := handed_on.get(function))
        }

    def _held_at(self, caller: FunctionId, locks: Locks) -> Locks:
        around = self.around[caller]
        held = locks | around if around else locks
        return frozenset([self.same.get(lock, lock) for lock in held]) if self.same else held
