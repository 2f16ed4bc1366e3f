"""A handler of every exception does nothing about any of them."""

from __future__ import annotations

from collections.abc import Iterator

from review_checks.facts.schema import (
    Const,
    Function,
    FunctionKind,
    Handler,
    Items,
    RegionKind,
    StatementKind,
    Value,
)
from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Place, Report, rule
from review_checks.rules.errors._attempts import Attempt, attempts, label, origins
from review_checks.rules.errors._tolerance import is_nothing, is_tolerated
from review_checks.summaries.failures import is_broad
from review_checks.summaries.flow import statements_in
from review_checks.summaries.inputs import FunctionId

_SHOWN_CALLS = 2
_SHOWN_EXCEPTIONS = 3
_SHOWN_ORIGINS = 3


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at the handlers that do nothing."""
    body = context.facts(function)
    if body.kind is FunctionKind.LAMBDA:
        return
    for index, handler in enumerate(body.handlers):
        if handler.comment or not _does_nothing(body, handler):
            continue
        if not is_broad(context.db, function, handler):
            continue
        found = attempts(context, function, handler)
        if not is_tolerated(context, function, handler, found):
            yield _report(context, function, index, handler, found)


def _does_nothing(body: Function, handler: Handler) -> bool:
    return all(is_nothing(body, statement) for statement in statements_in(body, handler.region))


def _report(
    context: Context, function: FunctionId, index: int, handler: Handler, found: list[Attempt]
) -> Report:
    body = context.facts(function)
    shown = sorted(
        [attempt for attempt in found if not attempt.releases],
        key=lambda attempt: not attempt.names,
    )
    names = list(dict.fromkeys([label(body, attempt.call) for attempt in shown]))
    evidence = [row for attempt in shown[:_SHOWN_ORIGINS] for row in origins(context, function, attempt)]
    return Report(
        Place(function, "h", index),
        _message(body, handler, names, shown),
        _symbol(context, function, index, names[0]),
        tuple(evidence),
        data=(index, tuple([attempt.call for attempt in shown])),
    )


def _message(body: Function, handler: Handler, names: list[str], shown: list[Attempt]) -> str:
    more = len(names) - _SHOWN_CALLS
    calls = ", ".join(names[:_SHOWN_CALLS]) if more > 0 else " and ".join(names)
    if more > 0:
        calls += f" and {more} other call{'s' if more > 1 else ''}"
    known = list(dict.fromkeys([name for attempt in shown for name in attempt.names]))
    examples = ", ".join([f"`{item}`" for item in known[:_SHOWN_EXCEPTIONS]])
    included = f", {examples} included," if examples else ""
    return f"any failure of {calls}{included} {_fate(body, handler)}, and nothing tells of it"


def _fate(body: Function, handler: Handler) -> str:
    statement = statements_in(body, handler.region)[-1]
    kind = body.statements[statement].kind
    if kind is StatementKind.RETURN:
        value = next(row.value for row in body.results if row.statement == statement)
        return f"becomes `return {_text(value)}`"
    if kind is StatementKind.CONTINUE:
        return "skips the rest of the round"
    return "is passed over"


def _text(value: Value) -> str:
    if isinstance(value, Const):
        return repr(value.value)
    if isinstance(value, Items):
        inner = ", ".join([_text(part) for part in value.parts])
        opening, closing = {"list": "[]", "set": "{}"}.get(value.kind, "()")
        return f"{opening}{inner}{closing}"
    return "{}"


def _symbol(context: Context, function: FunctionId, index: int, name: str) -> str:
    """Return what tells this finding from others in the same function while text moves."""
    return f"{context.qualified(function)}.{name.strip('`')}#{index}"
