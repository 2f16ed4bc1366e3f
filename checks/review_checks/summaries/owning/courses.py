"""Says what a walk along the paths of a function has to know of the function itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Function, Handler, RegionKind, Use, Value
from review_checks.summaries.failing.failures import (
    call_failures,
    catches,
    handler_types,
    is_broad,
    raised_types,
)
from review_checks.summaries.flow import ancestry
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees
from review_checks.summaries.owning.walking import Act, Catch, Course, Event, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from review_checks.summaries.incremental import Database

CLEANING = (RegionKind.HANDLER, RegionKind.FINALLY)


def course_of(
    db: Database,
    function: FunctionId,
    steps: dict[int, tuple[Step, ...]],
    truth: Callable[[Value], bool | None],
    concerns: Callable[[Value], bool],
) -> Course:
    """Return the course of one thing through a function.

    Args:
        db: the database.
        function: where the thing is acquired.
        steps: statement → what its own events do with the thing.
        truth: what a condition comes to while the thing is held, or None.
        concerns: whether a condition asks about the thing.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    targets = callees(db, function[0])[function[1]]
    suppressing: set[int] = set()
    reraising: set[int] = set()
    for index, call in enumerate(body.calls):
        target = targets[index]
        if call.use is Use.ENTERED and target is not None:
            known = models(db).knowledge(target)
            if known.suppresses:
                suppressing.add(call.statement)
            if known.reraises:
                reraising.add(call.statement)
    return Course(
        body,
        steps,
        truth,
        concerns,
        lambda event, handler: _catch(db, function, event, handler),
        frozenset(suppressing),
        frozenset(reraising),
    )


def without_cleanup(
    body: Function, acquired: int, steps: dict[int, tuple[Step, ...]]
) -> dict[int, tuple[Step, ...]]:
    """Leave out that calls inside a handler or ``finally`` may raise, unless it acquires as well.

    Failures of the clean-up itself are another matter. ``acquired`` is the statement that acquires.
    """
    mine = {row for row, _ in ancestry(body, acquired)}
    kept: dict[int, tuple[Step, ...]] = {}
    for statement, rows in steps.items():
        around = [row for row, _ in ancestry(body, statement) if body.regions[row].kind in CLEANING]
        if any(row not in mine for row in around):
            kept[statement] = tuple([row for row in rows if row.act is not Act.RAISE])
        else:
            kept[statement] = rows
    return kept


def with_ends(
    body: Function,
    ends: Iterable[int],
    raising: Collection[int],
    steps: dict[int, tuple[Step, ...]],
) -> dict[int, tuple[Step, ...]]:
    """Put in that some calls never return; ``raising`` are those that raise instead."""
    added = dict(steps)
    for index in ends:
        call = body.calls[index]
        event = ("c", index)
        rows = [
            row
            for row in added.get(call.statement, ())
            if row.event != event or (index in raising and row.act is Act.RAISE)
        ]
        rows.append(Step(call.at, Act.STOP, event))
        added[call.statement] = tuple(sorted(rows))
    return added


def conditions_around(
    body: Function, acquired: int, asks_about: Callable[[Value], bool]
) -> dict[Value, bool]:
    """Return the conditions that hold wherever a thing was acquired, with what they came to.

    Those about the thing itself are none: making it changes them.
    """
    tests = {test.statement: test.value for test in body.tests}
    known: dict[Value, bool] = {}
    for region, _ in ancestry(body, acquired):
        kind, owner = body.regions[region].kind, body.regions[region].owner
        test = tests.get(owner) if kind in (RegionKind.THEN, RegionKind.ELSE) else None
        if test is not None and not asks_about(test):
            known[test] = kind is RegionKind.THEN
    return known


def _catch(db: Database, function: FunctionId, event: Event, handler: Handler) -> Catch:
    if is_broad(db, function, handler):
        return Catch.YES
    kind, index = event
    raised: tuple[str, ...] = ()
    if kind == "c":
        raised = call_failures(db, function, index)
    elif kind == "s":
        body = unit_facts(db, function[0]).functions[function[1]]
        for row in body.raises:
            if row.statement == index:
                raised = raised_types(db, function, row)
    if not raised:
        return Catch.PERHAPS
    handled = handler_types(db, function, handler)
    if all(any(catches(db, name, exception) for name in handled) for exception in raised):
        return Catch.YES
    # What a library raises is seldom known to the last exception, and classes of other
    # projects have unknown bases.
    return Catch.PERHAPS
