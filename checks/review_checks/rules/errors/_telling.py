"""Whether a failure is told of by others than the handler: before it, or by who is given its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Binary,
    Compare,
    Const,
    Function,
    Handler,
    Items,
    Logic,
    Opaque,
    Path,
    RegionKind,
    Result,
    StatementKind,
    Value,
)
from review_checks.rule import Context
from review_checks.rules.errors._attempts import speaks
from review_checks.summaries.flow import dominates, regions_of
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import layout, unit_facts, unit_path
from review_checks.summaries.paths import last_step, root_of
from review_checks.summaries.secrecy.logs import named_logger

if TYPE_CHECKING:
    from review_checks.summaries.inputs import FunctionId

_NOTHING = (Const(None), Const(False))
_GRAVE = frozenset({"critical", "error"})


def has_told(context: Context, function: FunctionId, handler: Handler) -> bool:
    """Say whether a function has logged, as an error, what it was given before it came to a handler.

    Such a function is called because something has failed.
    """
    body = context.facts(function)
    levels = context.models.lexicon.log_methods
    given = {Path(parameter.name) for parameter in body.parameters}
    return any(
        levels.get(last_step(call.callee)) in _GRAVE
        and not given.isdisjoint(call.args)
        and bool(named_logger(context.db, call.callee))
        and dominates(body, call.statement, handler.statement)
        for call in body.calls
    )


def callers_tell(context: Context, function: FunctionId) -> bool:
    """Say whether all who call a private function, at least one, tell of what its failure comes to."""
    body = context.facts(function)
    if not body.name.startswith("_"):
        return False
    units = layout(context.db, unit_path(context.db, function[0])) or ()
    told = [row[body.name] for unit in units if body.name in (row := _told_in(context.db, unit))]
    return bool(told) and all(told)


@query
def _told_in(db: Database, unit: int) -> dict[str, bool]:
    """Return the private functions that a unit calls, and whether each call's failure is told of.

    Who asks about one function depends on no more than this of all others in its module.
    """
    context = Context(db)
    found: dict[str, bool] = {}
    for number, body in enumerate(unit_facts(db, unit).functions):
        for index, call in enumerate(body.calls):
            name = last_step(call.callee)
            if name.startswith("_") and found.get(name, True):
                found[name] = _tells(context, (unit, number), index)
    return found


def _tells(context: Context, function: FunctionId, call: int) -> bool:
    """Say whether a function tests what a call gave it, and first of all tells when that is nothing."""
    body = context.facts(function)
    names = {write.path for write in body.writes if write.value == Result(call)}
    return any(
        body.statements[test.statement].kind is StatementKind.IF
        and test.at > body.calls[call].at
        and mentions(body, test.value, names)
        and any(
            body.regions[region].kind is _branch_of_nothing(test.value)
            and _is_telling(context, function, body.regions[region].first)
            for region in regions_of(body, test.statement)
        )
        for test in body.tests
    )


def _branch_of_nothing(condition: Value) -> RegionKind:
    return RegionKind.THEN if is_negative(condition) else RegionKind.ELSE


def _is_telling(context: Context, function: FunctionId, statement: int) -> bool:
    """Say whether a statement raises, or does nothing but log or show something."""
    body = context.facts(function)
    kind = body.statements[statement].kind
    return kind is StatementKind.RAISE or (
        kind is StatementKind.EXPRESSION
        and any(
            call.statement == statement and speaks(context.db, function, index)
            for index, call in enumerate(body.calls)
        )
    )


def is_negative(condition: Value) -> bool:
    """Say whether a condition holds when there is nothing: ``not x``, ``x is None``."""
    if isinstance(condition, Logic) and condition.op == "not":
        return True
    if isinstance(condition, Compare):
        return condition.ops[0] in ("is", "==") and condition.operands[1] in _NOTHING
    return isinstance(condition, Logic) and any(is_negative(part) for part in condition.parts)


def mentions(body: Function, value: Value, names: set[str]) -> bool:
    """Say whether a value is made of one of some variables."""
    if isinstance(value, Path):
        return root_of(value.text) in names
    return any(mentions(body, part, names) for part in _parts(body, value))


def _parts(body: Function, value: Value) -> tuple[Value, ...]:
    if isinstance(value, Result):
        return body.calls[value.call].args
    if isinstance(value, Logic | Opaque | Items):
        return value.parts
    if isinstance(value, Compare):
        return value.operands
    return (value.left, value.right) if isinstance(value, Binary) else ()
