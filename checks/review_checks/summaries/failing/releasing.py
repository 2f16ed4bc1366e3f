"""Says which calls give something back, and which functions are there to clean up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Use
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import models
from review_checks.summaries.paths import last_step, parent_of, steps_of
from review_checks.summaries.words import starts_with_verb, words_of

if TYPE_CHECKING:
    from review_checks.facts.schema import Call, Function

_DISCARDED = Use.DISCARDED


@query
def release_verbs(db: Database) -> frozenset[str]:
    """Return the verbs of methods that give something back."""
    return frozenset(models(db).lexicon.release)


@query
def cleanup_words(db: Database) -> frozenset[str]:
    """Return the words in the names of functions that clean up."""
    return frozenset(models(db).lexicon.cleanup)


@query
def _joining_words(db: Database) -> frozenset[str]:
    return frozenset(models(db).lexicon.joining)


@query
def _withdrawing_verbs(db: Database) -> frozenset[str]:
    return frozenset(models(db).lexicon.withdrawing)


@query
def _service_words(db: Database) -> frozenset[str]:
    return frozenset(models(db).lexicon.services)


@query
def _teardown_words(db: Database) -> frozenset[str]:
    return cleanup_words(db) - set(models(db).lexicon.requested)


def is_release(db: Database, call: Call) -> bool:
    """Say whether a call is of a method whose name says that it gives something back, and no more.

    Where the result is used, it is the result that matters: a count, an answer to look at, or the
    beginning of an expression as in ``query = table.delete()``.
    """
    name = last_step(call.callee)
    return (
        call.use is _DISCARDED
        and bool(parent_of(call.callee))
        and starts_with_verb(name, release_verbs(db))
        and not _joining_words(db) & set(words_of(name))
    )


def passes_on(db: Database, body: Function, call: Call) -> bool:
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


def only_tells(db: Database, call: Call) -> bool:
    """Say whether a call's name is that of methods which mostly just tell something to end."""
    return last_step(call.callee) in models(db).lexicon.telling


def withdraws(db: Database, call: Call) -> bool:
    """Say whether a call's name says that it takes something away that others may still use."""
    return starts_with_verb(last_step(call.callee), _withdrawing_verbs(db))


def asks_service(db: Database, call: Call) -> bool:
    """Say whether a call asks a service outside the process to take something away, by its words."""
    if not (call.args or call.keywords):
        return False
    if not withdraws(db, call):
        return False
    words = {word for step in steps_of(call.callee)[:-1] for word in words_of(step)}
    return bool(words & _service_words(db))


def looks_up(db: Database, name: str) -> bool:
    """Say whether a function's name says that it looks for something or puts something together."""
    words = words_of(name)
    lexicon = models(db).lexicon
    if not words:
        return False
    return (
        words[0] in lexicon.lookups
        or words[0] in lexicon.predicates
        or words[-1] == "get"
        or bool({words[0], words[-1]} & set(lexicon.conversions))
    )


def tears_down(db: Database, name: str) -> bool:
    """Say whether a function's name says that it does so for good, whoever calls it."""
    return bool(_teardown_words(db) & set(words_of(name)))


def cleans_up(db: Database, name: str) -> bool:
    """Say whether a function's name says that it cleans up or tears down."""
    return bool(cleanup_words(db) & set(words_of(name)))
