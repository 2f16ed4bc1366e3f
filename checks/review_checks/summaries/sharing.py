"""Says where the fields of a class, and the variables of a module, are used under which locks.

A function is *effectively locked* when it takes the lock itself or all its callers in the project
hold it: the greatest fixpoint, over the call graph, of "held at the call, or on entry to the
caller". Entry points hold nothing. The scheme follows Infer's RacerD; see Blackshear et al.,
"RacerD: Compositional Static Race Detection" (2018).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from review_checks.facts.schema import Closure, FunctionKind, Mode, Path
from review_checks.models.schema import Lexicon
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.locks import Guard, guards_at, held
from review_checks.summaries.names import class_of, home, lineage, method_of, owner_of_name
from review_checks.summaries.outline import Made, outline, table
from review_checks.summaries.paths import steps_of

_OWNED = frozenset({"__init__", "__new__", "__del__", "__enter__", "__init_subclass__", "__post_init__"})
_DECLARED = re.compile(
    r"\b(?:lock|semaphore|mutex)\w*\b[^.]{0,60}\b(?:held|hold|holds|acquired|taken|locked)\b"
    r"|\b(?:held|hold|holding|holds|acquired?|under|with)\b[^.]{0,60}\b(?:lock|semaphore|mutex)",
    re.IGNORECASE | re.DOTALL,
)
_DECLARED_NAME = re.compile(r"_(?:un)?locked$|_with_lock$|_no_?lock$|_nolock$|^locked_")
_NESTED_FACTORIES = frozenset({"list", "dict", "set", "collections.deque", "deque", "collections.OrderedDict"})

Event = tuple[str, int]
"""An event of a function: ``w``, ``r`` or ``c`` (write, read, call) and its index."""


class Site(msgspec.Struct, frozen=True, array_like=True):
    """One access of a field. ``compound`` marks a read-modify-write or container change."""

    write: bool
    compound: bool
    guards: frozenset[str]
    event: Event


class Reach(msgspec.Struct, frozen=True, array_like=True):
    """One call that stays in the class or module; ``target`` is a method's or function's name."""

    target: str
    guards: frozenset[str]
    event: Event


class Slice(msgspec.Struct, frozen=True, array_like=True):
    """What one function does to the fields of ``self`` and to module variables, under which locks.

    Fields of ``self`` go by ``.name``, variables of the module by their name. ``mentions`` are
    methods and functions that the function hands on as values.
    """

    sites: dict[str, tuple[Site, ...]]
    reaches: tuple[Reach, ...]
    mentions: frozenset[str]
    guards: tuple[Guard, ...]


class Access(msgspec.Struct, frozen=True, array_like=True):
    """A site in its function, with every guard that is effectively held there."""

    function: FunctionId
    name: str
    entry: bool
    site: Site
    guards: frozenset[str]


class Sharing(msgspec.Struct, frozen=True, array_like=True):
    """The accesses of the fields of one class or module that some lock guards somewhere.

    Attributes:
        owner: the canonical name of the class or module.
        fields: field → its accesses, in the order of the source.
        callers: function → the calls that reach it, as (caller, event, guards effectively held).
        guards: identity → the guard, for all that are taken.
    """

    owner: str
    fields: dict[str, tuple[Access, ...]]
    callers: dict[FunctionId, tuple[tuple[FunctionId, Event, frozenset[str]], ...]]
    guards: dict[str, Guard]


def self_name(db: Database, function: FunctionId) -> str:
    """Return the name by which a function knows the object its class made, or ''."""
    unit, index = function
    functions = outline(db, unit).functions
    while functions[index].parent >= 0 and functions[functions[index].parent].kind in (
        FunctionKind.FUNCTION,
        FunctionKind.LAMBDA,
    ):
        index = functions[index].parent
    found = table(db, unit_path(db, unit))
    if found is None or not found.owner((unit, index)):
        return ""
    declared = functions[index]
    if declared.kind is not FunctionKind.FUNCTION or not declared.parameters:
        return ""
    if any(path == "staticmethod" for path, _ in declared.decorators):
        return ""
    first = declared.parameters[0]
    return first.name if not first.kind else ""


@query
def lock_slice(db: Database, function: FunctionId) -> Slice:
    """Return a function's accesses and calls with the guards that it takes itself."""
    return _Slicer(db, function).finish()


class _Slicer:
    """Sorts the events of one function by field."""

    def __init__(self, db: Database, function: FunctionId) -> None:
        self.db, self.function = db, function
        self.body = unit_facts(db, function[0]).functions[function[1]]
        self.held = held(db, function)
        self.me = self_name(db, function)
        found = table(db, unit_path(db, function[0]))
        self.globals = found.variables if found is not None else {}
        self.functions = found.functions if found is not None else {}
        self.entry = found.classes.get(found.owner(function)) if found is not None else None
        self.lexicon: Lexicon = models(db).lexicon
        self.sites: dict[str, list[Site]] = {}
        self.reaches: list[Reach] = []
        self.mentions: set[str] = set()
        self.aliases = self._aliases()

    def _aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the local names that stand for a field throughout: name → its steps."""
        values: dict[str, Any] = {}
        for write in self.body.writes:
            if write.path.isidentifier():
                known = write.path in values
                values[write.path] = None if known or write.mode != Mode.ASSIGN else write.value
        return {
            name: steps_of(value.text)
            for name, value in values.items()
            if isinstance(value, Path) and self._field(steps_of(value.text)) is not None
        }

    def _field(self, steps: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
        """Return the field at the start of a path and the steps behind it."""
        root = steps[0]
        if self.me and root == self.me:
            return (f".{steps[1]}", steps[2:]) if len(steps) > 1 and steps[1][0] not in "[(" else None
        if root in self.globals and owner_of_name(self.db, self.function, root) is None:
            return root, steps[1:]
        return None

    def _resolved(self, steps: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
        alias = self.aliases.get(steps[0])
        return self._field(steps if alias is None else (*alias, *steps[1:]))

    def _add(self, field: str, at: int, event: Event, *, write: bool, compound: bool) -> None:
        site = Site(write, compound, guards_at(self.held, at), event)
        self.sites.setdefault(field, []).append(site)

    def _changes(self, field: str, rest: tuple[str, ...]) -> bool:
        """Say whether a change behind ``rest`` changes the field's own container."""
        if not rest:
            return True
        if any(step[0] not in "[" for step in rest):
            return False
        return self._nests(field)

    def _nests(self, field: str) -> bool:
        """Say whether the elements of a field are containers that the field itself makes."""
        if field.startswith("."):
            rows = self.entry.attributes.get(field[1:], ()) if self.entry is not None else ()
        else:
            rows = self.globals.get(field, ())
        for _, value in rows:
            if isinstance(value, Made) and value.callee.endswith("defaultdict") and value.args:
                factory = value.args[0]
                if isinstance(factory, Closure):
                    return True
                if isinstance(factory, Path) and factory.text in _NESTED_FACTORIES:
                    return True
        return False

    def finish(self) -> Slice:
        for index, write in enumerate(self.body.writes):
            self._write(index, write.path, write.mode, write.at)
        for index, call in enumerate(self.body.calls):
            if call.callee:
                self._call(index, call.callee, call.at)
        for index, read in enumerate(self.body.reads):
            self._read(index, read.path, read.at)
        return Slice(
            {field: tuple(sites) for field, sites in self.sites.items()},
            tuple(self.reaches),
            frozenset(self.mentions),
            tuple([row.guard for row in self.held]),
        )

    def _write(self, index: int, path: str, mode: Mode, at: int) -> None:
        steps = steps_of(path)
        if len(steps) == 1:
            if steps[0] in self.body.scoped and steps[0] in self.globals:
                self._add(steps[0], at, ("w", index), write=True, compound=mode == Mode.AUGMENT)
            return
        found = self._resolved(steps)
        if found is None:
            return
        field, rest = found
        if not rest and steps[0] in self.aliases:
            return
        if not rest:
            compound = mode in (Mode.AUGMENT, Mode.DELETE)
            self._add(field, at, ("w", index), write=True, compound=compound)
        elif rest[-1][0] == "[" and self._changes(field, rest[:-1]):
            self._add(field, at, ("w", index), write=True, compound=True)
        elif not self._is_element(steps):
            self._add(field, at, ("w", index), write=False, compound=False)

    def _call(self, index: int, callee: str, at: int) -> None:
        steps = steps_of(callee)
        guards = guards_at(self.held, at)
        if callee.startswith("super()."):
            self.reaches.append(Reach(f"super.{steps[-1]}", guards, ("c", index)))
            return
        if len(steps) == 1:
            if steps[0] in self.functions or not self._is_global(steps[0]):
                self.reaches.append(Reach(steps[0], guards, ("c", index)))
            return
        if self.me and steps[0] == self.me and len(steps) == 2:
            self.reaches.append(Reach(f".{steps[1]}", guards, ("c", index)))
            return
        found = self._resolved(steps)
        if found is None or not found[1]:
            return
        field, rest = found
        mutates = rest[-1] in self.lexicon.mutators and self._changes(field, rest[:-1])
        if mutates or not self._is_element(steps):
            self._add(field, at, ("c", index), write=mutates, compound=mutates)

    def _is_element(self, steps: tuple[str, ...]) -> bool:
        """Say whether a path goes through an alias of something inside the field.

        The field itself was read when the alias was made.
        """
        alias = self.aliases.get(steps[0])
        return alias is not None and len(alias) > (2 if alias[0] == self.me else 1)

    def _is_global(self, name: str) -> bool:
        return owner_of_name(self.db, self.function, name) is None

    def _read(self, index: int, path: str, at: int) -> None:
        steps = steps_of(path)
        if len(steps) == 1 and steps[0] in self.functions:
            self.mentions.add(steps[0])
            return
        found = self._resolved(steps)
        if found is None:
            if len(steps) == 1 and not self._is_global(steps[0]):
                self.mentions.add(steps[0])
            return
        field, _ = found
        if self._is_element(steps):
            return
        if field.startswith("."):
            self.mentions.add(field)
        self._add(field, at, ("r", index), write=False, compound=False)


@query
def functions_by_owner(db: Database, path: str) -> dict[str, tuple[FunctionId, ...]]:
    """Return the functions of each class of a module, nested ones included; '' is the module."""
    found = table(db, path)
    rows: dict[str, list[FunctionId]] = {}
    if found is not None:
        for function, (owner, _) in found.owners.items():
            rows.setdefault(owner, []).append(function)
    return {owner: tuple(functions) for owner, functions in rows.items()}


@query
def class_sharing(db: Database, owner: str) -> Sharing:
    """Return how the fields of a class are shared, its project bases' methods included."""
    functions: dict[FunctionId, None] = {}
    for base in lineage(db, owner):
        place = home(db, base)
        if place is not None and class_of(db, base) is not None:
            for function in functions_by_owner(db, place.path).get(place.name, ()):
                functions[function] = None
    return _Solver(db, owner, tuple(functions), of_class=True).solve()


@query
def module_sharing(db: Database, path: str) -> Sharing:
    """Return how the variables of a module are shared among its functions and methods."""
    found = table(db, path)
    if found is None:
        return Sharing("", {}, {}, {})
    return _Solver(db, found.name, tuple(found.owners), of_class=False).solve()


class _Solver:
    """Finds the locks that are held on entry to each function of a class or module."""

    def __init__(
        self, db: Database, owner: str, functions: tuple[FunctionId, ...], *, of_class: bool
    ) -> None:
        self.db, self.owner, self.of_class = db, owner, of_class
        self.slices = {
            function: lock_slice(db, function)
            for function in functions
            if outline(db, function[0]).functions[function[1]].kind
            in (FunctionKind.FUNCTION, FunctionKind.LAMBDA)
        }

    def solve(self) -> Sharing:
        if not any(found.guards for found in self.slices.values()):
            return Sharing(self.owner, {}, {}, {})
        calls = self._calls()
        entries = self._entries()
        owned = self._owned(calls, entries)
        entering = self._entering(calls, entries, owned)
        wanted = self._guarded_fields(entering)
        fields: dict[str, list[Access]] = {}
        for function, found in self.slices.items():
            around = entering.get(function)
            if function in owned or self._is_declared(function):
                continue
            name = self._name(function)
            for field in wanted & found.sites.keys():
                for site in found.sites[field]:
                    guards = site.guards | (around or frozenset())
                    if around is None and not guards:
                        # Nobody is known to call this function: no evidence either way.
                        continue
                    entry = function in entries
                    fields.setdefault(field, []).append(Access(function, name, entry, site, guards))
        return Sharing(
            self.owner,
            {field: tuple(rows) for field, rows in sorted(fields.items())},
            self._callers(calls, entering),
            self._guards(),
        )

    def _guards(self) -> dict[str, Guard]:
        known: dict[str, Guard] = {}
        for found in self.slices.values():
            for guard in found.guards:
                known.setdefault(guard.identity, guard)
        return known

    def _name(self, function: FunctionId) -> str:
        found = table(self.db, unit_path(self.db, function[0]))
        return found.qualified(function) if found is not None else ""

    def _calls(self) -> dict[FunctionId, list[tuple[FunctionId, Reach]]]:
        """Return the calls that reach each function: callee → (caller, call)."""
        calls: dict[FunctionId, list[tuple[FunctionId, Reach]]] = {}
        for caller, found in self.slices.items():
            for reach in found.reaches:
                target = self._target(caller, reach.target)
                if target is not None and target in self.slices:
                    calls.setdefault(target, []).append((caller, reach))
        return calls

    def _target(self, caller: FunctionId, name: str) -> FunctionId | None:
        if name.startswith("."):
            if self.of_class:
                return method_of(self.db, self.owner, name[1:])
            around = self._class(caller)
            return method_of(self.db, around, name[1:]) if around else None
        if name.startswith("super."):
            around = self._class(caller)
            for base in lineage(self.db, around)[1:] if around else ():
                entry = class_of(self.db, base)
                if entry is not None and name[6:] in entry.methods:
                    return entry.methods[name[6:]]
            return None
        unit = caller[0]
        definer = owner_of_name(self.db, caller, name)
        if definer is not None:
            for index, inner in enumerate(outline(self.db, unit).functions):
                if inner.parent == definer[1] and inner.name == name:
                    return (unit, index)
            return None
        found = table(self.db, unit_path(self.db, unit))
        return found.functions.get(name) if found is not None else None

    def _class(self, function: FunctionId) -> str:
        path = unit_path(self.db, function[0])
        found = table(self.db, path)
        if found is None:
            return ""
        owner = found.owner(function)
        return f"{found.name}.{owner}" if owner else ""

    def _entries(self) -> frozenset[FunctionId]:
        """Return the functions that others may call while holding nothing."""
        mentioned: set[FunctionId] = set()
        for caller, found in self.slices.items():
            for name in found.mentions:
                target = self._target(caller, name)
                if target is not None:
                    mentioned.add(target)
        entries = set()
        for function in self.slices:
            declared = outline(self.db, function[0]).functions[function[1]]
            if declared.name in _OWNED or declared.kind is FunctionKind.LAMBDA:
                continue
            if self._is_nested(function):
                # A nested function that is handed on runs at a time that is not known.
                continue
            private = declared.name.startswith("_") and not declared.name.endswith("__")
            if not private or function in mentioned:
                entries.add(function)
        return frozenset(entries)

    def _is_nested(self, function: FunctionId) -> bool:
        functions = outline(self.db, function[0]).functions
        parent = functions[function[1]].parent
        return parent >= 0 and functions[parent].kind in (FunctionKind.FUNCTION, FunctionKind.LAMBDA)

    def _is_declared(self, function: FunctionId) -> bool:
        """Say whether a function's name or docstring says that its caller holds the lock."""
        functions = outline(self.db, function[0]).functions
        index = function[1]
        while index >= 0:
            declared = functions[index]
            if _DECLARED_NAME.search(declared.name) or _DECLARED.search(declared.docstring):
                return True
            index = declared.parent
        return False

    def _owned(
        self, calls: Mapping[FunctionId, list[tuple[FunctionId, Reach]]], entries: frozenset[FunctionId]
    ) -> frozenset[FunctionId]:
        """Return the functions that run only while their object is still being made."""
        owned = {
            function
            for function in self.slices
            if outline(self.db, function[0]).functions[function[1]].name in _OWNED
        }
        grown = True
        while grown:
            grown = False
            for function, rows in calls.items():
                if function in owned or function in entries:
                    continue
                if all(caller in owned for caller, _ in rows):
                    owned.add(function)
                    grown = True
        return frozenset(owned)

    def _entering(
        self,
        calls: Mapping[FunctionId, list[tuple[FunctionId, Reach]]],
        entries: frozenset[FunctionId],
        owned: frozenset[FunctionId],
    ) -> dict[FunctionId, frozenset[str]]:
        """Return the guards held on entry; functions that nothing is known to call are left out."""
        entering: dict[FunctionId, frozenset[str] | None] = dict.fromkeys(calls)
        for function in entries:
            entering[function] = frozenset()
        todo = [function for function in calls if function not in entries]
        changed = True
        while changed:
            changed = False
            for function in todo:
                value = self._meet(function, calls[function], entering, owned)
                if value != entering[function]:
                    entering[function] = value
                    changed = True
        return {function: guards for function, guards in entering.items() if guards is not None}

    def _meet(
        self,
        function: FunctionId,
        rows: list[tuple[FunctionId, Reach]],
        entering: Mapping[FunctionId, frozenset[str] | None],
        owned: frozenset[FunctionId],
    ) -> frozenset[str] | None:
        """Return what all calls of a function hold; None stands for "everything" or "no call"."""
        result: frozenset[str] | None = None
        for caller, reach in rows:
            if caller in owned or caller == function:
                continue
            if self._is_declared(caller):
                continue
            around = entering.get(caller)
            if around is None and (caller in entering or not reach.guards):
                # Not known yet, and the greatest fixpoint starts from everything; or nobody is
                # known to call the caller, which is no evidence.
                continue
            here = reach.guards | (around or frozenset())
            result = here if result is None else result & here
        return result

    def _guarded_fields(self, entering: Mapping[FunctionId, frozenset[str]]) -> set[str]:
        """Return the fields that some lock guards at some site."""
        fields: set[str] = set()
        for function, found in self.slices.items():
            if entering.get(function):
                fields.update(found.sites)
            elif found.guards:
                fields.update(
                    field for field, sites in found.sites.items() if any(site.guards for site in sites)
                )
        if self.of_class:
            return {field for field in fields if field.startswith(".")}
        return {field for field in fields if not field.startswith(".")}

    def _callers(
        self,
        calls: Mapping[FunctionId, list[tuple[FunctionId, Reach]]],
        entering: Mapping[FunctionId, frozenset[str]],
    ) -> dict[FunctionId, tuple[tuple[FunctionId, Event, frozenset[str]], ...]]:
        return {
            function: tuple(
                [
                    (caller, reach.event, reach.guards | entering.get(caller, frozenset()))
                    for caller, reach in rows
                ]
            )
            for function, rows in calls.items()
        }
