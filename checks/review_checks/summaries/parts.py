"""The units of a file in short runs.

What is gathered from all units of a file is gathered run by run, so that a unit that comes or goes
costs no more than its run, however many others there are.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import members
from review_checks.summaries.inputs import FunctionId, UnitId, layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

_ABOUT = 12
"""How many units a run has, on average."""

_MOST = 2 * _ABOUT
"""How many it has at most: units that begin a run may go, and those that come begin few."""

Part = tuple[UnitId, ...]
"""Units that follow one another in a file."""


@query
def parts(db: Database, path: str) -> tuple[Part, ...]:
    """Return the units of a file from top to bottom, in runs; none if it cannot be read."""
    units = layout(db, path) or ()
    return _in_runs(units, units)


@query
def member_parts(db: Database, path: str, owner: str) -> tuple[tuple[FunctionId, ...], ...]:
    """Return the functions of a class, or those of a module's own, in order and in runs."""
    functions = members(db, path, owner)
    return _in_runs(functions, [unit for unit, _ in functions])


def member_units(db: Database, path: str, owner: str) -> Iterator[Part]:
    """Yield the units of a class, or those of a module's own functions, in runs."""
    for run in member_parts(db, path, owner):
        yield tuple(dict.fromkeys(unit for unit, _ in run))


def _in_runs(rows: tuple[T, ...], units: Sequence[UnitId]) -> tuple[tuple[T, ...], ...]:
    """Split rows, each of which is about a unit, into runs.

    A run begins at a unit whose number says so, or where the one before grows too long. So it stays
    as it is while units come and go elsewhere. All rows about one unit are in the same run.
    """
    starts: list[int] = []
    before = None
    for at, unit in enumerate(units):
        if unit != before and (before is None or not unit % _ABOUT or at >= starts[-1] + _MOST):
            starts.append(at)
        before = unit
    return tuple([rows[at:end] for at, end in itertools.pairwise((*starts, len(rows)))])
