"""Says which functions never come back, and which calls end all that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Const, Exit, Path, RegionKind, StatementKind, Use
from review_checks.summaries.failing.namesakes import namesakes
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees, canonical_in, function_of
from review_checks.summaries.paths import last_step, parent_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from review_checks.facts.schema import Call, Function

_MAX_DEPTH = 3
_TELLING = 2
"""How many words the name of a method has that says enough to tell it from others' methods."""
_NEVER = frozenset({"Never", "NoReturn"})


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


@query
def unreturning(db: Database, function: FunctionId) -> frozenset[int]:
    """Return the calls of a function after which nothing more of it runs.

    A method of an object unknown is such a call where all methods of the project of that name are.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    targets = callees(db, function[0])[function[1]]
    return frozenset(
        [
            index
            for index, call in enumerate(body.calls)
            if call.use in (Use.DISCARDED, Use.RETURNED)
            and _ends(db, call, targets[index], _MAX_DEPTH)
        ]
    )


def _ends(db: Database, call: Call, target: str | None, depth: int) -> bool:
    if target is not None:
        inner = function_of(db, target)
        return inner is not None and depth > 0 and never_returns(db, inner, depth - 1)
    name = last_step(call.callee)
    if not parent_of(call.callee) or len(words_of(name)) < _TELLING or depth <= 0:
        return False
    return _all_end(db, name, len(call.args) + len(call.keywords), depth - 1)


@query
def _all_end(db: Database, name: str, given: int, depth: int) -> bool:
    """Say whether the methods of the project of some name never return."""
    methods = namesakes(db, name, given)
    return (
        methods is not None
        and bool(methods)
        and all(never_returns(db, row, depth) for row in methods)
    )


@query
def never_returns(db: Database, function: FunctionId, depth: int) -> bool:
    """Say whether a function is declared to return nothing ever, or ends the process in the end."""
    declared = outline(db, function[0]).functions[function[1]]
    if last_step(declared.returns.strip("'\"")) in _NEVER:
        return True
    body = unit_facts(db, function[0]).functions[function[1]]
    if body.asynchronous or body.results or _is_abstract(db, function):
        return False
    whole = body.regions[0]
    if not whole.falls and not whole.exits & Exit.RETURN:
        # What ends an endless loop is unknown.
        return not _is_endless(body)
    targets = callees(db, function[0])[function[1]]
    return any(
        call.use is Use.DISCARDED
        and body.statements[call.statement].region == 0
        and (_is_end(db, targets[index]) or _ends(db, call, targets[index], depth))
        for index, call in enumerate(body.calls)
    )


def _is_end(db: Database, target: str | None) -> bool:
    return target is not None and models(db).knowledge(target).ends


def _is_abstract(db: Database, function: FunctionId) -> bool:
    """Say whether a function only says that others are to be called in its place."""
    body = unit_facts(db, function[0]).functions[function[1]]
    return any(last_step(row.type) == "NotImplementedError" for row in body.raises)


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
