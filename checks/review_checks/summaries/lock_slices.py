"""Says what one function does to shared fields and which siblings it calls, under its own locks."""

from __future__ import annotations

import enum
import re
from typing import Any

import msgspec

from review_checks.facts.schema import Closure, FunctionKind, Mode, Path
from review_checks.models.schema import Lexicon
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import (
    assigned,
    declared_function,
    outline,
    owner_of,
)
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.locks import Guard, guards_at, held
from review_checks.summaries.names import (
    owner_of_name,
)
from review_checks.summaries.outline import FunctionOutline, Made
from review_checks.summaries.paths import steps_of

_OWNED = frozenset(
    {"__init__", "__new__", "__del__", "__enter__", "__init_subclass__", "__post_init__"}
)
_DECLARED = re.compile(
    r"\b(?:lock|semaphore|mutex)\w*\b[^.]{0,60}\b(?:held|hold|holds|acquired|taken|locked)\b"
    r"|\b(?:held|hold|holding|holds|acquired?|under|with)\b[^.]{0,60}\b(?:lock|semaphore|mutex)",
    re.IGNORECASE | re.DOTALL,
)
_DECLARED_NAME = re.compile(r"_(?:un)?locked$|_with_lock$|_no_?lock$|_nolock$|^locked_")
_NESTED_FACTORIES = frozenset(
    {"list", "dict", "set", "collections.deque", "deque", "collections.OrderedDict"}
)

Event = tuple[str, int]
"""An event of a function: ``w``, ``r`` or ``c`` (write, read, call) and its index."""


class Role(enum.IntEnum):
    """Who may call a function: its object's maker, anybody, its siblings, or who was handed it.

    A body is one of module or class statements, which nobody calls.
    """

    OWNED = 0
    PUBLIC = 1
    PRIVATE = 2
    NESTED = 3
    BODY = 4


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
    methods and functions that the function hands on as values. ``guards`` are the locks it takes
    that do not depend on a computed key. ``strays`` are the fields that it writes without any of
    them. ``declared`` says that by its name or docstring the caller
    holds the lock.
    """

    name: str
    role: Role
    declared: bool
    sites: dict[str, tuple[Site, ...]]
    strays: frozenset[str]
    reaches: tuple[Reach, ...]
    mentions: frozenset[str]
    guards: tuple[Guard, ...]


def self_name(db: Database, function: FunctionId) -> str:
    """Return the name by which a function knows the object its class made, or ''."""
    unit, index = function
    functions = outline(db, unit).functions
    while functions[index].parent >= 0 and functions[functions[index].parent].kind in (
        FunctionKind.FUNCTION,
        FunctionKind.LAMBDA,
    ):
        index = functions[index].parent
    if not owner_of(db, (unit, index)):
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
        self.held = tuple([row for row in held(db, function) if not row.guard.keyed])
        self.me = self_name(db, function)
        self.path = unit_path(db, function[0])
        self.owner = owner_of(db, function)
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
            return (
                (f".{steps[1]}", steps[2:]) if len(steps) > 1 and steps[1][0] not in "[(" else None
            )
        return (root, steps[1:]) if self._is_variable(root) else None

    def _is_variable(self, name: str) -> bool:
        """Say whether a name means a variable of the module here."""
        return self._is_global(name) and bool(assigned(self.db, self.path, "", name))

    def _is_function(self, name: str) -> bool:
        return declared_function(self.db, self.path, name) is not None

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
        owner, name = (self.owner, field[1:]) if field.startswith(".") else ("", field)
        rows = assigned(self.db, self.path, owner, name)
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
        functions = outline(self.db, self.function[0]).functions
        return Slice(
            self.body.name,
            _role(functions, self.function[1]),
            _is_declared(functions, self.function[1]),
            {field: tuple(sites) for field, sites in self.sites.items()},
            frozenset(
                field
                for field, sites in self.sites.items()
                if any(site.write and not site.guards for site in sites)
            ),
            tuple(self.reaches),
            frozenset(self.mentions),
            tuple([row.guard for row in self.held]),
        )

    def _write(self, index: int, path: str, mode: Mode, at: int) -> None:
        steps = steps_of(path)
        if len(steps) == 1:
            if steps[0] in self.body.scoped and self._is_variable(steps[0]):
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
            if not self._is_global(steps[0]) or self._is_function(steps[0]):
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
        if len(steps) == 1 and self._is_global(steps[0]) and self._is_function(steps[0]):
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


def _role(functions: tuple[FunctionOutline, ...], index: int) -> Role:
    declared = functions[index]
    if declared.kind in (FunctionKind.MODULE, FunctionKind.CLASS):
        return Role.BODY
    if declared.name in _OWNED:
        return Role.OWNED
    inside = (FunctionKind.FUNCTION, FunctionKind.LAMBDA)
    if declared.kind is FunctionKind.LAMBDA or (
        declared.parent >= 0 and functions[declared.parent].kind in inside
    ):
        return Role.NESTED
    private = declared.name.startswith("_") and not declared.name.endswith("__")
    return Role.PRIVATE if private else Role.PUBLIC


def _is_declared(functions: tuple[FunctionOutline, ...], index: int) -> bool:
    """Say whether a function, or one around it, declares that its caller holds the lock."""
    while index >= 0:
        declared = functions[index]
        if _DECLARED_NAME.search(declared.name) or _DECLARED.search(declared.docstring):
            return True
        index = declared.parent
    return False
