"""Says which statements of a function come under a lock, and brings them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Function, StatementKind
from review_checks.mending.runs import Run, run_around
from review_checks.model import Edit, Refusal, Span
from review_checks.rules.synchronization._waiting import taken_inside
from review_checks.summaries.flow import statements_in
from review_checks.summaries.locking.locks import held
from review_checks.summaries.locking.slices import Event, event_of, unit_slices
from review_checks.text.editing import indent, indentation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from review_checks.rule import FixContext
    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.guards import Guard
    from review_checks.summaries.locking.sharing import Sharing

_MOST_STRANGERS = 2
"""How many statements that have nothing to do with the lock may come under it."""


def best_run(
    shared: Sharing,
    guard: Guard,
    function: FunctionId,
    events: tuple[Sequence[Event], Sequence[Event]],
    context: FixContext,
) -> Run | Refusal:
    """Return the run that brings most under the lock of what belongs there, and little else."""
    best: tuple[int, Run] | None = None
    refusal = Refusal("the write shares its line with the head of a block")
    body = context.facts(function)
    sections = [
        context.shifted(function, body.statements[index].span).line
        for index in _sections(shared, guard, function, context)
    ]
    for statements in _choices(function, events, context):
        run = run_around(function, statements, context)
        if run is None:
            continue
        reason = _objection(shared, guard, function, run, context)
        if reason:
            refusal = Refusal(reason)
        elif best is None or (
            len(statements) > best[0]
            and not any(run.top <= line <= run.end for line in sections)
            and _strangers(run, statements, body) <= _MOST_STRANGERS
        ):
            best = len(statements), run
    return refusal if best is None else best[1]


def _choices(
    function: FunctionId,
    events: tuple[Sequence[Event], Sequence[Event]],
    context: FixContext,
) -> Iterator[set[int]]:
    """Yield sets of statements that could come under the lock, the fewest first.

    Besides the writes these are the checks before them, and then all other uses of what they
    change: what is read in one critical section and changed in another may have become untrue.
    """
    body = context.facts(function)
    sites = unit_slices(context.db, function[0])[function[1]].sites
    for chosen in events:
        wanted = {(kind, index) for kind, index in chosen}
        written = {event_of(body, event).statement for event in chosen}
        uses = {
            event_of(body, site.event).statement
            for rows in sites.values()
            if any(site.event in wanted for site in rows)
            for site in rows
            if not site.guards
        }
        checks = {index for index in uses if index < max(written) and _decides(body, index)}
        yield written
        yield written | checks
        yield written | uses


def _decides(body: Function, statement: int) -> bool:
    """Say whether what a statement reads may decide what comes after it."""
    return body.statements[statement].kind in (
        StatementKind.ASSIGN,
        StatementKind.IF,
        StatementKind.WHILE,
        StatementKind.FOR,
    )


def _strangers(run: Run, statements: Iterable[int], body: Function) -> int:
    """Return how many statements of a run have nothing to do with the lock."""
    members = [
        index
        for index in statements_in(body, body.statements[run.first].region)
        if run.first <= index <= run.last
    ]
    touched = {
        member
        for member in members
        for index in statements
        if body.statements[member].at <= body.statements[index].at < body.statements[member].end
        or index == member
    }
    return len(members) - len(touched)


def _objection(
    shared: Sharing, guard: Guard, function: FunctionId, run: Run, context: FixContext
) -> str:
    """Return why a run cannot come under a lock, or ''."""
    body = context.facts(function)
    orders = range(body.statements[run.first].at, body.statements[run.last].end)
    if guard.kind != "async" and any(suspend.at in orders for suspend in body.suspends):
        return "an `await` or `yield` stands among the statements, and would keep the lock"
    return taken_inside(context, shared.solution, function, guard, orders)


# Joining the section next to it


def joined(
    shared: Sharing, guard: Guard, function: FunctionId, run: Run, context: FixContext
) -> list[Edit]:
    """Return the edits that bring a run into the critical section right above or below it.

    They are none where there is no such section of the same lock, with nothing but blank lines and
    comments between.
    """
    body = context.facts(function)
    siblings = statements_in(body, body.statements[run.first].region)
    low, high = siblings.index(run.first), siblings.index(run.last)
    sections = _sections(shared, guard, function, context)
    if low > 0 and siblings[low - 1] in sections:
        return _join_above(function, siblings[low - 1], run, context)
    if high < len(siblings) - 1 and siblings[high + 1] in sections:
        return _join_below(function, siblings[high + 1], run, context)
    return []


def _sections(
    shared: Sharing, guard: Guard, function: FunctionId, context: FixContext
) -> frozenset[int]:
    """Return the ``with`` statements that enter nothing but a lock."""
    body = context.facts(function)
    entered = [item.statement for item in body.withs]
    return frozenset(
        [
            body.withs[row.index].statement
            for row in held(context.db, function)
            if row.how == "with"
            and not row.guard.reads
            and shared.solution.same_lock(row.guard.identity, guard.identity)
            and entered.count(body.withs[row.index].statement) == 1
        ]
    )


def _join_above(function: FunctionId, section: int, run: Run, context: FixContext) -> list[Edit]:
    body, path = context.facts(function), context.path(function)
    lines = context.lines(path)
    region = next(row for row in body.regions if row.owner == section)
    end = context.shifted(function, body.statements[section].span).end_line
    first = context.shifted(function, body.statements[region.first].span).line
    margin, inside = indentation(lines[run.top]), indentation(lines[first])
    own_lines = first > context.shifted(function, body.statements[section].span).line
    if not region.falls or not own_lines or not inside.startswith(margin):
        return []
    between = end + 1
    while between < run.top and len(indentation(lines[between])) > len(margin):
        between += 1
    return indent(path, lines, between, run.end, inside[len(margin) :])


def _join_below(function: FunctionId, section: int, run: Run, context: FixContext) -> list[Edit]:
    body, path = context.facts(function), context.path(function)
    lines = context.lines(path)
    region = next(row for row in body.regions if row.owner == section)
    header = context.shifted(function, body.statements[section].span).line
    first = context.shifted(function, body.statements[region.first].span).line
    margin, inside = indentation(lines[run.top]), indentation(lines[first])
    alone = lines[header].split("#")[0].rstrip().endswith(":") and first > header
    if not alone or not inside.startswith(margin):
        return []
    return [
        Edit(path, Span(run.top, 0, run.top, 0), lines[header]),
        *indent(path, lines, run.top, header - 1, inside[len(margin) :]),
        Edit(path, Span(header, 0, header + 1, 0), ""),
    ]
