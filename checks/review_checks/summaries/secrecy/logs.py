"""Says which calls write to a log and through which logger, by the models and by usual names."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import owner_of
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.names import callees, canonical_in, member, owner_of_name
from review_checks.summaries.paths import last_step, parent_of, root_of
from review_checks.summaries.sieve import Sieve

if TYPE_CHECKING:
    from review_checks.facts.schema import Call
    from review_checks.models.schema import Lexicon

LOGS_EXCEPTIONS = "exception"
"""The method of a logger that logs the exception being handled."""


def is_log_call(db: Database, function: FunctionId, index: int) -> bool:
    """Say whether a call of a function writes to a log, a terminal or a trace."""
    target = callees(db, function[0])[function[1]][index]
    if target is not None and models(db).knowledge(target).log is not None:
        return True
    callee = unit_facts(db, function[0]).functions[function[1]].calls[index].callee
    return bool(named_logger(db, callee))


def named_logger(db: Database, callee: str) -> str:
    """Return the receiver of a call that has the names of a logger and its method, or ''."""
    return _logger_in(callee, models(db).lexicon)


def _logger_in(callee: str, lexicon: Lexicon) -> str:
    receiver = parent_of(callee)
    if last_step(callee) in lexicon.log_methods and last_step(receiver) in lexicon.log_receivers:
        return receiver
    return ""


@query
def logging_callees(db: Database) -> Sieve:
    """Return what finds the callees that have the names of a logger and its method."""
    lexicon = models(db).lexicon
    return Sieve(lambda callee: _logger_in(callee, lexicon))


@query
def used_loggers(db: Database, unit: int) -> tuple[tuple[int, str, str, int], ...]:
    """Return the loggers that the functions of a unit use.

    A row has the index of the function; the class whose object holds the logger, or '' for one that
    the module knows; the logger's expression, without the name of that object; and how often it is
    used. Loggers that only the function knows are left out.
    """
    rows: Counter[tuple[int, str, str]] = Counter()
    for index, body in enumerate(unit_facts(db, unit).functions):
        function = (unit, index)
        targets = callees(db, unit)[index]
        for call, target in zip(body.calls, targets, strict=True):
            receiver = _receiver(db, function, call, target)
            root = root_of(receiver)
            if not receiver:
                continue
            if root == self_name(db, function):
                rows[index, owner_of(db, function), receiver.removeprefix(root)] += 1
            elif owner_of_name(db, function, root) is None:
                rows[index, "", receiver] += 1
    return tuple([(*row, count) for row, count in rows.items()])


def _receiver(db: Database, function: FunctionId, call: Call, target: str | None) -> str:
    """Return the logger on which a call logs, if it can log exceptions as well, or ''."""
    if target is None:
        return named_logger(db, call.callee)
    if models(db).knowledge(target).log is None:
        return ""
    receiver = parent_of(call.callee)
    return receiver if receiver and is_logger(db, function, receiver) else ""


def is_logger(db: Database, function: FunctionId, text: str) -> bool:
    """Say whether an expression is known to stand for an object that logs exceptions."""
    canonical = canonical_in(db, function, text)
    method = member(db, canonical, LOGS_EXCEPTIONS) if canonical is not None else None
    return method is not None and models(db).knowledge(method).log is not None
