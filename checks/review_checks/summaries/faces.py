"""Says what a caller needs to know of a function: how it is called, and when it runs."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Call, Const, Parameter, Use, Value
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline, owner_of
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from review_checks.summaries.outline import FunctionOutline

# Words in the names of decorators whose functions do not run, or not on this thread, when called.
_DEFERRING = frozenset(
    {
        "async", "asynchronous", "background", "coroutine", "debounce", "deferred", "delayed", "executor",
        "fork", "greenlet", "green", "later", "schedule", "scheduled", "spawn", "task", "thread",
        "threaded", "threadpool",
    }
)  # fmt: skip


class Running(enum.IntEnum):
    """When a call runs the body of its function before it returns."""

    ALWAYS = 0
    AWAITED = 1
    ITERATED = 2
    NEVER = 3


_ALWAYS, _AWAITED, _ITERATED = Running.ALWAYS, Running.AWAITED, Running.ITERATED
_ITERATING = (Use.ITERATED, Use.ENTERED)


class Face(msgspec.Struct, frozen=True, array_like=True):
    """What a caller needs to know of a function.

    Attributes:
        names: its parameters.
        positional: those among them that are no ``*`` or ``**``, without the object of a method.
        defaults: parameter → the value it has when nothing is given.
        switches: the parameters that are true or false by default.
        me: the name of its object, or ''.
        bound: it is called on an object.
        nested: it stands in another function.
        running: when a call runs it.
    """

    names: frozenset[str]
    positional: tuple[str, ...]
    defaults: dict[str, Value]
    switches: frozenset[str]
    me: str
    bound: bool
    nested: bool
    running: Running

    def runs(self, call: Call) -> bool:
        """Say whether a call runs the body of the function before it returns."""
        if self.running is _ALWAYS:
            return True
        if self.running is _AWAITED:
            return call.awaited
        return self.running is _ITERATED and call.use in _ITERATING


@query
def face_of(db: Database, function: FunctionId) -> Face:
    """Return how a function is called, and when it runs."""
    declared = outline(db, function[0]).functions[function[1]]
    positional = tuple([item.name for item in declared.parameters if not item.kind])
    bound = _has_receiver(db, function, declared)
    return Face(
        frozenset([item.name for item in declared.parameters]),
        positional[1:] if bound else positional,
        {item.name: item.default for item in declared.parameters if item.default is not None},
        frozenset([item.name for item in declared.parameters if _is_switch(item)]),
        self_name(db, function),
        bound,
        declared.parent >= 0,
        _running(db, function, declared),
    )


def _running(db: Database, function: FunctionId, declared: FunctionOutline) -> Running:
    if any(not _DEFERRING.isdisjoint(words_of(path)) for path, _ in declared.decorators):
        return Running.NEVER
    if declared.asynchronous:
        return Running.AWAITED
    generates = unit_facts(db, function[0]).functions[function[1]].generator
    return Running.ITERATED if generates else Running.ALWAYS


def _has_receiver(db: Database, target: FunctionId, declared: FunctionOutline) -> bool:
    static = any(path == "staticmethod" for path, _ in declared.decorators)
    return bool(owner_of(db, target)) and declared.parent < 0 and not static


def _is_switch(parameter: Parameter) -> bool:
    return isinstance(parameter.default, Const) and isinstance(parameter.default.value, bool)
