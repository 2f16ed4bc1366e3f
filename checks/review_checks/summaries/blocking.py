"""Says which calls make a thread wait for something outside the program, and who comes to them.

What a library's call waits for is told by its model. What lies below a call of the project is told by
``waits_below``, a summary of each function that is made from those of the functions it calls, up to a
fixed depth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Call, Compare, Const, Function
from review_checks.summaries.calling import (
    Event,
    Link,
    calls_of,
    diagnostic_in,
    place_in,
    unit_links,
)
from review_checks.summaries.conditions import Condition, conditions_in, tests_before
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.locking.critical_sections import FOREVER
from review_checks.summaries.names import callees

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN_NAMES = frozenset({Const("localhost"), Const("127.0.0.1"), Const("::1")})
MAX_CALLS = 4
"""How many calls may lie between somebody who waits and what makes him wait, that call included."""


class Wait(msgspec.Struct, frozen=True, array_like=True):
    """A call that waits: for what, its canonical name, and what must hold of the function's parameters."""

    kind: str
    name: str
    when: frozenset[Condition] = frozenset()


def own_waits(db: Database, function: FunctionId) -> Iterator[tuple[Event, Wait]]:
    """Yield the calls of a function that wait, in the order of the source."""
    body = unit_facts(db, function[0]).functions[function[1]]
    known = models(db)
    for index, target in enumerate(callees(db, function[0])[function[1]]):
        kind = known.knowledge(target).blocks if target is not None else ""
        if target is None or not kind or _is_soon_over(body, body.calls[index], kind):
            continue
        if not diagnostic_in(body)(body.calls[index].statement):
            when = conditions_in(body)(body.calls[index].statement)
            yield ("c", index), Wait(kind, target, when)


def _is_soon_over(body: Function, call: Call, kind: str) -> bool:
    """Say whether a sleep has no length, or a name is looked up that is this machine's own."""
    given = call.args[0] if call.args else dict(call.keywords).get("seconds", Const(0))
    if kind == "sleep":
        return isinstance(given, Const) and not given.value
    if kind != "network" or not call.args:
        return False
    if given in _OWN_NAMES:
        return True
    return any(
        isinstance(test, Compare)
        and test.ops == ("==" if came_to else "!=",)
        and given in test.operands
        and not _OWN_NAMES.isdisjoint(test.operands)
        for test, came_to in tests_before(body, call.statement)
    )


@query
def unit_waits(db: Database, unit: int) -> tuple[frozenset[Wait], ...]:
    """Return for what each function of a unit waits itself."""
    count = len(outline(db, unit).functions)
    return tuple(
        [frozenset([wait for _, wait in own_waits(db, (unit, index))]) for index in range(count)]
    )


@query
def waits_below(db: Database, function: FunctionId, calls: int) -> frozenset[Wait]:
    """Return for what a function waits, itself or at most so many calls below."""
    unit, index = function
    found = set(unit_waits(db, unit)[index])
    if calls > 1:
        for link in unit_links(db, unit)[index]:
            if link.diagnostic:
                continue
            found |= carried(db, link, calls - 1)
    return frozenset(found)


def carried(db: Database, link: Link, calls: int) -> frozenset[Wait]:
    """Return the waits below a call, under the conditions that its caller knows."""
    rows = [(wait, link.conditions(wait.when)) for wait in waits_below(db, link.target, calls)]
    return frozenset([Wait(wait.kind, wait.name, when) for wait, when in rows if when is not None])


def waits_at(
    db: Database, function: FunctionId, first: int = 0, last: int = FOREVER
) -> Iterator[tuple[Event, Wait, int]]:
    """Yield the calls of a function that wait or lead to a wait, the wait, and the calls up to it.

    The nearest wait counts, of equals the first by its name.

    Args:
        db: the database.
        function: the function.
        first: the order of evaluation of the first call that matters.
        last: that of the first which does not matter any more.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    for event, wait in own_waits(db, function):
        yield event, wait, 1
    for event, link in calls_of(db, function):
        if link.diagnostic or not first <= place_in(body, event).at < last:
            continue
        for calls in range(1, MAX_CALLS):
            found = carried(db, link, calls)
            if found:
                yield event, min(found, key=lambda wait: (wait.name, sorted(wait.when))), calls + 1
                break


def way_to_wait(
    db: Database, function: FunctionId, event: Event, calls: int
) -> list[tuple[FunctionId, Event]]:
    """Return the calls that lead from an event to the nearest wait, that included."""
    way = [(function, event)]
    while calls > 1:
        link = next(link for found, link in calls_of(db, function) if found == event)
        function, calls = link.target, calls - 1
        rows = [(found, count) for found, _, count in waits_at(db, function) if count <= calls]
        if not rows:
            return way
        event, calls = min(rows, key=lambda row: row[1])
        way.append((function, event))
    return way
