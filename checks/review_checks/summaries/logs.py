"""Says which calls write to a log, by the models and by the usual names of loggers."""

from __future__ import annotations

from review_checks.summaries.incremental import Database
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step, parent_of


def is_log_call(db: Database, function: FunctionId, index: int) -> bool:
    """Say whether a call of a function writes to a log, a terminal or a trace."""
    target = callees(db, function[0])[function[1]][index]
    if target is not None and models(db).knowledge(target).log is not None:
        return True
    return logger_of(db, unit_facts(db, function[0]).functions[function[1]].calls[index].callee) != ""


def logger_of(db: Database, callee: str) -> str:
    """Return the logger on which an access path calls a logging method, judged by names, or ''."""
    lexicon = models(db).lexicon
    receiver = parent_of(callee)
    if last_step(callee) in lexicon.log_methods and last_step(receiver) in lexicon.log_receivers:
        return receiver
    return ""
