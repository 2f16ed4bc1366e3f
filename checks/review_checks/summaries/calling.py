"""Says which functions of the project a function runs when it is called, and what it gives them.

Only calls that run their function then and there count: a coroutine that is not awaited, a generator
that is not iterated over and a function that is handed on run later, or on another thread.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Function,
    FunctionKind,
    Parameter,
    Path,
    Read,
    Use,
    Value,
)
from review_checks.summaries.conditions import Condition, calls_in, conditions_in, tests_before
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline, owner_of
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.locking.roles import is_accessor
from review_checks.summaries.names import (
    callees,
    class_around,
    class_of,
    function_of,
    is_stored,
    lineage,
    method_in,
    method_of,
)
from review_checks.summaries.paths import last_step, parent_of, root_of, steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Conditions = Callable[[int], frozenset[Condition]]

    from review_checks.summaries.outline import FunctionOutline

_NONE: frozenset[Condition] = frozenset()
_ASKING_LEVEL = frozenset({"isEnabledFor", "is_enabled_for"})
_BODIES = (FunctionKind.MODULE, FunctionKind.CLASS)
_MAX_GIVEN = 12
_MAX_STEPS = 4
"""How long an access path may get on its way from callee to caller before it says nothing."""

# Words in the names of decorators whose functions do not run, or not on this thread, when called.
_DEFERRING = frozenset(
    {
        "async", "asynchronous", "background", "coroutine", "debounce", "deferred", "delayed", "executor",
        "fork", "greenlet", "green", "later", "schedule", "scheduled", "spawn", "task", "thread",
        "threaded", "threadpool",
    }
)  # fmt: skip


class Link(msgspec.Struct, frozen=True, array_like=True):
    """A call of a function of the project, told without its position.

    Attributes:
        target: the function.
        paths: what the callee's names stand for in the caller: name → access path.
        truths: whether what is given for a parameter is true, where it is constant: name → truth.
        flags: the parameters for which a plain parameter of the caller is given.
        unsure: switches for which something is given that is only known when the program runs.
        open: names that the callee does not bind itself mean the same in the caller.
        makes: the call makes the object on which the function runs.
        diagnostic: it is made only where somebody wants to see a log in detail.
        when: what must hold of the caller's parameters for the call to be made.
    """

    target: FunctionId
    paths: tuple[tuple[str, str], ...]
    truths: tuple[tuple[str, bool], ...]
    flags: tuple[tuple[str, str], ...]
    unsure: frozenset[str]
    open: bool
    makes: bool
    diagnostic: bool
    when: frozenset[Condition]

    def path(self, text: str, bound: frozenset[str]) -> str:
        """Return what an access path of the callee is called in the caller, or '' if that is unknown.

        Args:
            text: the path.
            bound: the names that the callee binds itself.
        """
        root = root_of(text)
        for name, given in self.paths:
            if name == root:
                path = given + text[len(root) :]
                return path if len(steps_of(path)) <= _MAX_STEPS else ""
        return text if self.open and root not in bound else ""

    def conditions(self, when: frozenset[Condition]) -> frozenset[Condition] | None:
        """Return conditions of the callee as those of the caller; None when they may well not hold."""
        if not when:
            return self.when
        truths, flags = dict(self.truths), dict(self.flags)
        found = set(self.when)
        for name, wanted in when:
            if name in self.unsure or (name in truths and truths[name] is not wanted):
                return None
            if name in flags:
                found.add((flags[name], wanted))
        return frozenset(found)


Event = tuple[str, int]
"""``("c", call)``, or ``("r", read)`` of an attribute that a property computes."""


def place_in(body: Function, event: Event) -> Call | Read:
    """Return the facts of the call or read by which a function is run."""
    return body.calls[event[1]] if event[0] == "c" else body.reads[event[1]]


@query
def unit_links(db: Database, unit: int) -> tuple[tuple[Link, ...], ...]:
    """Return what each function of a unit runs, each way of calling it once."""
    count = len(outline(db, unit).functions)
    return tuple(
        [
            tuple(dict.fromkeys(link for _, link in calls_of(db, (unit, index))))
            for index in range(count)
        ]
    )


@query
def calls_of(db: Database, function: FunctionId) -> tuple[tuple[Event, Link], ...]:
    """Return the calls by which a function runs others of the project, in the order of the source."""
    body = unit_facts(db, function[0]).functions[function[1]]
    if body.kind in _BODIES:
        return ()
    conditions = conditions_in(body)
    return (
        *_calls(db, function, body, conditions),
        *_property_reads(db, function, body, conditions),
    )


class _Mode(enum.IntEnum):
    """When a call runs the body of its function before it returns."""

    ALWAYS = 0
    AWAITED = 1
    ITERATED = 2
    NEVER = 3


_ALWAYS = _Mode.ALWAYS


class _Face(msgspec.Struct, frozen=True, array_like=True):
    """What a caller needs to know of a function.

    Attributes:
        names: its parameters.
        positional: those among them that are no ``*`` or ``**``, without the object of a method.
        defaults: parameter → the value it has when nothing is given.
        switches: the parameters that are true or false by default.
        me: the name of its object, or ''.
        bound: it is called on an object.
        nested: it stands in another function.
        mode: when a call runs it.
    """

    names: frozenset[str]
    positional: tuple[str, ...]
    defaults: dict[str, Value]
    switches: frozenset[str]
    me: str
    bound: bool
    nested: bool
    mode: _Mode


@query
def _face(db: Database, function: FunctionId) -> _Face:
    declared = outline(db, function[0]).functions[function[1]]
    positional = tuple([item.name for item in declared.parameters if not item.kind])
    bound = _has_receiver(db, function, declared)
    return _Face(
        frozenset([item.name for item in declared.parameters]),
        positional[1:] if bound else positional,
        {item.name: item.default for item in declared.parameters if item.default is not None},
        frozenset([item.name for item in declared.parameters if _is_switch(item)]),
        self_name(db, function),
        bound,
        declared.parent >= 0,
        _mode(db, function, declared),
    )


def _mode(db: Database, function: FunctionId, declared: FunctionOutline) -> _Mode:
    if any(not _DEFERRING.isdisjoint(words_of(path)) for path, _ in declared.decorators):
        return _Mode.NEVER
    if declared.asynchronous:
        return _Mode.AWAITED
    generates = unit_facts(db, function[0]).functions[function[1]].generator
    return _Mode.ITERATED if generates else _Mode.ALWAYS


def _calls(
    db: Database, function: FunctionId, body: Function, conditions: Conditions
) -> Iterator[tuple[Event, Link]]:
    is_diagnostic = diagnostic_in(body)
    own = {item.name for item in body.parameters} - {write.path for write in body.writes}
    collected = {item.name for item in body.parameters if item.kind}
    for index, target in enumerate(callees(db, function[0])[function[1]]):
        call = body.calls[index]
        inner = _inherited(db, function, call) if target is None else function_of(db, target)
        if inner is None or _is_replaced(db, function, call):
            continue
        face = _face(db, inner)
        if not _runs(face.mode, call):
            continue
        makes = target is not None and class_of(db, target) is not None
        receiver, values = _given(db, function, face, call)
        paths, truths, flags = _sorted(face.me, "" if makes else receiver, values, own)
        unsure = set(face.switches)
        if collected:
            unsure.update([name for name, given in paths.items() if root_of(given) in collected])
            unsure &= face.names
        yield (
            ("c", index),
            Link(
                inner,
                tuple(paths.items())[:_MAX_GIVEN],
                tuple(truths.items())[:_MAX_GIVEN],
                tuple(flags.items())[:_MAX_GIVEN],
                frozenset(unsure - truths.keys() - flags.keys()),
                face.nested and inner[0] == function[0],
                makes,
                is_diagnostic(call.statement),
                conditions(call.statement),
            ),
        )


def diagnostic_in(body: Function) -> Callable[[int], bool]:
    """Return what tells of a statement whether a logger is asked for its level on the way to it."""
    asking = {
        index for index, call in enumerate(body.calls) if last_step(call.callee) in _ASKING_LEVEL
    }
    if not asking:
        return lambda _: False
    return lambda statement: any(
        came_to and not asking.isdisjoint(calls_in(test))
        for test, came_to in tests_before(body, statement)
    )


def _inherited(db: Database, function: FunctionId, call: Call) -> FunctionId | None:
    """Return the method of a base that ``super().name()`` calls."""
    steps = steps_of(call.callee)
    if steps[:2] != ("super", "()") or len(steps) != 3:
        return None
    around = class_around(db, function)
    for base in lineage(db, around)[1:] if around else ():
        found = method_in(db, base, steps[2])
        if found is not None:
            return found
    return None


def _is_replaced(db: Database, function: FunctionId, call: Call) -> bool:
    """Say whether the function's own object may have something else in the place of a method."""
    steps = steps_of(call.callee)
    around = class_around(db, function) if len(steps) == 2 else ""
    if not around or steps[0] != self_name(db, function):
        return False
    for base in lineage(db, around):
        if is_stored(db, base, steps[1]):
            return True
        if method_in(db, base, steps[1]) is not None:
            break
    return False


def _runs(mode: _Mode, call: Call) -> bool:
    """Say whether a call runs the body of its function before it returns."""
    if mode is _ALWAYS:
        return True
    if mode is _Mode.AWAITED:
        return call.awaited
    return mode is _Mode.ITERATED and call.use in (Use.ITERATED, Use.ENTERED)


def _sorted(
    me: str, receiver: str, values: dict[str, Value], own: set[str]
) -> tuple[dict[str, str], dict[str, bool], dict[str, str]]:
    """Sort what is given to a callee: access paths, constants' truths, and the caller's parameters."""
    paths: dict[str, str] = {}
    truths: dict[str, bool] = {}
    flags: dict[str, str] = {}
    if me and receiver:
        paths[me] = receiver
    for name, value in values.items():
        if isinstance(value, Path):
            paths[name] = value.text
            if value.text in own:
                flags[name] = value.text
        elif isinstance(value, Const):
            truths[name] = bool(value.value)
    return paths, truths, flags


def _is_switch(parameter: Parameter) -> bool:
    return isinstance(parameter.default, Const) and isinstance(parameter.default.value, bool)


def _given(
    db: Database, function: FunctionId, face: _Face, call: Call
) -> tuple[str, dict[str, Value]]:
    """Return the object a method is called on, and what is given for its other parameters."""
    spread = any(not name for name, _ in call.keywords)
    values = {} if spread else dict(face.defaults)
    args: Sequence[Value] = call.args
    receiver = parent_of(call.callee)
    if face.bound:
        if steps_of(receiver) == ("super", "()"):
            receiver = self_name(db, function)
        elif args and names_class(receiver):
            receiver = args[0].text if isinstance(args[0], Path) else ""
            args = args[1:]
    values.update(zip(face.positional, args, strict=False))
    values.update([(name, value) for name, value in call.keywords if name])
    return (receiver if "()" not in steps_of(receiver) else ""), values


def _has_receiver(db: Database, target: FunctionId, declared: FunctionOutline) -> bool:
    static = any(path == "staticmethod" for path, _ in declared.decorators)
    return bool(owner_of(db, target)) and declared.parent < 0 and not static


def names_class(receiver: str) -> bool:
    """Say whether a path names a class, going by its capital letter."""
    steps = steps_of(receiver)
    return bool(steps) and steps[-1][:1].isupper() and not steps[-1].isupper()


def _property_reads(
    db: Database, function: FunctionId, body: Function, conditions: Conditions
) -> Iterator[tuple[Event, Link]]:
    """Yield the attributes of the function's own object that it reads and a property computes."""
    me, around = self_name(db, function), class_around(db, function)
    if not me or not around:
        return
    computed: dict[str, FunctionId | None] = {}
    for index, read in enumerate(body.reads):
        steps = steps_of(read.path)
        if len(steps) < 2 or steps[0] != me or steps[1][0] in "[(":
            continue
        name = steps[1]
        if name not in computed:
            computed[name] = _property(db, around, name)
        target = computed[name]
        if target is not None:
            paths = ((_face(db, target).me, me),)
            when = conditions(read.statement)
            yield (
                ("r", index),
                Link(target, paths, (), (), frozenset(), False, False, False, when),
            )


def _property(db: Database, owner: str, name: str) -> FunctionId | None:
    """Return the method of a class that is called by reading an attribute, if it is one."""
    target = method_of(db, owner, name)
    if target is None or not is_accessor(outline(db, target[0]).functions[target[1]]):
        return None
    return target
