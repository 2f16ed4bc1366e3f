"""Says what a function does to a field on the strength of a check that it made without the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.summaries.flow import dominates, handlers_around, is_inside, regions_of
from review_checks.summaries.locking.sharing import Access, row_at
from review_checks.summaries.locking.traits import Trait, Traits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from review_checks.rule import Context
    from review_checks.summaries.locking.guards import Guard


_GONE = frozenset({"IndexError", "KeyError", "LookupError"})
_NONE = frozenset({"AttributeError"})


class Acted(msgspec.Struct, frozen=True):
    """What depends on a check: the access, and what it does, in words."""

    access: Access
    what: str


def acted_upon(
    check: Access,
    mine: Sequence[Access],
    guard: Guard,
    changes: Iterable[Access],
    context: Context,
) -> Acted | None:
    """Return the first access that goes wrong when what was checked is no longer so.

    Args:
        check: the access that is part of a condition.
        mine: all accesses of the same field in the function.
        guard: the lock that the check misses.
        changes: the writes of the field under that lock, wherever they are.
        context: knows the function.
    """
    traits = Trait.NONE
    rows = [row for row in changes if row is not check and _bears_on(row, check)]
    if not rows:
        return None
    for access in rows:
        traits |= access.site.traits
    for access in mine:
        if access is not check and _depends(check, access, context):
            if _tolerates(access, context):
                continue
            what = _danger(check, access, mine, guard, traits)
            if what:
                return Acted(access, what)
    return None


def _bears_on(change: Access, check: Access) -> bool:
    """Say whether a change may make what was checked untrue.

    Which items there are is not changed by what becomes of one of them.
    """
    return not change.site.traits & Trait.INNER or bool(check.site.traits & Trait.ITEM)


def _tolerates(access: Access, context: Context) -> bool:
    """Say whether a handler expects that what an access needs is no longer there."""
    body, expected = context.facts(access.function), set[str]()
    if access.site.traits & Trait.ITEM:
        expected |= _GONE
    if access.site.traits & Trait.MEMBER:
        expected |= _NONE
    return any(
        not expected.isdisjoint(handler.types)
        for handler in handlers_around(body, row_at(context.db, access).statement)
    )


def _danger(
    check: Access, access: Access, mine: Iterable[Access], guard: Guard, traits: Traits
) -> str:
    """Return what an access would do wrongly, or ''."""
    checked, does = check.site.traits, access.site.traits
    if access.site.write:
        if guard.identity not in access.guards or not does & (Trait.STORE | Trait.ITEM):
            return ""
        again = [row for row in mine if row is not access and guard.identity in row.guards]
        rechecked = does & Trait.TEST or any(not row.site.write for row in again)
        return "" if rechecked else "it is changed"
    if not access.misses(guard):
        return ""
    if does & Trait.ITEM and not checked & Trait.ITEM and traits & Trait.SHRINK:
        return "an item of it is used"
    if does & Trait.MEMBER and not checked & Trait.MEMBER and traits & Trait.EMPTY:
        return "it is used"
    return ""


def _depends(check: Access, access: Access, context: Context) -> bool:
    """Say whether an access is made or not according to a condition."""
    body = context.facts(access.function)
    test, act = (row_at(context.db, row) for row in (check, access))
    blocks = regions_of(body, test.statement)
    if any(is_inside(body, act.statement, block) for block in blocks):
        return True
    ends = any(not body.regions[block].falls for block in blocks)
    return (
        ends and test.statement < act.statement and dominates(body, test.statement, act.statement)
    )
