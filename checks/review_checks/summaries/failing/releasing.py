"""Says which calls give something back, and whether giving it back can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Use
from review_checks.summaries.failing.failures import failures, is_caught, persistence
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees, function_of
from review_checks.summaries.paths import last_step, parent_of
from review_checks.summaries.words import starts_with_verb, words_of

if TYPE_CHECKING:
    from review_checks.facts.schema import Call

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


def _risk(db: Database, function: FunctionId, index: int, depth: int) -> Risk | None:
    target = callees(db, function[0])[function[1]][index]
    event = ("c", index)
    if target is None:
        call = unit_facts(db, function[0]).functions[function[1]].calls[index]
        # Giving something back is seldom a matter of memory alone: of an unknown receiver it is
        # taken to be able to fail, as persistence is.
        if is_release(db, call) or persistence(db, function, index):
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
