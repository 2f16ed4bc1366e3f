"""The fix *give it back on every path*: ``acquire()`` … ``release()`` becomes ``with`` or ``finally``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Function, StatementKind, Use
from review_checks.mending.runs import step_of
from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.summaries.flow import statements_in
from review_checks.summaries.paths import parent_of
from review_checks.text.editing import (
    delete_lines,
    indent,
    indentation,
    insert_clause,
    insert_line,
    is_alone,
)

if TYPE_CHECKING:
    from review_checks.rule import Context, FixContext
    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.releases import Unreleased

_LEAVING = (StatementKind.RETURN, StatementKind.BREAK, StatementKind.CONTINUE)


class Plan(msgspec.Struct, frozen=True):
    """How a lock is to be given back on every path; ``form`` is empty when there is no fix."""

    form: str
    release: int = -1
    safety: Safety = Safety.UNSAFE
    refusal: str = ""

    def title(self, lock: str) -> str:
        """Return what is done to a lock."""
        if self.form == "finally":
            return f"Give `{lock}` back in `finally`"
        return f"Hold `{lock}` in `{self.form}`"


def plan(context: Context, function: FunctionId, found: Unreleased) -> Plan:
    """Choose how to give a lock back, as far as that can be said without the text."""
    body = context.facts(function)
    call = body.calls[found.call]
    text = parent_of(call.callee)
    if (
        call.use is not Use.DISCARDED
        or body.statements[call.statement].kind is not StatementKind.EXPRESSION
    ):
        return Plan("", refusal="the lock is not taken by a statement of its own")
    later = [
        (index, row)
        for index, row in enumerate(body.calls)
        if row.callee == f"{text}.release" and row.at > call.at
    ]
    if not later:
        return Plan("", refusal="where it is to be given back is not clear")
    if len(later) > 1:
        return Plan("", refusal="it is given back at more than one place")
    index, release = later[0]
    taken, given = body.statements[call.statement], body.statements[release.statement]
    alone = release.use is Use.DISCARDED and given.kind is StatementKind.EXPRESSION
    if given.region != taken.region or not alone:
        return Plan("", refusal="it is given back in another block than it is taken in")
    if not any(
        call.statement < row < release.statement for row in statements_in(body, taken.region)
    ):
        return Plan("", refusal="nothing is done under the lock")
    if not found.guard.kind or call.args or call.keywords or release.awaited:
        return Plan("finally", index)
    straight = _is_straight(body, taken.end, given.at)
    form = "async with" if call.awaited else "with"
    return Plan(form, index, Safety.SAFE if straight else Safety.UNSAFE)


def _is_straight(body: Function, first: int, last: int) -> bool:
    """Say whether nothing between two orders leaves but by an exception."""
    return not any(
        first <= row.at < last and row.kind in _LEAVING for row in body.statements
    ) and not any(row.yields and first <= row.at < last for row in body.results)


def give_back(context: FixContext, function: FunctionId, found: Unreleased) -> Fix | Refusal:
    """Return the edits that give a lock back on every path."""
    chosen = plan(context, function, found)
    if not chosen.form:
        return Refusal(chosen.refusal)
    body, path = context.facts(function), context.path(function)
    lines, call = context.lines(path), body.calls[found.call]
    release = body.calls[chosen.release]
    taken = context.shifted(function, body.statements[call.statement].span)
    given = context.shifted(function, body.statements[release.statement].span)
    if not is_alone(lines, taken) or not is_alone(lines, given):
        return Refusal("it shares its line with another statement")
    text, unit = parent_of(call.callee), step_of(function, context)
    first = taken.end_line + 1
    while not lines[first].strip():
        first += 1
    if chosen.form == "finally":
        margin = indentation(lines[taken.line])
        edits = [
            insert_line(path, lines, first, f"{margin}try:"),
            *indent(path, lines, first, given.line - 1, unit),
            insert_clause(path, lines, given.line, f"{margin}finally:"),
            *indent(path, lines, given.line, given.end_line, unit),
        ]
        return Fix(chosen.title(text), chosen.safety, tuple(edits))
    if lines[given.end_line][given.end_column :].strip() or given.end_line > given.line:
        return Refusal("a comment stands beside the release that would go")
    edits = [
        Edit(path, taken, f"{chosen.form} {text}:"),
        *_closer(path, taken.end_line + 1, first),
        *indent(path, lines, first, given.line - 1, unit),
        delete_lines(path, lines, given.line, given.end_line),
    ]
    return Fix(chosen.title(text), chosen.safety, tuple(edits))


def _closer(path: str, line: int, first: int) -> list[Edit]:
    """Return the edit that takes blank lines away from below the head of a block."""
    return [Edit(path, Span(line, 0, first, 0), "")] if first > line else []
