"""Says whether a function that gives a thing away takes care of it afterwards all the same.

Then it has only lent it, whatever it was given to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Function, Mode, RegionKind, Write
from review_checks.summaries.flow import ancestry, is_inside, may_follow

if TYPE_CHECKING:
    from collections.abc import Collection

_BRANCHES = (RegionKind.THEN, RegionKind.ELSE, RegionKind.CASE)


def released_after(
    body: Function,
    bindings: Collection[Write],
    statement: int,
    releases: Collection[int],
    *,
    surely: bool,
) -> bool:
    """Say whether a function gives a thing back after a statement, in normal flow.

    Args:
        body: the function.
        bindings: the writes after which the thing's name holds another.
        statement: where the thing is given away.
        releases: the statements that give back what the name holds.
        surely: whether to leave out releases under a condition.
    """
    return any(
        release != statement
        and may_follow(body, statement, release)
        and _is_main_way(body, statement, release, surely=surely)
        and not _is_of_another(body, bindings, statement, release)
        for release in releases
    )


def _is_main_way(body: Function, statement: int, release: int, *, surely: bool) -> bool:
    """Say whether a release is no mere way out of a branch, which says nothing of the others."""
    around = [
        body.regions[row]
        for row, _ in ancestry(body, release)
        if not is_inside(body, statement, row)
    ]
    return all(
        row.kind is not RegionKind.HANDLER
        and (row.kind not in _BRANCHES or (row.falls and not surely))
        for row in around
    )


def _is_of_another(
    body: Function, bindings: Collection[Write], statement: int, release: int
) -> bool:
    """Say whether the name holds another thing whenever control comes on to a release."""
    start, end = body.statements[statement].end, body.statements[release].at
    above = ancestry(body, release)
    regions = {region for region, _ in above}
    return any(
        start <= write.at < end
        and write.mode is not Mode.DELETE
        and body.statements[write.statement].region in regions
        for write in bindings
    )
