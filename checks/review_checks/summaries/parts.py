"""The units of a file in short runs.

What is gathered from all units of a file is gathered run by run, so that a unit that comes or goes
costs no more than its run, however many others there are.
"""

from __future__ import annotations

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import UnitId, layout

_ABOUT = 12
"""How many units a run has, on average."""

_MOST = 2 * _ABOUT
"""How many it has at most: units that begin a run may go, and those that come begin few."""

Part = tuple[UnitId, ...]
"""Units that follow one another in a file."""


@query
def parts(db: Database, path: str) -> tuple[Part, ...]:
    """Return the units of a file from top to bottom, in runs; none if it cannot be read.

    A run begins at a unit whose number says so, and seldom after so many units. So it stays as it is
    while units come and go elsewhere.
    """
    units = layout(db, path) or ()
    starts: list[int] = []
    for at, unit in enumerate(units):
        if not starts or not unit % _ABOUT or at == starts[-1] + _MOST:
            starts.append(at)
    return tuple([units[at:end] for at, end in zip(starts, (*starts[1:], len(units)), strict=True)])
