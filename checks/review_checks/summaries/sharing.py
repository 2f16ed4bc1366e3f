"""Says where the fields of a class, and the variables of a module, are used under which locks.

A function is *effectively locked* when it takes the lock itself or all its callers in the project
hold it: the greatest fixpoint, over the call graph, of "held at the call, or on entry to the
caller". Entry points hold nothing. The scheme follows Infer's RacerD; see Blackshear et al.,
"RacerD: Compositional Static Race Detection" (2018).

Only the part of the call graph that matters is looked at: below calls that are made under a lock,
and above functions that use what a lock guards somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import (
    class_names,
    declared_function,
    members,
    module_info,
    outline,
    qualified_name,
)
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.lock_slices import Event, Reach, Role, Site, Slice, lock_slice
from review_checks.summaries.locks import Guard
from review_checks.summaries.names import (
    class_around,
    class_of,
    home,
    lineage,
    method_in,
    method_of,
    owner_of_name,
)

Caller = tuple[FunctionId, Event, frozenset[str]]
"""A call: who makes it, where, and the guards effectively held there."""

_NOTHING: frozenset[str] = frozenset()


class Access(msgspec.Struct, frozen=True, array_like=True):
    """A site in its function, with every guard that is effectively held there."""

    function: FunctionId
    name: str
    site: Site
    guards: frozenset[str]


class Sharing(msgspec.Struct, frozen=True, array_like=True):
    """The accesses of the fields that some lock guards somewhere and some write leaves unguarded.

    Attributes:
        owner: the canonical name of the class or module.
        fields: field → its accesses, in the order of the source.
        callers: function → the calls that reach it, for the functions of the accesses and all
            above them.
        callees: function → the functions it calls, for the functions of unlocked writes and all
            below them.
        guards: identity → the guard, for all that are taken.
    """

    owner: str
    fields: dict[str, tuple[Access, ...]]
    callers: dict[FunctionId, tuple[Caller, ...]]
    callees: dict[FunctionId, tuple[FunctionId, ...]]
    guards: dict[str, Guard]


@query
def class_sharing(db: Database, owner: str) -> Sharing:
    """Return how the fields of a class are shared, its project bases' methods included."""
    functions: dict[FunctionId, None] = {}
    for base in lineage(db, owner):
        place = home(db, base)
        if place is not None and class_of(db, base) is not None:
            functions.update(dict.fromkeys(members(db, place.path, place.name)))
    return _Solver(db, owner, functions, of_class=True).solve()


@query
def module_sharing(db: Database, path: str) -> Sharing:
    """Return how the variables of a module are shared among its functions and methods."""
    functions = list(members(db, path, ""))
    for name in class_names(db, path):
        functions += members(db, path, name)
    return _Solver(db, module_info(db, path).name, functions, of_class=False).solve()


class _Solver:
    """Finds the locks that are held on entry to the functions of a class or module."""

    def __init__(
        self, db: Database, owner: str, functions: Iterable[FunctionId], *, of_class: bool
    ) -> None:
        self.db, self.owner, self.of_class = db, owner, of_class
        self.slices: dict[FunctionId, Slice] = {
            function: found
            for function in functions
            if (found := lock_slice(db, function)).role is not Role.BODY
        }
        self.named: dict[str, list[tuple[FunctionId, Reach]]] = {}
        self.known_callers: dict[FunctionId, tuple[tuple[FunctionId, Reach], ...]] = {}
        self.known_mentions: dict[str, list[FunctionId]] | None = None
        self.known_entries: dict[FunctionId, bool] = {}
        self.known_roots: dict[FunctionId, frozenset[FunctionId]] = {}
        self.entering: dict[FunctionId, frozenset[str] | None] = {}

    def solve(self) -> Sharing:
        """Return the accesses of all fields that are guarded somewhere."""
        if not any(found.guards for found in self.slices.values()):
            return Sharing(self.owner, {}, {}, {}, {})
        for caller, found in self.slices.items():
            for reach in found.reaches:
                self.named.setdefault(reach.target, []).append((caller, reach))
        self._solve_entering()
        wanted = self._guarded_fields()
        fields: dict[str, list[Access]] = {}
        for function, found in self.slices.items():
            mine = wanted & found.sites.keys()
            if mine and not found.declared and not self._is_owned(function):
                for field in mine:
                    fields.setdefault(field, []).extend(
                        self._accesses(function, found.sites[field])
                    )
        users = {access.function for rows in fields.values() for access in rows}
        writers = {
            access.function
            for rows in fields.values()
            for access in rows
            if access.site.write and not access.guards
        }
        return Sharing(
            self.owner,
            {field: tuple(rows) for field, rows in sorted(fields.items()) if rows},
            self._callers_above(users),
            self._callees_below(writers),
            self._guards(),
        )

    def _accesses(self, function: FunctionId, sites: tuple[Site, ...]) -> Iterator[Access]:
        around = self._entry(function)
        name = qualified_name(self.db, function)
        for site in sites:
            guards = site.guards | (around or _NOTHING)
            # Where nobody is known to call a function that takes no lock there is no evidence.
            if around is not None or guards:
                yield Access(function, name, site, guards)

    def _guards(self) -> dict[str, Guard]:
        known: dict[str, Guard] = {}
        for found in self.slices.values():
            for guard in found.guards:
                known.setdefault(guard.identity, guard)
        return known

    # The call graph

    def _target(self, caller: FunctionId, name: str) -> FunctionId | None:
        """Return the function that a name means in a caller."""
        if name.startswith("."):
            around = self.owner if self.of_class else class_around(self.db, caller)
            return method_of(self.db, around, name[1:]) if around else None
        if name.startswith("super."):
            around = class_around(self.db, caller)
            for base in lineage(self.db, around)[1:] if around else ():
                inherited = method_in(self.db, base, name[6:])
                if inherited is not None:
                    return inherited
            return None
        unit = caller[0]
        definer = owner_of_name(self.db, caller, name)
        if definer is not None:
            for index, inner in enumerate(outline(self.db, unit).functions):
                if inner.parent == definer[1] and inner.name == name:
                    return (unit, index)
            return None
        return declared_function(self.db, unit_path(self.db, unit), name)

    def _callers(self, function: FunctionId) -> tuple[tuple[FunctionId, Reach], ...]:
        """Return the calls that reach a function."""
        found = self.known_callers.get(function)
        if found is None:
            name = self.slices[function].name
            found = self.known_callers[function] = tuple(
                [
                    (caller, reach)
                    for spelling in (f".{name}", name, f"super.{name}")
                    for caller, reach in self.named.get(spelling, ())
                    if caller != function and self._target(caller, spelling) == function
                ]
            )
        return found

    def _is_entry(self, function: FunctionId) -> bool:
        """Say whether others may call a function while they hold nothing."""
        known = self.known_entries.get(function)
        if known is None:
            known = self.known_entries[function] = self._finds_entry(function)
        return known

    def _finds_entry(self, function: FunctionId) -> bool:
        found = self.slices[function]
        if found.role is Role.PUBLIC:
            return True
        if found.role is not Role.PRIVATE:
            return False
        return any(
            self._target(caller, spelling) == function
            for spelling in (f".{found.name}", found.name)
            for caller in self._mentions().get(spelling, ())
        )

    def _mentions(self) -> dict[str, list[FunctionId]]:
        """Return who hands on private functions as values, by the name they use."""
        if self.known_mentions is None:
            private = {found.name for found in self.slices.values() if found.role is Role.PRIVATE}
            spellings = private | {f".{name}" for name in private}
            self.known_mentions = {}
            for caller, found in self.slices.items():
                for name in found.mentions & spellings:
                    self.known_mentions.setdefault(name, []).append(caller)
        return self.known_mentions

    def _roots(self, function: FunctionId) -> frozenset[FunctionId]:
        """Return the entry points and unreached functions from which a function is reached."""
        known = self.known_roots.get(function)
        if known is None:
            known = self.known_roots[function] = frozenset(self._find_roots(function))
        return known

    def _find_roots(self, function: FunctionId) -> set[FunctionId]:
        roots: set[FunctionId] = set()
        seen, todo = {function}, [function]
        while todo:
            current = todo.pop()
            above = () if self._is_entry(current) else self._callers(current)
            if not above:
                roots.add(current)
            for caller, _ in above:
                if caller not in seen:
                    seen.add(caller)
                    todo.append(caller)
        return roots

    def _is_owned(self, function: FunctionId) -> bool:
        """Say whether a function runs only while its object is still being made."""
        role = self.slices[function].role
        if role is not Role.PRIVATE:
            return role is Role.OWNED
        roots = self._roots(function)
        return bool(roots) and all(self.slices[root].role is Role.OWNED for root in roots)

    # Locks on entry

    def _solve_entering(self) -> None:
        """Find what is held on entry to the private functions that are called under a lock."""
        below: dict[FunctionId, None] = {}
        todo = [
            (caller, reach)
            for caller, found in self.slices.items()
            if found.guards
            for reach in found.reaches
            if reach.guards
        ]
        while todo:
            caller, reach = todo.pop()
            target = self._target(caller, reach.target)
            if target is None or target in below or target not in self.slices:
                continue
            if self.slices[target].role in (Role.PRIVATE, Role.NESTED) and not self._is_entry(
                target
            ):
                below[target] = None
                todo += [(target, inner) for inner in self.slices[target].reaches]
        self.entering = dict.fromkeys(below)
        changed = True
        while changed:
            changed = False
            for function in below:
                value = self._meet(function)
                if value != self.entering[function]:
                    self.entering[function] = value
                    changed = True

    def _meet(self, function: FunctionId) -> frozenset[str] | None:
        """Return what all calls of a function hold; None stands for everything."""
        result: frozenset[str] | None = None
        for caller, reach in self._callers(function):
            if self.slices[caller].declared or self._is_owned(caller):
                continue
            around = self._entry(caller)
            if around is None and (caller in self.entering or not reach.guards):
                # Not known yet, and the greatest fixpoint starts from everything; or nobody is
                # known to call the caller, which is no evidence.
                continue
            here = reach.guards | (around or _NOTHING)
            result = here if result is None else result & here
        return result

    def _entry(self, function: FunctionId) -> frozenset[str] | None:
        """Return what is held on entry to a function; None when nobody is known to call it."""
        if function in self.entering:
            return self.entering[function]
        roots = self._roots(function)
        return _NOTHING if any(self._is_entry(root) for root in roots) else None

    def _guarded_fields(self) -> set[str]:
        """Return the fields that some lock guards at some site, and that some write leaves unguarded."""
        strays: set[str] = set().union(*[found.strays for found in self.slices.values()])
        fields: set[str] = set()
        for function, found in self.slices.items():
            if self.entering.get(function):
                fields |= strays & found.sites.keys()
            elif found.guards:
                fields.update(
                    field
                    for field in strays & found.sites.keys()
                    if any(site.guards for site in found.sites[field])
                )
        return {field for field in fields if field.startswith(".") is self.of_class}

    # What reports need to know of the call graph

    def _callers_above(self, functions: set[FunctionId]) -> dict[FunctionId, tuple[Caller, ...]]:
        above: dict[FunctionId, tuple[Caller, ...]] = {}
        todo = sorted(functions)
        while todo:
            function = todo.pop()
            if function in above:
                continue
            rows = self._callers(function)
            above[function] = tuple(
                [
                    (caller, reach.event, reach.guards | (self._entry(caller) or _NOTHING))
                    for caller, reach in rows
                ]
            )
            todo += [caller for caller, _ in rows]
        return above

    def _callees_below(
        self, functions: set[FunctionId]
    ) -> dict[FunctionId, tuple[FunctionId, ...]]:
        below: dict[FunctionId, tuple[FunctionId, ...]] = {}
        todo = sorted(functions)
        while todo:
            function = todo.pop()
            if function in below:
                continue
            targets = [
                self._target(function, reach.target) for reach in self.slices[function].reaches
            ]
            known = [target for target in targets if target is not None and target in self.slices]
            below[function] = tuple(dict.fromkeys(known))
            todo += known
        return below
