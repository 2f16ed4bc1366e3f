"""Says which resources a function acquires for itself.

An acquisition is a call that a model knows to acquire something, or a call of a project function that
returns what it acquired itself. Only a resource that the function keeps under a local name, or drops
at once, is its own to release: what is stored elsewhere, returned or handed over has another owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Closure,
    Const,
    Function,
    Mode,
    Path,
    RegionKind,
    Result,
    Use,
    Value,
)
from review_checks.models.schema import Resource
from review_checks.summaries.flow import ancestry
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.mentions import given_to, parts_of
from review_checks.summaries.names import callees, canonical_in, class_of, function_of
from review_checks.summaries.owning.kin import Owned
from review_checks.summaries.owning.ownership import Holding
from review_checks.summaries.owning.walking import Act
from review_checks.summaries.paths import last_step, parent_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator


MAX_DEPTH = 3
"""How many calls deep a resource is followed to the function that acquires it."""

_BORROWED = frozenset({"bind", "fileno", "fileobj"})
"""Keywords by which a wrapper is given what it wraps; closing that is its owner's business."""

_IN_MEMORY = frozenset({"io.BytesIO", "io.StringIO"})
_BOUND, _ITERATED = Use.BOUND, Use.ITERATED
_UNNAMED = (Use.OTHER, Use.ITERATED)
_CLOSING = ("close", "aclose", "disconnect")
_LOOKING_UP = frozenset({"current", "fetch", "find", "get", "lookup"})
_STREAM_METHODS = frozenset({"read", "readline", "readlines", "write", "writelines"})
_PLAIN_DECORATORS = frozenset({"staticmethod", "classmethod"})


def acquired(db: Database, function: FunctionId, depth: int = MAX_DEPTH) -> Iterator[Owned]:
    """Yield the resources that a function binds to a local name of its own."""
    body = unit_facts(db, function[0]).functions[function[1]]
    for index, call in enumerate(body.calls):
        if call.use is not _BOUND:
            continue
        resource = acquisition(db, function, index, depth) or _implied(db, function, index)
        if resource is None:
            continue
        lazy = _is_lazy(db, function, index)
        for part in (resource, _left_by(db, function, index)):
            name = _bound_name(body, index, part) if part is not None else ""
            if part is not None and name:
                yield Owned(index, name, part, lazy)


def _implied(db: Database, function: FunctionId, index: int) -> Resource | None:
    """Return what kind of resource a call acquires, going by its name and by its being closed.

    Of what a call of unknown effect returns, only that counts which the function closes itself.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    words = words_of(last_step(body.calls[index].callee))
    opening = models(db).lexicon.opening
    noun = next((opening[word] for word in words if word in opening), None)
    if noun is None or words[0] in _LOOKING_UP:
        return None
    target = callees(db, function[0])[function[1]][index]
    if target is not None and (target in models(db).names or _lends(db, target)):
        return None
    if _wraps(db, body.calls[index]):
        return None
    names = {write.path for write in body.writes if write.value == Result(index)}
    closed = any(
        call.use is Use.DISCARDED
        and parent_of(call.callee) in names
        and last_step(call.callee) in _CLOSING
        and not _is_in_handler(body, call.statement)
        for call in body.calls
    )
    return Resource(noun=noun, release=_CLOSING, manager=False) if closed else None


def _is_in_handler(body: Function, statement: int) -> bool:
    return any(
        body.regions[region].kind is RegionKind.HANDLER for region, _ in ancestry(body, statement)
    )


def _wraps(db: Database, call: Call) -> bool:
    """Say whether a constructor is given what is open already, for which somebody else cares."""
    if not last_step(call.callee)[:1].isupper():
        return False
    streams = models(db).lexicon.streams
    names = [last_step(value.text) for value in given_to(call) if isinstance(value, Path)]
    # A constant is a kind of stream, such as `SOCK_STREAM`.
    return any(word in streams for name in names if not name.isupper() for word in words_of(name))


def _lends(db: Database, target: str) -> bool:
    """Say whether a project function returns what an object or module goes on holding."""
    function = function_of(db, target)
    if function is None:
        return False
    body = unit_facts(db, function[0]).functions[function[1]]
    return any(
        isinstance(result.value, Path) and parent_of(result.value.text) for result in body.results
    )


def _left_by(db: Database, function: FunctionId, index: int) -> Resource | None:
    target = callees(db, function[0])[function[1]][index]
    return models(db).knowledge(target).leaves if target is not None else None


def _bound_name(body: Function, index: int, resource: Resource) -> str:
    """Return the one local name that a resource is bound to, or ''."""
    bound = [
        write.path
        for write in body.writes
        if write.mode is Mode.ASSIGN
        and isinstance(write.value, Result)
        and write.value.call == index
        and write.value.rest == resource.result
    ]
    # A name that may hold what the caller gave is the caller's to judge.
    others = {parameter.name for parameter in body.parameters} | set(body.scoped)
    return (
        bound[0] if len(bound) == 1 and bound[0].isidentifier() and bound[0] not in others else ""
    )


def _is_lazy(db: Database, function: FunctionId, index: int) -> bool:
    """Say whether an acquisition only prepares: a library's, that never fails."""
    target = callees(db, function[0])[function[1]][index]
    return (
        target is not None
        and function_of(db, target) is None
        and not models(db).knowledge(target).raises
    )


def acquisition(
    db: Database, function: FunctionId, index: int, depth: int = MAX_DEPTH
) -> Resource | None:
    """Return what kind of resource a call acquires for its caller, or None."""
    target = callees(db, function[0])[function[1]][index]
    if target is None:
        return None
    known = models(db).knowledge(target).resource
    if known is not None:
        call = unit_facts(db, function[0]).functions[function[1]].calls[index]
        return (
            None if _borrows(db, function, call) or _outlives(db, function, call, known) else known
        )
    if depth <= 0:
        return None
    inner = function_of(db, target)
    if inner is None or inner == function or class_of(db, target) is not None:
        return None
    declared = outline(db, inner[0]).functions[inner[1]]
    if any(name not in _PLAIN_DECORATORS for name, _ in declared.decorators):
        return None
    if declared.asynchronous:
        call = unit_facts(db, function[0]).functions[function[1]].calls[index]
        if not call.awaited:
            return None
    return fresh(db, inner, depth - 1)


def _borrows(db: Database, function: FunctionId, call: Call) -> bool:
    """Say whether a call wraps what somebody else holds, or memory, instead of acquiring anything."""
    if any(name in _BORROWED and value != Const(None) for name, value in call.keywords):
        return True
    for value in call.args[:1]:
        if value == Const(-1):
            # No descriptor, so no file behind it.
            return True
        if isinstance(value, Path) and canonical_in(db, function, value.text) in _IN_MEMORY:
            return True
    return False


def _outlives(db: Database, function: FunctionId, call: Call, resource: Resource) -> bool:
    """Say whether a call makes something that is meant to go on without whoever made it."""
    if not resource.outlives:
        return False
    return any(
        _has_name(db, function, value, resource.outlives[name])
        if resource.outlives[name]
        else not isinstance(value, Const) or bool(value.value)
        for name, value in call.keywords
        if name in resource.outlives
    )


def _has_name(db: Database, function: FunctionId, value: Value, names: tuple[str, ...]) -> bool:
    """Say whether a value is one of those that go by some names, or is made of it."""
    if isinstance(value, Path):
        return last_step(value.text) in names
    if isinstance(value, Closure):
        calls = unit_facts(db, function[0]).functions[value.function].calls
        return any(last_step(call.callee) in names for call in calls)
    return any(_has_name(db, function, part, names) for part in parts_of(value))


@query
def fresh(db: Database, function: FunctionId, depth: int) -> Resource | None:
    """Return the kind of the resource that a function acquires and returns, or None.

    All its returns must give such a resource, or None, and nobody else may have been given it.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    found: Resource | None = None
    owned: dict[str, Owned] | None = None
    for result in body.results:
        if result.value == Const(None):
            continue
        resource: Resource | None = None
        if isinstance(result.value, Result) and not result.value.rest and not result.yields:
            resource = acquisition(db, function, result.value.call, depth)
        elif (
            isinstance(result.value, Path)
            and result.value.text.isidentifier()
            and not result.yields
        ):
            if owned is None:
                owned = {row.name: row for row in acquired(db, function, depth)}
            row = owned.get(result.value.text)
            if row is not None and _is_only_returned(db, function, row):
                resource = msgspec.structs.replace(row.resource, result="")
        if resource is None or found not in (None, resource):
            return None
        found = resource
    return found


def _is_only_returned(db: Database, function: FunctionId, owned: Owned) -> bool:
    """Say whether nobody but the caller is given a resource."""
    body = unit_facts(db, function[0]).functions[function[1]]
    returns = {("s", result.statement) for result in body.results}
    return all(
        step.act is not Act.HAND_OVER or step.event in returns
        for rows in Holding(db, function, owned).steps.values()
        for step in rows
    )


def dropped(db: Database, function: FunctionId) -> Iterator[Owned]:
    """Yield the resources that a function opens only to read or write, and gives no name.

    Nothing can release them but the collector. Their name is how they are made, as written.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    for index, call in enumerate(body.calls):
        if call.use not in _UNNAMED:
            continue
        resource = acquisition(db, function, index)
        if resource is None or resource.result or not resource.release or _reads_once(resource):
            continue
        if call.use is _ITERATED or _is_used_up(db, function, body, index):
            yield Owned(index, f"{call.callee}()", resource)


def _reads_once(resource: Resource) -> bool:
    return "read" in resource.release


def _is_used_up(db: Database, function: FunctionId, body: Function, index: int) -> bool:
    """Say whether what a call opens is used by one other call that keeps nothing of it."""
    targets = callees(db, function[0])[function[1]]
    for other, call in enumerate(body.calls):
        if call.receiver == index:
            return last_step(call.callee) in _STREAM_METHODS
        if Result(index) in call.args:
            target = targets[other]
            if target is None or body.asynchronous or function_of(db, target) is not None:
                return False
            known = models(db).knowledge(target)
            return bool(known.raises) and known.resource is None and not known.returns
    return False
