"""The fix *give it a name*: opens what an expression opens and drops in a ``with`` of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from review_checks.facts.schema import Function, Items, Logic, Opaque, StatementKind, Use, Value
from review_checks.model import Edit, Fix, Refusal, Safety
from review_checks.summaries.mentions import parts_of
from review_checks.text.editing import (
    indent,
    indent_unit,
    indentation,
    insert_line,
    is_alone,
    slice_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.rule import Context, FixContext
    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.owning.kin import Owned

_NAMES = ("file", "source", "stream", "opened")
_SIMPLE = (StatementKind.ASSIGN, StatementKind.EXPRESSION, StatementKind.RETURN)


def obstacle(context: Context, function: FunctionId, owned: Owned) -> str:
    """Return why an expression cannot be put into a ``with`` as it stands, or ''."""
    body = context.facts(function)
    call = body.calls[owned.call]
    kind = body.statements[call.statement].kind
    made = call.span
    if made.line != made.end_line or made.line != body.statements[call.statement].span.line:
        return "it is opened over several lines"
    if body.asynchronous or not owned.resource.manager:
        return "how it is to be released here is not known"
    if kind is StatementKind.FOR:
        return ""
    if call.use is Use.ITERATED:
        return "it is read by a comprehension"
    if kind not in _SIMPLE:
        return "it stands in a condition"
    if any(_may_skip(value) for value in _values_at(body, call.statement)):
        # Opening it first would open it where the expression may not.
        return "it is opened under a condition inside the expression"
    return ""


def _values_at(body: Function, statement: int) -> Iterator[Value]:
    yield from (write.value for write in body.writes if write.statement == statement)
    yield from (result.value for result in body.results if result.statement == statement)
    for call in body.calls:
        if call.statement == statement:
            yield from call.args
            yield from (value for _, value in call.keywords)


def _may_skip(value: Value) -> bool:
    if isinstance(value, Logic) or (isinstance(value, Items) and value.comprehension):
        return True
    return isinstance(value, Opaque) or any(_may_skip(part) for part in parts_of(value))


def give_name(context: FixContext, function: FunctionId, owned: Owned) -> Fix | Refusal:
    """Return the edits that open a dropped resource in a ``with`` around its statement."""
    body = context.facts(function)
    call = body.calls[owned.call]
    path = context.path(function)
    lines = context.lines(path)
    whole = context.shifted(function, body.statements[call.statement].span)
    made = context.shifted(function, call.span)
    if not is_alone(lines, whole):
        return Refusal("it shares its line with another statement")
    span = context.shifted(function, body.span)
    name = _free_name(lines[span.line : span.end_line + 1])
    if not name:
        return Refusal("no name for it is free")
    inner = context.shifted(function, body.statements[0].span).line
    unit = indent_unit(lines, context.shifted(function, body.name_span).line, inner)
    header = f"{indentation(lines[whole.line])}with {slice_text(lines, made)} as {name}:"
    edits = (
        insert_line(path, lines, whole.line, header),
        *indent(path, lines, whole.line, whole.end_line, unit),
        Edit(path, made, name),
    )
    return Fix(f"Open `{name}` in `with`", Safety.UNSAFE, edits)


def _free_name(lines: Sequence[str]) -> str:
    text = "".join(lines)
    return next((name for name in _NAMES if not re.search(rf"\b{name}\b", text)), "")
