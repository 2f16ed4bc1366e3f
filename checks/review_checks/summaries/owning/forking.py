"""Says which statements run in a process of which nothing is left where they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Path, Result, Value
from review_checks.summaries.flow import dominates
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees
from review_checks.summaries.owning.courses import conditions_around
from review_checks.summaries.truths import truth

if TYPE_CHECKING:
    from review_checks.summaries.incremental import Database


def is_in_child(db: Database, function: FunctionId, statement: int) -> bool:
    """Say whether a statement runs only in a forked child, or after the process was detached.

    An exception that leaves it there mostly ends the process, and gives all back that it holds.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    targets = callees(db, function[0])[function[1]]
    forks: set[int] = set()
    for index, target in enumerate(targets):
        known = models(db).knowledge(target) if target is not None else None
        if known is not None and known.forks:
            forks.add(index)
        elif known is not None and known.detaches:
            before = body.calls[index].statement
            if before != statement and dominates(body, before, statement):
                return True
    if not forks:
        return False
    names = {
        row.path for row in body.writes if isinstance(row.value, Result) and row.value.call in forks
    }

    def is_of_parent(value: Value) -> bool:
        """Say whether a value is what only the parent gets, which is neither zero nor false."""
        if isinstance(value, Path):
            return value.text in names
        return isinstance(value, Result) and value.call in forks

    around = conditions_around(body, statement, lambda _: False)
    return any(truth(test, {}, is_of_parent) is (not came) for test, came in around.items())
