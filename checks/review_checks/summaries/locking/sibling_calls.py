"""Says which functions of a class or module call each other, and who else may call them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from review_checks.summaries.callers import is_called_bare_elsewhere
from review_checks.summaries.index import declared_function
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.shapes import Locks, Shape
from review_checks.summaries.names import class_around, lineage, method_in, method_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from review_checks.summaries.incremental import Database

NOTHING: Locks = frozenset()
_INTERNAL = 2
"""From so many siblings that call it under their locks on, a public name is taken for a slip.

Unless somebody in another file calls it without a lock."""

# A class of enumerated values takes ten times as long to ask for one as a module does.
_OWNED, _PUBLIC, _PRIVATE = Role.OWNED, Role.PUBLIC, Role.PRIVATE
_INNER = (Role.PRIVATE, Role.NESTED)

Caller = tuple[FunctionId, str, Locks]
"""A call: who makes it, the target as it names it, and the locks held there."""


class SiblingCalls:
    """The calls among functions that see one ``self``, or the variables of one module.

    All calls are followed once, when this is made; what they say of each function is read off.
    """

    def __init__(self, db: Database, owner: str, rows: Iterable[tuple[FunctionId, Shape]]) -> None:
        """Take the functions of a class, or those of a module when ``owner`` is ''."""
        self.db, self.owner = db, owner
        self.shapes = dict(rows)
        self._names = {shape.name for shape in self.shapes.values()}
        self._read_as_call = {
            f".{shape.name}"
            for shape in self.shapes.values()
            if shape.role is _PRIVATE or shape.accessor
        }
        self._of_class: dict[str, FunctionId | None] = {}
        self._of_function: dict[tuple[FunctionId, str], FunctionId | None] = {}
        self.called: dict[FunctionId, list[Caller]] = {}
        """The functions that are called, and the calls, with the callers' own locks at each."""
        self._loose: set[FunctionId] = set()
        """Those that are handed on while nothing is held, or run later."""
        for function, shape in self.shapes.items():
            self._follow(function, shape)

    # Calls

    def _follow(self, caller: FunctionId, shape: Shape) -> None:
        """Note whom a function calls, and whom it hands on to be called."""
        called, find = self.called, self._target
        for name, locks in shape.calls:
            target = find(caller, name)
            if target is not None and target != caller:
                called.setdefault(target, []).append((caller, name, locks))
        for name in shape.detached:
            target = self._target(caller, name)
            if target is not None:
                self._loose.add(target)
        for name, locks in shape.mentions:
            self._note_mention(caller, name, locks)
        if shape.uses.isdisjoint(self._read_as_call):
            return
        for name, _, locks in shape.guarded:
            if name in self._read_as_call:
                self._note_mention(caller, name, locks)
        for name in shape.reads & self._read_as_call:
            self._note_mention(caller, name, NOTHING)

    def _note_mention(self, caller: FunctionId, name: str, locks: Locks) -> None:
        """Note that a function hands another on as a value, or reads what a function computes."""
        target = self._target(caller, name)
        if target is None:
            return
        accessor, role = self.shapes[target].accessor, self.shapes[target].role
        if accessor or (locks and role in _INNER):
            # What is handed on under a lock is most often called before that is given back.
            if target != caller:
                self.called.setdefault(target, []).append((caller, name, locks))
        elif not locks and role is _PRIVATE:
            self._loose.add(target)

    def _target(self, caller: FunctionId, name: str) -> FunctionId | None:
        """Return the function among these that a name means in a caller."""
        if name[0] == "." and self.owner:
            if name not in self._of_class:
                self._of_class[name] = self._find_target(caller, name)
            return self._of_class[name]
        if name[0] == "#":
            nested = (caller[0], int(name[1:]))
            return nested if nested in self.shapes else None
        key = (caller, name)
        if key not in self._of_function:
            self._of_function[key] = self._find_target(caller, name)
        return self._of_function[key]

    def _find_target(self, caller: FunctionId, name: str) -> FunctionId | None:
        if name.rpartition(".")[2] not in self._names:
            return None
        target = self._find_anywhere(caller, name)
        return target if target in self.shapes else None

    def _find_anywhere(self, caller: FunctionId, name: str) -> FunctionId | None:
        if name.startswith("."):
            around = self.owner or class_around(self.db, caller)
            return method_of(self.db, around, name[1:]) if around else None
        if name.startswith("super."):
            around = class_around(self.db, caller)
            for base in lineage(self.db, around)[1:] if around else ():
                inherited = method_in(self.db, base, name[6:])
                if inherited is not None:
                    return inherited
            return None
        return declared_function(self.db, unit_path(self.db, caller[0]), name)

    def callers(self, function: FunctionId) -> Sequence[Caller]:
        """Return the calls that reach a function, with the caller's own locks at each."""
        return self.called.get(function, ())

    @functools.cached_property
    def handed_on(self) -> Mapping[FunctionId, Sequence[tuple[FunctionId, Locks]]]:
        """Those that are handed on as values by one that holds locks of its own, and by whom."""
        found: dict[FunctionId, list[tuple[FunctionId, Locks]]] = {}
        for caller, shape in self.shapes.items():
            fields = [(name, locks) for name, _, locks in shape.guarded if name[1:] in self._names]
            for name, locks in (*fields, *shape.mentions):
                target = self._target(caller, name) if locks else None
                if target is not None:
                    found.setdefault(target, []).append((caller, locks))
        return found

    # Who else may call

    @functools.cached_property
    def entries(self) -> frozenset[FunctionId]:
        """The functions that others may call while they hold nothing."""
        return frozenset(filter(self.is_entry, self.shapes))

    def is_entry(self, function: FunctionId) -> bool:
        """Say whether others may call a function while they hold nothing."""
        role = self.shapes[function].role
        if role is not _PUBLIC:
            return function in self._loose and role in _INNER
        callers = self.callers(function)
        if len(callers) < _INTERNAL or any(not locks for _, _, locks in callers):
            return True
        if len({caller for caller, _, _ in callers}) < _INTERNAL:
            return True
        return is_called_bare_elsewhere(self.db, function)

    @property
    def reached(self) -> AbstractSet[FunctionId]:
        """The functions to which a way leads from one that others may call."""
        return self._ways.from_entries

    @functools.cached_property
    def owned(self) -> AbstractSet[FunctionId]:
        """The functions that run only while their object is still being made."""
        ways = self._ways
        return {
            function
            for function in ways.from_makers
            if self.shapes[function].role is _OWNED
            or (function not in ways.from_others and self.shapes[function].role in _INNER)
        }

    @functools.cached_property
    def _ways(self) -> _Ways:
        """What is found on the ways down from the entries, and from what nobody is known to call.

        A way ends at an entry, which is reached from itself only.
        """
        makers: list[FunctionId] = []
        others: list[FunctionId] = []
        below: dict[FunctionId, list[FunctionId]] = {}
        for function, shape in self.shapes.items():
            callers = self.called.get(function)
            if callers is None or function in self.entries:
                (makers if shape.role is _OWNED else others).append(function)
            else:
                for caller, _, _ in callers:
                    below.setdefault(caller, []).append(function)
        return _Ways(
            _reached(self.entries, below), _reached(makers, below), _reached(others, below)
        )


class _Ways(NamedTuple):
    """The functions that are reached from others, these included.

    Attributes:
        from_entries: from those that others may call while they hold nothing.
        from_makers: from those that run while their object is made.
        from_others: from entries and from what nobody is known to call, but for the makers.
    """

    from_entries: set[FunctionId]
    from_makers: set[FunctionId]
    from_others: set[FunctionId]


def _reached(
    start: Iterable[FunctionId], below: Mapping[FunctionId, Iterable[FunctionId]]
) -> set[FunctionId]:
    """Return functions and all that they call."""
    found = set(start)
    todo = list(found)
    while todo:
        for target in below.get(todo.pop(), ()):
            if target not in found:
                found.add(target)
                todo.append(target)
    return found
