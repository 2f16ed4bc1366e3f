"""Answers questions about the control flow inside one function, from its tree of regions.

The flow is structured, so that most answers follow from the tree alone: a statement dominates what
comes after it in its own block and everything inside that.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from review_checks.facts.schema import Function, Handler, Mode, RegionKind, StatementKind, Write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BRANCHES = (RegionKind.THEN, RegionKind.ELSE, RegionKind.CASE, RegionKind.HANDLER)
_LOOPS = (StatementKind.FOR, StatementKind.WHILE)


def ancestry(body: Function, statement: int) -> list[tuple[int, int]]:
    """Return the blocks around a statement, innermost first, and its ancestor in each.

    The first row is the statement's own block and the statement itself.
    """
    rows = []
    while statement >= 0:
        region = body.statements[statement].region
        rows.append((region, statement))
        statement = body.regions[region].owner
    return rows


def is_inside(body: Function, statement: int, region: int) -> bool:
    """Say whether a statement lies in a block or in a block inside it."""
    while statement >= 0:
        around = body.statements[statement].region
        if around == region:
            return True
        statement = body.regions[around].owner
    return False


def regions_of(body: Function, statement: int) -> Sequence[int]:
    """Return the blocks of a compound statement, in the order of the source."""
    return _tree_of(_Same(body)).blocks.get(statement, ())


def handlers_around(body: Function, statement: int) -> Iterator[Handler]:
    """Yield the handlers that see an exception raised at a statement, innermost first."""
    for region, _ in ancestry(body, statement):
        if body.regions[region].kind == RegionKind.TRY:
            owner = body.regions[region].owner
            yield from (handler for handler in body.handlers if handler.statement == owner)


def finally_around(body: Function, statement: int) -> Iterator[int]:
    """Yield the ``finally`` blocks that run when an exception leaves a statement, innermost first."""
    for region, _ in ancestry(body, statement):
        kind, owner = body.regions[region].kind, body.regions[region].owner
        if kind in (RegionKind.TRY, RegionKind.HANDLER, RegionKind.TRY_ELSE):
            for index in regions_of(body, owner):
                if body.regions[index].kind == RegionKind.FINALLY:
                    yield index


def loops_around(body: Function, statement: int) -> Iterator[int]:
    """Yield the loop statements in whose body a statement lies, innermost first."""
    for region, _ in ancestry(body, statement):
        if body.regions[region].kind == RegionKind.LOOP:
            yield body.regions[region].owner


def dominates(body: Function, first: int, second: int) -> bool:
    """Say whether control passes through statement ``first`` whenever it reaches ``second``.

    A statement in a ``try`` block does not dominate the handlers of that ``try``: it may have
    raised.
    """
    region = body.statements[first].region
    for around, ancestor in ancestry(body, second):
        if around == region:
            return first <= ancestor
    return False


def may_follow(body: Function, first: int, second: int) -> bool:
    """Say whether control can come from statement ``first`` to ``second`` without going round a loop."""
    if first == second:
        return True
    above = ancestry(body, first)
    below = dict(ancestry(body, second))
    for position, (region, ancestor) in enumerate(above):
        if region not in below:
            continue
        other = below[region]
        if other == ancestor:
            return _in_sequence(body, above[:position], second, ancestor)
        if other < ancestor:
            return False
        # Control has to fall out of every block between the statement and the common one.
        return all(_goes_on(body, inner) for inner, _ in above[:position])
    return False


def _goes_on(body: Function, region: int) -> bool:
    """Say whether control can pass from inside a block to what follows its statement."""
    return body.regions[region].falls or body.regions[region].kind == RegionKind.LOOP


def _in_sequence(body: Function, inner: list[tuple[int, int]], second: int, owner: int) -> bool:
    """Decide for two statements in different blocks of one compound statement."""
    if not inner:
        return True
    if second == owner:
        return False
    mine = inner[-1][0]
    theirs = next(
        region for region, _ in ancestry(body, second) if body.regions[region].owner == owner
    )
    if mine == theirs:
        return False
    kinds = body.regions[mine].kind, body.regions[theirs].kind
    if kinds[1] == RegionKind.FINALLY:
        return True
    if kinds[0] == RegionKind.TRY:
        return kinds[1] == RegionKind.HANDLER or body.regions[mine].falls
    if kinds[0] == RegionKind.LOOP:
        return kinds[1] == RegionKind.LOOP_ELSE
    return False


def between(body: Function, first: int, second: int) -> range:
    """Return the orders of events from the end of one statement to the start of another."""
    return range(body.statements[first].end, body.statements[second].at)


def block_of(body: Function, region: int) -> range:
    """Return the orders of the events inside a block."""
    members = statements_in(body, region)
    if not members:
        return range(0)
    return range(body.statements[members[0]].at, body.statements[members[-1]].end)


def statements_in(body: Function, region: int) -> Sequence[int]:
    """Return the statements of a block, not those of blocks inside it."""
    return _tree_of(_Same(body)).members.get(region, ())


class _Tree(NamedTuple):
    """The blocks of each compound statement, and the statements of each block."""

    blocks: dict[int, list[int]]
    members: dict[int, list[int]]


class _Same:
    """A function's facts, equal only to themselves: to compare them would take far longer."""

    __slots__ = ("body",)

    def __init__(self, body: Function) -> None:
        self.body = body

    def __hash__(self) -> int:
        return id(self.body)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.body is self.body


@functools.lru_cache(maxsize=32)
def _tree_of(same: _Same) -> _Tree:
    """Return the tree of a function; the questions about one mostly come together."""
    tree = _Tree({}, {})
    for index, region in enumerate(same.body.regions):
        tree.blocks.setdefault(region.owner, []).append(index)
    for index, statement in enumerate(same.body.statements):
        tree.members.setdefault(statement.region, []).append(index)
    return tree


def reaching(body: Function, name: str, statement: int) -> list[tuple[int, Write]]:
    """Return the writes to a name that can reach a statement: the last that must run, and later ones."""
    end = body.statements[statement].end
    rows = [
        (index, write)
        for index, write in enumerate(body.writes)
        if write.path == name and write.at < end and write.statement != statement
    ]
    for position in range(len(rows) - 1, -1, -1):
        write = rows[position][1]
        if write.mode is not Mode.AUGMENT and dominates(body, write.statement, statement):
            return rows[position:]
    return rows
