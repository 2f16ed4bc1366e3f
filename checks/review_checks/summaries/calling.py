"""Says which functions of the project a function runs when it is called, and what it gives them.

Only calls that run their function then and there count: a coroutine that is not awaited, a generator
that is not iterated over and a function that is handed on run later, or on another thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Function,
    FunctionKind,
    Path,
    Read,
    Value,
)
from review_checks.summaries.conditions import (
    Condition,
    calls_in,
    conditions_in,
    tests_before,
    unchanged_parameters,
)
from review_checks.summaries.faces import Face, face_of
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
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

if TYPE_CHECKING:
    from collections.abc import Callable


_ASKING_LEVEL = ("isEnabledFor", "is_enabled_for")
_BODIES = (FunctionKind.MODULE, FunctionKind.CLASS)
_SUPER = ("super", "()")
_NOTHING: frozenset[str] = frozenset()
_MAX_GIVEN = 12
_MAX_STEPS = 4
"""How long an access path may get on its way from callee to caller before it says nothing."""


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
    me, around = self_name(db, function), class_around(db, function)
    runs = _runs(db, function, body, me, around)
    computed = _property_reads(db, body, me, around) if me and around else []
    if not runs and not computed:
        return ()
    caller = _Caller(function[0], body, me)
    found: list[tuple[Event, Link]] = [(("c", run[0]), caller.link(run)) for run in runs]
    for at, target in computed:
        paths, when = ((face_of(db, target).me, me),), caller.conditions(body.reads[at].statement)
        link = Link(target, paths, (), (), _NOTHING, False, False, False, when)
        found.append((("r", at), link))
    return tuple(found)


Run = tuple[int, FunctionId, Face, bool]
"""A call, the function of the project that it runs and its face, and whether it makes its object."""


def _runs(db: Database, function: FunctionId, body: Function, me: str, around: str) -> list[Run]:
    """Return the calls of a function that run one of the project.

    Args:
        db: the database.
        function: the function.
        body: its facts.
        me: the name of its object, or ''.
        around: the canonical name of its class, or ''.
    """
    found: list[Run] = []
    replaced: dict[str, bool] = {}
    for at, target in enumerate(callees(db, function[0])[function[1]]):
        callee = body.calls[at].callee
        inner = _inherited(db, around, callee) if target is None else function_of(db, target)
        if inner is None:
            continue
        steps = steps_of(callee)
        if around and len(steps) == 2 and steps[0] == me:
            if steps[1] not in replaced:
                replaced[steps[1]] = _is_replaced(db, around, steps[1])
            if replaced[steps[1]]:
                continue
        face = face_of(db, inner)
        if face.runs(body.calls[at]):
            found.append((at, inner, face, target is not None and class_of(db, target) is not None))
    return found


def _inherited(db: Database, around: str, callee: str) -> FunctionId | None:
    """Return the method of a base that ``super().name()`` calls."""
    if not callee.startswith("super("):
        return None
    steps = steps_of(callee)
    if steps[:2] != _SUPER or len(steps) != 3:
        return None
    for base in lineage(db, around)[1:] if around else ():
        found = method_in(db, base, steps[2])
        if found is not None:
            return found
    return None


def _is_replaced(db: Database, around: str, name: str) -> bool:
    """Say whether an object of a class may have something else in the place of a method."""
    for base in lineage(db, around):
        if is_stored(db, base, name):
            return True
        if method_in(db, base, name) is not None:
            return False
    return False


class _Caller:
    """Makes links of the calls of one function."""

    def __init__(self, unit: int, body: Function, me: str) -> None:
        self.conditions = conditions_in(body)
        self._is_diagnostic = diagnostic_in(body)
        self._unit = unit
        self._calls = body.calls
        self._me = me
        self._unchanged = unchanged_parameters(body)
        self._collected = {item.name for item in body.parameters if item.kind}

    def link(self, run: Run) -> Link:
        """Return what is to be known of a call outside its function."""
        at, inner, face, makes = run
        call = self._calls[at]
        receiver, values = _given(self._me, face, call)
        me = "" if makes else receiver
        paths, truths, flags = _sorted(face.me, me, values, self._unchanged)
        unsure: set[str] | frozenset[str] = face.switches
        if self._collected:
            collected = self._collected
            unsure = unsure.union(
                [name for name, given in paths.items() if root_of(given) in collected]
            )
            unsure &= face.names
        return Link(
            inner,
            tuple(paths.items())[:_MAX_GIVEN],
            tuple(truths.items())[:_MAX_GIVEN],
            tuple(flags.items())[:_MAX_GIVEN],
            frozenset(unsure).difference(truths, flags) if unsure else _NOTHING,
            face.nested and inner[0] == self._unit,
            makes,
            self._is_diagnostic(call.statement),
            self.conditions(call.statement),
        )


def diagnostic_in(body: Function) -> Callable[[int], bool]:
    """Return what tells of a statement whether a logger is asked for its level on the way to it."""
    asking = {
        index
        for index, call in enumerate(body.calls)
        if call.callee.endswith(_ASKING_LEVEL) and last_step(call.callee) in _ASKING_LEVEL
    }
    if not asking:
        return _is_never_diagnostic
    return lambda statement: any(
        came_to and not asking.isdisjoint(calls_in(test))
        for test, came_to in tests_before(body, statement)
    )


def _is_never_diagnostic(_: int) -> bool:
    return False


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
        if type(value) is Path:
            text = paths[name] = value.text
            if text in own:
                flags[name] = text
        elif type(value) is Const:
            truths[name] = bool(value.value)
    return paths, truths, flags


def _given(me: str, face: Face, call: Call) -> tuple[str, dict[str, Value]]:
    """Return the object a method is called on, and what is given for its other parameters.

    ``me`` is the name of the caller's object.
    """
    args, named = call.args, dict(call.keywords)
    # Nobody knows what a `**mapping` gives.
    values = face.defaults.copy() if "" not in named else {}
    receiver = parent_of(call.callee)
    if face.bound:
        if receiver == "super()":
            receiver = me
        elif args and names_class(receiver):
            receiver = args[0].text if isinstance(args[0], Path) else ""
            args = args[1:]
    values.update(zip(face.positional, args, strict=False))
    if named:
        values.update(named)
        values.pop("", None)
    return (receiver if "(" not in receiver or "()" not in steps_of(receiver) else ""), values


def names_class(receiver: str) -> bool:
    """Say whether a path names a class, going by its capital letter."""
    steps = steps_of(receiver)
    return bool(steps) and steps[-1][:1].isupper() and not steps[-1].isupper()


def _property_reads(
    db: Database, body: Function, me: str, around: str
) -> list[tuple[int, FunctionId]]:
    """Return the reads of attributes of the function's own object that a property computes."""
    found: list[tuple[int, FunctionId]] = []
    computed: dict[str, FunctionId | None] = {}
    start = f"{me}."
    for at, read in enumerate(body.reads):
        if not read.path.startswith(start):
            continue
        name = steps_of(read.path)[1]
        if name not in computed:
            computed[name] = _property(db, around, name)
        target = computed[name]
        if target is not None:
            found.append((at, target))
    return found


def _property(db: Database, owner: str, name: str) -> FunctionId | None:
    """Return the method of a class that is called by reading an attribute, if it is one."""
    target = method_of(db, owner, name)
    if target is None or not is_accessor(outline(db, target[0]).functions[target[1]]):
        return None
    return target
