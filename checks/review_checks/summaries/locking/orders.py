"""Says in which orders locks are taken, and where two orders contradict each other.

An order is looked for in the files that declare its locks and in the file at hand: whoever takes two
locks mostly stands beside one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline, owner_of
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.families import family
from review_checks.summaries.locking.nesting import Nesting, nestings
from review_checks.summaries.locking.roles import Role, role_of
from review_checks.summaries.locking.sibling_calls import SiblingCalls
from review_checks.summaries.names import class_around, home
from review_checks.summaries.parts import Part, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_CALLERS = 4
"""How many calls above a function locks are looked for that its callers hold."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """A lock that a function takes while it holds another, by their identities.

    ``held`` are the locks that the function holds itself when it takes the second.
    """

    first: str
    second: str
    function: FunctionId
    held: frozenset[str]


@query
def file_orders(db: Database, path: str) -> tuple[Order, ...]:
    """Return the orders in which the functions of a file take locks, from top to bottom."""
    return tuple([row for part in parts(db, path) for row in _part_orders(db, part)])


@query
def _part_orders(db: Database, units: Part) -> tuple[Order, ...]:
    return tuple([row for unit in units for row in _unit_orders(db, unit)])


@query
def _unit_orders(db: Database, unit: int) -> tuple[Order, ...]:
    functions = [(unit, index) for index in range(len(outline(db, unit).functions))]
    rows = [order_of(function, row) for function in functions for row in ordered(db, function)]
    return tuple(dict.fromkeys(rows))


def ordered(db: Database, function: FunctionId) -> Iterator[Nesting]:
    """Yield where a function takes a lock while it holds a different one, for either there is one.

    What is taken while an object is made cannot meet others yet; what is held already is not waited
    for.
    """
    rows = nestings(db, function)
    if not rows or role_of(db, function) is Role.OWNED:
        return
    for row in rows:
        first, second = row.outer.token.identity, row.inner.identity
        if row.outer.held.guard.reads or second in row.others:
            continue
        if first != second and _is_single(first) and _is_single(second):
            yield row


def _is_single(identity: str) -> bool:
    """Say whether an identity is that of a lock, not of a family or of a local variable."""
    return ":<>" not in identity and not identity.startswith("(")


def order_of(function: FunctionId, nesting: Nesting) -> Order:
    """Return the order that a nesting shows."""
    return Order(nesting.outer.token.identity, nesting.inner.identity, function, nesting.others)


@query
def contradiction(db: Database, mine: Order) -> tuple[Order, ...]:
    """Return the orders that lead from a second lock back to the first, or none.

    They are none where one lock is held around all of them, so that they cannot meet, and where it is
    another order of the cycle that is at fault: the one that is followed at fewer places.
    """
    path = unit_path(db, mine.function[0])
    known = _known_in(db, _files_near(db, path, mine.first))
    back = _way(known, mine.second, mine.first)
    if not back:
        return ()
    chosen = _apart(db, mine, back, known)
    if chosen and _is_weakest(db, mine, chosen, known):
        return chosen
    return ()


class _Known(NamedTuple):
    """The orders of some files.

    Attributes:
        after: lock → the locks that are taken while it is held.
        rows: pair of locks → the orders in which they are taken, each with its place among all.
    """

    after: dict[str, dict[str, None]]
    rows: dict[tuple[str, str], list[tuple[int, Order]]]

    def of(self, pair: tuple[str, str]) -> list[Order]:
        """Return the orders in which two locks are taken."""
        return [row for _, row in self.rows.get(pair, ())]


@query
def _known_in(db: Database, paths: tuple[str, ...]) -> _Known:
    known = _Known({}, {})
    rows = (row for path in paths for row in file_orders(db, path))
    for place, row in enumerate(rows):
        known.after.setdefault(row.first, {})[row.second] = None
        known.rows.setdefault((row.first, row.second), []).append((place, row))
    return known


@query
def _files_near(db: Database, path: str, start: str) -> tuple[str, ...]:
    """Return the files that declare a lock on a way which begins at a lock, the one at hand first."""
    paths = {path: None}
    known = _known_in(db, (path,))
    todo, seen = [start], {start}
    while todo:
        lock = todo.pop()
        place = home(db, lock) if ":" not in lock else None
        if place is not None and place.path not in paths:
            paths[place.path] = None
            known = _known_in(db, tuple(paths))
            # What was passed already may lead on from here.
            todo, seen = [start], {start}
            continue
        fresh = [other for other in known.after.get(lock, ()) if other not in seen]
        seen.update(fresh)
        todo += fresh
    return tuple(paths)


def _way(known: _Known, start: str, goal: str) -> list[tuple[str, str]]:
    """Return the shortest way from one lock to another, as pairs of locks; empty if there is none."""
    if goal in known.after.get(start, ()):
        return [(start, goal)]
    before: dict[str, str] = {start: ""}
    todo = [start]
    for lock in todo:
        for other in known.after.get(lock, ()):
            if other not in before:
                before[other] = lock
                todo.append(other)
    if goal not in before:
        return []
    pairs = []
    while before[goal]:
        pairs.append((before[goal], goal))
        goal = before[goal]
    return pairs[::-1]


def _apart(
    db: Database, mine: Order, back: list[tuple[str, str]], known: _Known
) -> tuple[Order, ...]:
    """Return one order for each pair such that no lock is held around all of them."""
    chosen: list[Order] = []
    common = _all_held(db, mine) - {mine.first}
    for pair in back:
        rows = [row for row in known.of(pair) if row.function != mine.function]
        free = [row for row in rows if not common & (_all_held(db, row) - {row.first})]
        if free:
            chosen.append(free[0])
            common = frozenset()
        elif rows and common:
            chosen.append(rows[0])
            common &= _all_held(db, rows[0])
        else:
            return ()
    return () if common else tuple(chosen)


def _all_held(db: Database, order: Order) -> frozenset[str]:
    return order.held | held_by_callers(db, order.function)


def held_by_callers(
    db: Database, function: FunctionId, depth: int = _MAX_CALLERS
) -> frozenset[str]:
    """Return the locks that all callers of a private function hold, in its class or module."""
    if depth <= 0 or role_of(db, function) not in (Role.PRIVATE, Role.NESTED):
        return frozenset()
    path = unit_path(db, function[0])
    found = family(db, path, owner_of(db, function))
    calls = SiblingCalls(db, [(class_around(db, function), found)])
    if function not in calls.roles or calls.is_entry(function):
        return frozenset()
    common: frozenset[str] | None = None
    for caller, _, locks in calls.callers(function):
        here = locks | held_by_callers(db, caller, depth - 1)
        common = here if common is None else common & here
    return common or frozenset()


def _is_weakest(db: Database, mine: Order, others: tuple[Order, ...], known: _Known) -> bool:
    """Say whether an order is followed by fewer functions than the others; of equals the last is."""

    def weight(order: Order) -> tuple[int, str, int]:
        rows = known.rows[order.first, order.second]
        functions = {row.function for _, row in rows}
        last, row = rows[-1]
        return -len(functions), unit_path(db, row.function[0]), last

    return all(weight(mine) > weight(order) for order in others)
