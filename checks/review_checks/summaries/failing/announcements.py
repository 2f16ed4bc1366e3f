"""Finds the writes by which a method announces that something about an object is done.

Two shapes are told apart, because they mislead a later reader in different ways:

- ``registered``: the object is entered into a container of ``self``, and somewhere the class takes
  membership there for existence;
- ``remembered``: a copy of the object, or the object, is stored where a test compares it with the
  object to find out whether something changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Compare,
    Function,
    Logic,
    Mode,
    Path,
    Result,
    Test,
    Value,
    Write,
)
from review_checks.summaries.arguments import arguments_of
from review_checks.summaries.failing.failures import persistence
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.names import callees, function_of
from review_checks.summaries.paths import last_step, parent_of, root_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_COPIES = frozenset({"copy.copy", "copy.deepcopy", "dict", "list", "set"})
_MAX_DEPTH = 3


class Announcement(msgspec.Struct, frozen=True, array_like=True):
    """A write to a field of ``self`` that says something of an object.

    Attributes:
        shape: ``registered`` or ``remembered``.
        field: the attribute's name.
        key: the access path of the key under which the object is entered, or ''.
        subject: the local name or parameter that holds the object.
        function: where the write stands.
        event: the write, as ``("w", index)`` or, for ``add`` and the like, ``("c", index)``.
        reader: the test that will be misled, when it stands in the same function; else None.
    """

    shape: str
    field: str
    key: str
    subject: str
    function: FunctionId
    event: tuple[str, int]
    reader: int | None


class Promise(msgspec.Struct, frozen=True, array_like=True):
    """A call that makes an object durable: which object, how, and where in which function."""

    subject: str
    kind: str
    function: FunctionId
    call: int


@query
def announcements(db: Database, function: FunctionId) -> tuple[Announcement, ...]:
    """Return the announcements that a function makes itself."""
    body = unit_facts(db, function[0]).functions[function[1]]
    me = self_name(db, function)
    if not me:
        return ()
    found = []
    for index, write in enumerate(body.writes):
        if write.mode != Mode.ASSIGN:
            continue
        steps = steps_of(write.path)
        if len(steps) not in (2, 3) or steps[0] != me:
            continue
        key = steps[2][1:-1] if len(steps) == 3 and steps[2][0] == "[" else ""
        if len(steps) == 3 and not key:
            continue
        subject = _subject(db, function, body, write.value)
        if subject in ("", me):
            continue
        reader = _comparing_test(body, me, steps[1], subject, write)
        if reader is not None:
            shape = "remembered"
        elif key and isinstance(write.value, Path):
            shape = "registered"
        else:
            continue
        found.append(Announcement(shape, steps[1], key, subject, function, ("w", index), reader))
    for index, call in enumerate(body.calls):
        steps = steps_of(call.callee)
        if (
            len(steps) == 3
            and steps[0] == me
            and steps[2] in ("add", "append")
            and len(call.args) == 1
        ):
            argument = call.args[0]
            if isinstance(argument, Path) and argument.text.isidentifier() and argument.text != me:
                found.append(
                    Announcement(
                        "registered", steps[1], "", argument.text, function, ("c", index), None
                    )
                )
    return tuple(found)


def _subject(db: Database, function: FunctionId, body: Function, value: Value) -> str:
    """Return the local name whose object a value is, or is a copy of."""
    if isinstance(value, Path):
        return value.text if value.text.isidentifier() else ""
    if isinstance(value, Result) and not value.rest:
        call = body.calls[value.call]
        target = callees(db, function[0])[function[1]][value.call]
        if target in _COPIES and call.args:
            return _subject(db, function, body, call.args[0])
        if last_step(call.callee) in ("copy", "deepcopy", "obj_clone") and not call.args:
            receiver = parent_of(call.callee)
            return receiver if receiver.isidentifier() else ""
    return ""


def _comparing_test(body: Function, me: str, field: str, subject: str, write: Write) -> int | None:
    """Return the test around a write that compares the field's old value with the object."""
    prefix = f"{me}.{field}"
    aliases = {
        other.path
        for other in body.writes
        if other.at < write.at and _is_below(_origin(other.value, body), prefix)
    }
    for index, test in enumerate(body.tests):
        statement = body.statements[test.statement]
        if not statement.at <= write.at < statement.end:
            continue
        roots = set(_paths(test.value, body))
        mentions_old = any(_is_below(path, prefix) or root_of(path) in aliases for path in roots)
        if (
            mentions_old
            and any(root_of(path) == subject for path in roots)
            and _compares(test, body)
        ):
            return index
    return None


def _origin(value: Value, body: Function) -> str:
    """Return the access path, or the callee, that a value comes from."""
    if isinstance(value, Result):
        return body.calls[value.call].callee
    return value.text if isinstance(value, Path) else ""


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith((prefix + "[", prefix + ".get"))


def _paths(value: Value, body: Function) -> Iterator[str]:
    """Yield the access paths that a value is made of, arguments of calls included."""
    if isinstance(value, Path):
        yield value.text
    elif isinstance(value, Result):
        call = body.calls[value.call]
        yield call.callee
        for argument in call.args:
            yield from _paths(argument, body)
    elif isinstance(value, Compare):
        for operand in value.operands:
            yield from _paths(operand, body)
    elif isinstance(value, Logic):
        for part in value.parts:
            yield from _paths(part, body)


def _compares(test: Test, body: Function) -> bool:
    """Say whether a test is a comparison for equality, as an operator or as a call."""
    value = test.value
    while isinstance(value, Logic) and value.op == "not":
        value = value.parts[0]
    if isinstance(value, Compare):
        return value.ops[0] in ("==", "!=")
    if isinstance(value, Result):
        return len(body.calls[value.call].args) >= 2
    return False


@query
def promises(db: Database, function: FunctionId, depth: int = _MAX_DEPTH) -> tuple[Promise, ...]:
    """Return the calls by which a function makes its locals and parameters durable.

    A call of a project function that does so for its parameter counts for the argument.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    targets = callees(db, function[0])[function[1]]
    found = []
    for index, call in enumerate(body.calls):
        receiver = parent_of(call.callee)
        if receiver.isidentifier():
            kind = persistence(db, function, index)
            if kind:
                found.append(Promise(receiver, kind, function, index))
                continue
        target = targets[index]
        inner = function_of(db, target) if target is not None and depth > 0 else None
        if inner is None or inner == function:
            continue
        known = promises(db, inner, depth - 1)
        given = arguments_of(db, function, call, inner) if known else {}
        for promise in known:
            argument = given.get(promise.subject)
            if isinstance(argument, Path) and argument.text.isidentifier():
                found.append(Promise(argument.text, promise.kind, function, index))
                break
    return tuple(found)
