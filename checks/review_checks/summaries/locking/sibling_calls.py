"""Says which functions of a class or module call each other, and who else may call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.summaries.callers import is_called_bare_elsewhere
from review_checks.summaries.index import declared_function
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.shapes import Locks, Shape
from review_checks.summaries.names import class_around, lineage, method_in, method_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from review_checks.summaries.incremental import Database

NOTHING: Locks = frozenset()
_INTERNAL = 2
"""From so many siblings that call it under their locks on, a public name is taken for a slip.

Unless somebody in another file calls it without a lock."""

Caller = tuple[FunctionId, str, Locks]
"""A call: who makes it, the target as it names it, and the locks held there."""


class SiblingCalls:
    """The calls among functions that see one ``self``, or the variables of one module.

    What it finds out on the way it keeps.
    """

    def __init__(self, db: Database, owner: str, rows: Iterable[tuple[FunctionId, Shape]]) -> None:
        """Take the functions of a class, or those of a module when ``owner`` is ''."""
        self.db, self.owner = db, owner
        self.shapes = dict(rows)
        self._named: dict[str, list[tuple[FunctionId, Locks]]] = {}
        self._detached: dict[str, list[FunctionId]] = {}
        for caller, shape in self.shapes.items():
            for target, locks in shape.calls:
                self._named.setdefault(target, []).append((caller, locks))
            for target in shape.detached:
                self._detached.setdefault(target, []).append(caller)
        self.read_as_call = frozenset(
            [
                f".{shape.name}"
                for shape in self.shapes.values()
                if shape.role is Role.PRIVATE or shape.accessor
            ]
        )
        self._targets: dict[tuple[FunctionId | None, str], FunctionId | None] = {}
        self._known_callers: dict[FunctionId, tuple[Caller, ...]] = {}
        self._known_mentions: dict[str, list[tuple[FunctionId, Locks]]] | None = None
        self._known_handed: dict[str, list[tuple[FunctionId, Locks]]] | None = None
        self._known_entries: dict[FunctionId, bool] = {}
        self._known_roots: dict[FunctionId, frozenset[FunctionId]] = {}
        self._known_owned: dict[FunctionId, bool] = {}

    def target(self, caller: FunctionId, name: str) -> FunctionId | None:
        """Return the function that a name means in a caller."""
        depends = not (self.owner and name.startswith("."))
        key = (caller if depends else None, name)
        if key not in self._targets:
            self._targets[key] = self._find_target(caller, name)
        return self._targets[key]

    def _find_target(self, caller: FunctionId, name: str) -> FunctionId | None:
        if name.startswith("#"):
            return caller[0], int(name[1:])
        around = self.owner or class_around(self.db, caller)
        if name.startswith("."):
            return method_of(self.db, around, name[1:]) if around else None
        if name.startswith("super."):
            around = class_around(self.db, caller)
            for base in lineage(self.db, around)[1:] if around else ():
                inherited = method_in(self.db, base, name[6:])
                if inherited is not None:
                    return inherited
            return None
        return declared_function(self.db, unit_path(self.db, caller[0]), name)

    def _spellings(self, function: FunctionId) -> tuple[str, ...]:
        name = self.shapes[function].name
        if self.shapes[function].role is Role.NESTED:
            return (f"#{function[1]}",)
        return (f".{name}", f"super.{name}", name)

    def callers(self, function: FunctionId) -> tuple[Caller, ...]:
        """Return the calls that reach a function, with the caller's own locks at each."""
        found = self._known_callers.get(function)
        if found is None:
            found = self._known_callers[function] = tuple(self._find_callers(function))
        return found

    def _find_callers(self, function: FunctionId) -> Iterator[Caller]:
        shape = self.shapes[function]
        for spelling in self._spellings(function):
            rows = list(self._named.get(spelling, ()))
            if shape.role in (Role.PRIVATE, Role.NESTED) or shape.accessor:
                # What is handed on under a lock is most often called before that is given back.
                mentions = self._mentions().get(spelling, ())
                rows += [row for row in mentions if row[1] or shape.accessor]
            for caller, locks in rows:
                if caller != function and self.target(caller, spelling) == function:
                    yield caller, spelling, locks

    def _mentions(self) -> dict[str, list[tuple[FunctionId, Locks]]]:
        """Return who hands on which function as a value, under which of its own locks."""
        if self._known_mentions is None:
            known: dict[str, list[tuple[FunctionId, Locks]]] = {}
            for caller, shape in self.shapes.items():
                for target, locks in shape.mentions:
                    known.setdefault(target, []).append((caller, locks))
                for name in self.read_as_call & shape.reads:
                    known.setdefault(name, []).append((caller, NOTHING))
                for name, _, locks in shape.guarded:
                    if name in self.read_as_call:
                        known.setdefault(name, []).append((caller, locks))
            self._known_mentions = known
        return self._known_mentions

    def handed_on(self, function: FunctionId) -> Iterator[tuple[FunctionId, Locks]]:
        """Yield who hands a function on as a value while it holds locks of its own."""
        if self._known_handed is None:
            self._known_handed = {}
            for caller, shape in self.shapes.items():
                rows = [(name, locks) for name, _, locks in shape.guarded]
                for name, locks in (*rows, *shape.mentions):
                    self._known_handed.setdefault(name, []).append((caller, locks))
        for spelling in self._spellings(function):
            for caller, locks in self._known_handed.get(spelling, ()):
                if locks and self.target(caller, spelling) == function:
                    yield caller, locks

    def is_entry(self, function: FunctionId) -> bool:
        """Say whether others may call a function while they hold nothing."""
        known = self._known_entries.get(function)
        if known is None:
            known = self._known_entries[function] = self._find_entry(function)
        return known

    def _find_entry(self, function: FunctionId) -> bool:
        shape = self.shapes[function]
        if shape.role is Role.PUBLIC:
            callers = self.callers(function)
            locked = {caller for caller, _, locks in callers if locks}
            if len(locked) < _INTERNAL or any(not locks for _, _, locks in callers):
                return True
            return is_called_bare_elsewhere(self.db, function)
        if shape.role not in (Role.PRIVATE, Role.NESTED):
            return False
        spellings = self._spellings(function)
        if any(
            self.target(caller, spelling) == function
            for spelling in spellings
            for caller in self._detached.get(spelling, ())
        ):
            return True
        return (
            shape.role is Role.PRIVATE
            and not shape.accessor
            and any(
                not locks and self.target(caller, spelling) == function
                for spelling in spellings
                for caller, locks in self._mentions().get(spelling, ())
            )
        )

    def roots(self, function: FunctionId) -> frozenset[FunctionId]:
        """Return the entry points and unreached functions from which a function is reached."""
        known = self._known_roots.get(function)
        if known is None:
            roots: set[FunctionId] = set()
            seen, todo = {function}, [function]
            while todo:
                current = todo.pop()
                above = () if self.is_entry(current) else self.callers(current)
                if not above:
                    roots.add(current)
                for caller, _, _ in above:
                    if caller not in seen:
                        seen.add(caller)
                        todo.append(caller)
            known = self._known_roots[function] = frozenset(roots)
        return known

    def is_owned(self, function: FunctionId) -> bool:
        """Say whether a function runs only while its object is still being made."""
        known = self._known_owned.get(function)
        if known is None:
            known = self._known_owned[function] = self._find_owned(function)
        return known

    def _find_owned(self, function: FunctionId) -> bool:
        role = self.shapes[function].role
        if role not in (Role.PRIVATE, Role.NESTED):
            return role is Role.OWNED
        roots = self.roots(function)
        return bool(roots) and all(self.shapes[root].role is Role.OWNED for root in roots)
