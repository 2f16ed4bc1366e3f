"""Says which functions never come back, and which calls end all that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Const, Exit, Path, RegionKind, StatementKind
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees, canonical_in, function_of

if TYPE_CHECKING:
    from review_checks.facts.schema import Function
    from review_checks.summaries.incremental import Database


def runs_endless(db: Database, function: FunctionId, index: int) -> bool:
    """Say whether a call has a project function run elsewhere that goes round for ever."""
    target = callees(db, function[0])[function[1]][index]
    known = models(db).knowledge(target) if target is not None else None
    if known is None or known.runs is None:
        return False
    call = unit_facts(db, function[0]).functions[function[1]].calls[index]
    given = [value for name, value in call.keywords if name == known.runs_keyword]
    given += call.args[known.runs : known.runs + 1]
    if not given or not isinstance(given[0], Path):
        return False
    name = canonical_in(db, function, given[0].text)
    task = function_of(db, name) if name is not None else None
    return task is not None and _is_endless(unit_facts(db, task[0]).functions[task[1]])


def _is_endless(body: Function) -> bool:
    """Say whether a function stays in a loop that only an exception ends."""
    whole = body.regions[0]
    if whole.falls or whole.exits & Exit.RETURN:
        return False
    endless = {
        row.statement for row in body.tests if isinstance(row.value, Const) and row.value.value
    }
    return any(
        body.statements[row.owner].kind is StatementKind.WHILE and row.owner in endless
        for row in body.regions
        if row.kind is RegionKind.LOOP
    )
