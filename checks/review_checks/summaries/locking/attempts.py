"""Says which calls a function makes only after it has got a lock by an attempt that does not wait.

Such an attempt on a lock that is not re-entrant fails for whoever holds the lock already. So what
follows a successful one does not run below a holder, whether the lock was given back meanwhile or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Function, Mode, Path, Result, Value
from review_checks.summaries.calling import Link, calls_of, place_in
from review_checks.summaries.conditions import outcomes, tests_before
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.locking.acquisitions import acquisitions, waits

if TYPE_CHECKING:
    from collections.abc import Iterator

Lock = tuple[str, str]
"""The identity and path of a token."""


@query
def unit_attempts(db: Database, unit: int) -> tuple[dict[Link, frozenset[Lock]], ...]:
    """Return the calls of each function of a unit that it makes after attempts only, and of which locks."""
    return tuple(
        [
            _attempts(db, (unit, index)) if _may_attempt(body) else {}
            for index, body in enumerate(unit_facts(db, unit).functions)
        ]
    )


def _may_attempt(body: Function) -> bool:
    return bool(body.tests) and any(
        call.callee.endswith(".acquire") and not waits(call) for call in body.calls
    )


def _attempts(db: Database, function: FunctionId) -> dict[Link, frozenset[Lock]]:
    locks: dict[int, Lock] = {
        row.held.index: (row.token.identity, row.token.path)
        for row in acquisitions(db, function)
        if row.held.how == "acquire" and not row.waits and row.held.guard.reentrant is False
    }
    found: dict[Link, frozenset[Lock]] = {}
    body = unit_facts(db, function[0]).functions[function[1]]
    for event, link in calls_of(db, function) if locks else ():
        got = frozenset(
            [
                locks[index]
                for index in _true_before(body, place_in(body, event).statement)
                if index in locks
            ]
        )
        # Where a function makes the same call twice, both must follow an attempt.
        found[link] = found[link] & got if link in found else got
    return {link: got for link, got in found.items() if got}


def _true_before(body: Function, statement: int) -> Iterator[int]:
    """Yield the calls whose results are true when control comes to a statement."""
    for test, came_to in tests_before(body, statement):
        for value, true in outcomes(test, came_to=came_to):
            known = _bound_to(body, value) if true else value
            if true and isinstance(known, Result) and not known.rest:
                yield known.call


def _bound_to(body: Function, value: Value) -> Value:
    """Return what a local name is bound to, where that is done once."""
    if not isinstance(value, Path):
        return value
    rows = [row for row in body.writes if row.path == value.text]
    return rows[0].value if len(rows) == 1 and rows[0].mode is Mode.ASSIGN else value
