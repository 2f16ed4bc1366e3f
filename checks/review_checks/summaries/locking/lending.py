"""Says which helpers change guarded state and leave it to their callers to hold the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.declarations import lock_named
from review_checks.summaries.locking.guarding import Guarding, Use, usual_guard
from review_checks.summaries.locking.guards import UNKNOWN
from review_checks.summaries.locking.sharing import Access, Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from review_checks.summaries.incremental import Database
    from review_checks.summaries.locking.shapes import Locks
    from review_checks.summaries.locking.sibling_calls import Caller

Calling = tuple[FunctionId, str]
"""A call: who makes it, and the target as it names it."""


class Lent(msgspec.Struct, frozen=True, array_like=True):
    """A helper that some callers call with the lock of a field held, and others without.

    Attributes:
        field: what is changed.
        by: the lock, and what makes it the field's.
        changer: the function that changes the field; the helper, or one that it calls.
        writes: what the changer does to the field without the lock.
        helper: the function that is called.
        holding: the calls with the lock held.
        without: those that surely do not hold it.
    """

    field: str
    by: Guarding
    changer: FunctionId
    writes: tuple[Access, ...]
    helper: FunctionId
    holding: tuple[Calling, ...]
    without: tuple[Calling, ...]


def lendings(db: Database, shared: Sharing) -> Iterator[Lent]:
    """Yield the helpers of a class or module that are called under a lock, but not always."""
    for field, accesses in shared.fields.items():
        changers: dict[FunctionId, list[Access]] = {}
        for access in accesses:
            if access.site.write and access.function not in shared.solution.entries:
                changers.setdefault(access.function, []).append(access)
        for changer, writes in changers.items():
            by = _lent(db, shared, field, changer)
            if by is None:
                continue
            bare = tuple([access for access in writes if access.misses(by.guard)])
            if bare:
                for helper, holding, without in _split(shared, changer, by.guard.identity):
                    yield Lent(field, by, changer, bare, helper, holding, without)


def _lent(db: Database, shared: Sharing, field: str, changer: FunctionId) -> Guarding | None:
    """Return the lock of a field that some but not all hold who call a function that changes it."""
    above = [
        row for helper in _above(shared, changer) for row in shared.solution.callers.get(helper, ())
    ]
    mixed = {identity for _, _, locks in above for identity in locks} - {UNKNOWN}
    if not mixed:
        return None
    declared = shared.solution.declared.get(field)
    if declared is not None:
        guard = lock_named(db, *declared, shared.solution.guards)
        if guard is not None:
            return Guarding(guard, declared[0]) if guard.identity in mixed else None
    uses = _by_call(shared, field, changer, list(_routes(shared, above)))
    guard = usual_guard(uses, shared.solution.guards)
    return Guarding(guard) if guard is not None and guard.identity in mixed else None


def _above(shared: Sharing, function: FunctionId) -> list[FunctionId]:
    """Return a function and those that reach it, up to those that others may call."""
    found = dict.fromkeys([function])
    todo = [function]
    for current in todo:
        if current not in shared.solution.entries:
            for caller, _, _ in shared.solution.callers.get(current, ()):
                if caller not in found:
                    found[caller] = None
                    todo.append(caller)
    return [current for current in found if current not in shared.solution.entries]


def _by_call(
    shared: Sharing, field: str, changer: FunctionId, routes: Sequence[Locks]
) -> Iterator[Use]:
    """Yield the uses of a field, those by one function once for each route that leads there."""
    for access in shared.fields[field]:
        if access.function != changer or not routes:
            yield access.site.write, access.guards
            continue
        own = shared.solution.known(access.site.guards)
        for locks in routes:
            yield access.site.write, own | locks


def _routes(shared: Sharing, above: Iterable[Caller]) -> Iterator[Locks]:
    """Yield what is held at each of some calls that come from where their locks are taken."""
    for caller, _, locks in above:
        if locks or caller in shared.solution.entries or not shared.solution.callers.get(caller):
            yield locks


def _split(
    shared: Sharing, changer: FunctionId, identity: str
) -> Iterator[tuple[FunctionId, tuple[Calling, ...], tuple[Calling, ...]]]:
    """Yield the helpers between a function and the entries that some call with a lock and some not.

    A caller that is such a helper itself is not at fault, but the one that calls it.
    """
    for helper in _above(shared, changer):
        rows = shared.solution.callers.get(helper, ())
        holding = _calling(rows, [identity in locks for _, _, locks in rows])
        if not holding:
            continue
        lacks = [
            not locks & {identity, UNKNOWN} and not _is_mixed(shared, caller, identity)
            for caller, _, locks in rows
        ]
        without = _calling(rows, lacks)
        if without:
            yield helper, holding, without


def _calling(rows: Sequence[Caller], chosen: Sequence[bool]) -> tuple[Calling, ...]:
    found = [row[:2] for row, take in zip(rows, chosen, strict=True) if take]
    return tuple(dict.fromkeys(found))


def _is_mixed(shared: Sharing, function: FunctionId, identity: str) -> bool:
    """Say whether a function is called with a lock held by some, so that these are asked instead."""
    if function in shared.solution.entries:
        return False
    above = shared.solution.callers.get(function, ())
    return any(identity in locks or UNKNOWN in locks for _, _, locks in above)
