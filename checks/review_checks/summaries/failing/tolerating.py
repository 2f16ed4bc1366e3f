"""Says what takes failures in, and what takes back all that a failure leaves half done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Path, Result
from review_checks.summaries.flow import is_inside
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees
from review_checks.summaries.paths import steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from review_checks.facts.schema import WithItem


@query
def _tolerance_words(db: Database) -> frozenset[str]:
    return frozenset(models(db).lexicon.tolerance)


@query
def _transaction_words(db: Database) -> frozenset[str]:
    return frozenset(models(db).lexicon.transactions)


def sounds_tolerant(db: Database, name: str) -> bool:
    """Say whether a name says that failures are passed over."""
    return bool(_tolerance_words(db) & set(words_of(name)))


def is_suppressing(db: Database, function: FunctionId, item: WithItem) -> bool:
    """Say whether a context manager is known or named for taking failures in."""
    if not isinstance(item.value, Result):
        return False
    target = callees(db, function[0])[function[1]][item.value.call]
    if target is not None and models(db).knowledge(target).suppresses:
        return True
    call = unit_facts(db, function[0]).functions[function[1]].calls[item.value.call]
    return sounds_tolerant(db, call.callee)


def in_transaction(db: Database, function: FunctionId, statement: int) -> bool:
    """Say whether what happens at a statement is one change with what happens around it.

    A transaction that failed is taken back as a whole, and nothing more can be done in it.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    declared = outline(db, function[0]).functions[function[1]]
    if any(_sounds_atomic(db, path) for path, _ in declared.decorators):
        return True
    for item in body.withs:
        if not is_inside(body, statement, item.region):
            continue
        value = item.value
        text = body.calls[value.call].callee if isinstance(value, Result) else ""
        if isinstance(value, Path):
            text = value.text
        if _sounds_atomic(db, text):
            return True
    return False


def _sounds_atomic(db: Database, path: str) -> bool:
    words = {word for step in steps_of(path)[-2:] for word in words_of(step)}
    return bool(_transaction_words(db) & words)
