"""Whether what a handler passes over is ordinary: something that was looked for is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Compare,
    Const,
    Function,
    Handler,
    Logic,
    RegionKind,
    StatementKind,
    Value,
)
from review_checks.rules.errors._attempts import tried_region
from review_checks.rules.errors._telling import mentions
from review_checks.rules.errors._tolerance import next_statement
from review_checks.rules.errors._ways import way_down
from review_checks.summaries.failing.failures import (
    call_failures,
    exception_bases,
    handler_around,
    handler_types,
)
from review_checks.summaries.flow import ancestry, is_inside
from review_checks.summaries.paths import root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.rule import Context
    from review_checks.summaries.inputs import FunctionId

_ABSENCES = frozenset({"FileNotFoundError", "ImportError", "LookupError"})
_EMPTY = (Const(None), Const(False), Const(0), Const(""))


def is_ordinary(
    context: Context, function: FunctionId, handler: Handler, calls: Sequence[int]
) -> bool:
    """Say whether all that some tried calls are known to raise says that something is not there.

    Where nothing is known, what is found out is ordinary to be missing if the next statement asks
    whether it is there.
    """
    known = [(call, name) for call in calls for name in call_failures(context.db, function, call)]
    if not known:
        return _is_asked_for(context.facts(function), handler)
    return all(_is_absence(context, function, call, name) for call, name in known)


def _is_absence(context: Context, function: FunctionId, call: int, exception: str) -> bool:
    if _ABSENCES & exception_bases(context.db, exception):
        return True
    way = list(way_down(context, function, call, exception))
    return bool(way) and way[-1][1] == "x" and _follows_absence(context, way[-1][0], way[-1][2])


def _follows_absence(context: Context, function: FunctionId, index: int) -> bool:
    """Say whether a ``raise`` answers a test that found nothing, or a look-up that failed."""
    body = context.facts(function)
    statement = body.raises[index].statement
    handler = handler_around(body, statement)
    if handler is not None:
        types = handler_types(context.db, function, handler)
        return all(_ABSENCES & exception_bases(context.db, name) for name in types)
    return any(
        body.regions[region].kind is RegionKind.THEN
        and test.statement == body.regions[region].owner
        and _finds_nothing(test.value)
        for region, _ in ancestry(body, statement)
        for test in body.tests
    )


def _finds_nothing(value: Value) -> bool:
    if isinstance(value, Compare):
        empty = value.ops[0] in ("is", "==") and value.operands[1] in _EMPTY
        return empty or value.ops[0] == "not in"
    return isinstance(value, Logic) and value.op == "not"


def _is_asked_for(body: Function, handler: Handler) -> bool:
    """Say whether the statement behind a ``try`` tests what the ``try`` was to find out."""
    after = next_statement(body, handler.statement)
    if not body.regions[handler.region].falls or after is None:
        return False
    if body.statements[after].kind is not StatementKind.IF:
        return False
    region = tried_region(body, handler)
    names = {
        root_of(write.path) for write in body.writes if is_inside(body, write.statement, region)
    }
    return any(test.statement == after and mentions(body, test.value, names) for test in body.tests)
