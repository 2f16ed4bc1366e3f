"""Says which locks are taken, by a function or below its calls, while it holds another one.

What lies below a call is told by ``locks_below``: a summary of each function, made from those of the
functions it calls up to a fixed depth, so that recursive functions have an answer that does not
depend on who asked first. It follows the scheme of Infer's starvation analysis, which keeps, for each
procedure, the critical pairs of an acquisition and the locks held there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from review_checks.summaries.calling import Event, Link, calls_of, place_in, unit_links
from review_checks.summaries.flow import may_follow
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.locking.acquisitions import (
    SOMEWHERE,
    Acquisition,
    Place,
    Token,
    acquisitions,
    unit_takes,
)
from review_checks.summaries.locking.attempts import Lock, unit_attempts
from review_checks.summaries.locking.locks import held
from review_checks.summaries.names import bound_names
from review_checks.summaries.paths import parent_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_DEPTH = 8
"""How many calls deep acquisitions are followed."""

_NOTHING: frozenset[Token] = frozenset()


class Nesting(msgspec.Struct, frozen=True, array_like=True):
    """A lock that is taken while a function holds one.

    Attributes:
        outer: where the function takes the one.
        inner: the other, as the function knows it.
        event: the call or property below which it is taken; None when the function takes it itself.
        place: where the function takes it itself; None when it does so below a call.
        others: the identities of all locks that the function holds there.
    """

    outer: Acquisition
    inner: Token
    event: Event | None
    place: Place | None
    others: frozenset[str]


def nestings(db: Database, function: FunctionId) -> tuple[Nesting, ...]:
    """Return the locks that are taken while a function holds one, in the order of the source."""
    return _nestings(db, function) if held(db, function) else ()


@query
def _nestings(db: Database, function: FunctionId) -> tuple[Nesting, ...]:
    rows = acquisitions(db, function)
    if not rows:
        return ()
    found = [*_direct(db, function, rows), *_below_calls(db, function, rows)]
    return tuple(dict.fromkeys(found))


def _direct(db: Database, function: FunctionId, rows: tuple[Acquisition, ...]) -> Iterator[Nesting]:
    for inner in rows:
        if not inner.waits or inner.held.guard.reads:
            continue
        around = [outer for outer in rows if outer.covers(inner)]
        others = frozenset([outer.token.identity for outer in around])
        for outer in around:
            if is_kept(db, function, outer, inner.place):
                yield Nesting(outer, inner.token, None, inner.place, others)


def _below_calls(
    db: Database, function: FunctionId, rows: tuple[Acquisition, ...]
) -> Iterator[Nesting]:
    body = unit_facts(db, function[0]).functions[function[1]]
    first = min(row.held.start for row in rows)
    last = max(row.held.end for row in rows)
    for event, link in calls_of(db, function):
        at = place_in(body, event).at
        if not first <= at < last:
            continue
        around = [outer for outer in rows if outer.held.start <= at < outer.held.end]
        if not around:
            continue
        others = frozenset([outer.token.identity for outer in around])
        for inner in sorted(_carried(db, link, MAX_DEPTH), key=_text):
            for outer in around:
                if is_kept(db, function, outer, event):
                    yield Nesting(outer, inner, event, None, others)


def _text(token: Token) -> tuple[str, str, list[tuple[str, bool]], bool]:
    return token.identity, token.path, sorted(token.when), token.tried


def is_kept(db: Database, function: FunctionId, outer: Acquisition, place: Place) -> bool:
    """Say whether control can come to a place with a lock still held."""
    body = unit_facts(db, function[0]).functions[function[1]]
    if outer.held.how == "decorator":
        return True
    kind, index = place
    if kind == "i":
        statement, at = body.withs[index].statement, body.statements[body.withs[index].statement].at
    else:
        event = place_in(body, place)
        statement, at = event.statement, event.at
    if outer.held.how == "with":
        item = body.withs[outer.held.index]
        taken, text = item.statement, getattr(item.value, "text", "")
    else:
        call = body.calls[outer.held.index]
        taken, text = call.statement, parent_of(call.callee)
        if not may_follow(body, taken, statement):
            return False
    return not any(
        call.callee == f"{text}.release" and outer.at[0] < call.at < at for call in body.calls
    )


# What is taken below a call


@query
def locks_below(db: Database, function: FunctionId, depth: int) -> frozenset[Token]:
    """Return the locks for which a function waits, itself or at most ``depth`` calls below."""
    unit, index = function
    found = unit_takes(db, unit)[index]
    if depth:
        below: set[Token] = set()
        attempts = unit_attempts(db, unit)[index]
        for link in unit_links(db, unit)[index]:
            carried = _carried(db, link, depth)
            below |= _after(attempts[link], carried) if link in attempts else carried
        if below:
            found |= below
    return found


def _carried(db: Database, link: Link, depth: int) -> frozenset[Token]:
    """Return the locks taken below a call, as its caller knows them."""
    tokens = locks_below(db, link.target, depth - 1)
    if not tokens:
        return _NOTHING
    bound = bound_names(db, link.target[0])[link.target[1]]
    carried = [_as_known(token, link, bound) for token in tokens]
    return frozenset([token for token in carried if token is not None])


def _as_known(token: Token, link: Link, bound: frozenset[str]) -> Token | None:
    """Return a callee's token as the caller knows it; None when that lock is none of the caller's."""
    when = link.conditions(token.when)
    if when is None:
        return None
    if not token.path:
        return Token(token.identity, "", when, token.tried)
    if link.makes:
        # The locks of an object that is only being made are free.
        return None
    path = link.path(token.path, bound) if token.path != SOMEWHERE else ""
    if not path and (":<" in token.identity or token.identity.startswith("(")):
        return None
    return Token(token.identity, path or SOMEWHERE, when, token.tried)


def _after(got: frozenset[Lock], tokens: Iterable[Token]) -> set[Token]:
    """Return locks that are taken below a call, before which attempts have got some locks."""
    return {
        replace(token, tried=True) if (token.identity, token.path) in got else token
        for token in tokens
    }


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One call on the way to an acquisition: who makes it, where, and who is called."""

    caller: FunctionId
    event: Event
    callee: FunctionId


def way_to(
    db: Database, function: FunctionId, nesting: Nesting
) -> tuple[list[Step], FunctionId, Acquisition] | None:
    """Return the calls that lead to the inner acquisition, who makes that, and the acquisition.

    The way is the shortest there is, and the first in the source among those.
    """
    steps: list[Step] = []
    current, wanted, event = function, nesting.inner, nesting.event
    if event is not None:
        depth = next(
            (
                depth
                for depth in range(1, MAX_DEPTH + 1)
                for found, link in calls_of(db, function)
                if found == event and wanted in _carried(db, link, depth)
            ),
            0,
        )
        while depth:
            step = _next(db, current, wanted, depth, event)
            if step is None:
                return None
            steps.append(step[0])
            current, wanted, depth, event = step[0].callee, step[1], step[2], None
    for row in acquisitions(db, current):
        same = row.place == nesting.place if nesting.place is not None else row.token == wanted
        if same and row.waits:
            return steps, current, row
    return None


def _next(
    db: Database, function: FunctionId, wanted: Token, depth: int, event: Event | None
) -> tuple[Step, Token, int] | None:
    """Return the first call below which a lock is taken after the fewest calls.

    What the holder itself calls is given as ``event``; attempts of its own say nothing of what it holds.
    """
    attempts = unit_attempts(db, function[0])[function[1]] if event is None else {}
    for nearer in range(1, depth + 1):
        for found, link in calls_of(db, function):
            if event is not None and found != event:
                continue
            bound = bound_names(db, link.target[0])[link.target[1]]
            for token in sorted(locks_below(db, link.target, nearer - 1), key=_text):
                known = _as_known(token, link, bound)
                if known and link in attempts:
                    known = next(iter(_after(attempts[link], [known])))
                if known == wanted:
                    if token in unit_takes(db, link.target[0])[link.target[1]]:
                        return Step(function, found, link.target), token, 0
                    return Step(function, found, link.target), token, nearer - 1
    return None
