"""Says which calls give something back, and whether giving it back can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Use
from review_checks.summaries.failing.failures import failures, is_caught, persistence
from review_checks.summaries.failing.hazards import hazards
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import class_names, declared_function, mentioned_in, outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees, function_of
from review_checks.summaries.paths import last_step, parent_of
from review_checks.summaries.words import starts_with_verb, words_of

if TYPE_CHECKING:
    from review_checks.facts.schema import Call, Function

_MAX_DEPTH = 4


class Risk(msgspec.Struct, frozen=True, array_like=True):
    """Why a call can fail: the exception when one is known, and the place that raises."""

    exception: str
    function: FunctionId
    event: tuple[str, int]


@query
def release_verbs(db: Database) -> frozenset[str]:
    """Return the verbs of methods that give something back."""
    return frozenset(models(db).lexicon.release)


@query
def cleanup_words(db: Database) -> frozenset[str]:
    """Return the words in the names of functions that clean up."""
    return frozenset(models(db).lexicon.cleanup)


def is_release(db: Database, call: Call) -> bool:
    """Say whether a call is of a method whose name says that it gives something back.

    Where the result is used, it is the result that matters: a count, an answer to look at, or the
    beginning of an expression as in ``query = table.delete()``.
    """
    return (
        call.use is Use.DISCARDED
        and bool(parent_of(call.callee))
        and starts_with_verb(last_step(call.callee), release_verbs(db))
    )


def cleans_up(db: Database, name: str) -> bool:
    """Say whether a function's name says that it cleans up or tears down."""
    return bool(cleanup_words(db) & set(words_of(name)))


def release_risk(db: Database, function: FunctionId, index: int) -> Risk | None:
    """Return why a call that gives something back can fail, or None when nothing is known of it."""
    return _risk(db, function, index, _MAX_DEPTH)


def _passes_on(db: Database, body: Function, call: Call) -> bool:
    """Say whether a function gives back what it was handed, and keeps what that comes to.

    ``def free_device(self, device): freed = device.free()`` is such a one.
    """
    given = {parameter.name for parameter in body.parameters[1:]}
    verbs = release_verbs(db)
    return (
        call.use is Use.BOUND
        and parent_of(call.callee) in given
        and last_step(call.callee) in verbs
        and starts_with_verb(body.name, verbs)
    )


@query
def namesakes(db: Database, name: str) -> tuple[FunctionId, ...]:
    """Return the methods of the project that go by a name which is more than a verb.

    Everything has a ``close``; what is called ``close_channels`` is the project's own.
    """
    if name.lstrip("_") in release_verbs(db):
        return ()
    found = [
        declared_function(db, path, f"{owner}.{name}")
        for path in mentioned_in(db, name)
        for owner in class_names(db, path)
    ]
    return tuple([function for function in found if function is not None])


@query
def _is_safe(db: Database, method: FunctionId, depth: int) -> bool:
    """Say whether a method does something, and nothing that a reader reckons with a failure of."""
    body = unit_facts(db, method[0]).functions[method[1]]
    if _is_declaration(body) or _body_risk(db, method, _MAX_DEPTH - 1) is not None:
        return False
    targets = callees(db, method[0])[method[1]]
    for index in hazards(db, method):
        if is_caught(db, method, body.calls[index].statement, "Exception"):
            continue
        target = targets[index]
        inner = function_of(db, target) if target is not None else None
        if inner is None or depth <= 0 or not _is_safe(db, inner, depth - 1):
            return False
    return True


def _is_declaration(body: Function) -> bool:
    """Say whether a function only declares what others do in its place."""
    abstract = any(last_step(item.path) == "abstractmethod" for item in body.decorators)
    return abstract or not (body.calls or body.writes)


def _risk(db: Database, function: FunctionId, index: int, depth: int) -> Risk | None:
    target = callees(db, function[0])[function[1]][index]
    event = ("c", index)
    if target is None:
        body = unit_facts(db, function[0]).functions[function[1]]
        call = body.calls[index]
        # Giving something back is seldom a matter of memory alone: of an unknown receiver it is
        # taken to be able to fail, as persistence is.
        release = is_release(db, call) or _passes_on(db, body, call)
        if release and last_step(call.callee) in models(db).lexicon.telling:
            return None
        if release and depth == _MAX_DEPTH:
            methods = namesakes(db, last_step(call.callee))
            if methods and all(_is_safe(db, method, _MAX_DEPTH) for method in methods):
                return None
        if release or persistence(db, function, index):
            return Risk("", function, event)
        return None
    knowledge = models(db).knowledge(target)
    if knowledge.harmless:
        return None
    if knowledge.raises and not knowledge.raises_when:
        return Risk(knowledge.raises[0], function, event)
    inner = function_of(db, target)
    if inner is None or depth <= 0 or inner == function:
        return None
    return _body_risk(db, inner, depth - 1)


@query
def _body_risk(db: Database, function: FunctionId, depth: int) -> Risk | None:
    """Return why a project function can fail: what it raises, or a release that it passes on."""
    if outline(db, function[0]).functions[function[1]].asynchronous:
        return None
    for failure in failures(db, function, 1):
        return Risk(failure.exception, function, failure.event)
    body = unit_facts(db, function[0]).functions[function[1]]
    for index, call in enumerate(body.calls):
        risk = _risk(db, function, index, depth)
        if risk is not None and not is_caught(
            db, function, call.statement, risk.exception or "Exception"
        ):
            return risk
    return None
