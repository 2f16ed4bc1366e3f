"""Says which lock guards each field of a class or module: the usual one, or the declared one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.company import kept_together
from review_checks.summaries.locking.declarations import lock_named
from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.shapes import Locks
from review_checks.summaries.locking.sharing import Access, Sharing, class_sharing, module_sharing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


Use = tuple[bool, Locks]
"""A use of a field: whether it is a write, and the locks that are held there."""

_UNSURE: Locks = frozenset({UNKNOWN})
_NO_LOCKS: Locks = frozenset()


class Guarding(msgspec.Struct, frozen=True, array_like=True):
    """What guards one field.

    Attributes:
        guard: the lock.
        declaration: the function with the comment that declares it; None when it is only usual.
        rival: the lock of a minority of the writes, when the two exclude nobody from each other.
        beside: other fields that one function changes without the lock, and nobody else does.
    """

    guard: Guard
    declaration: FunctionId | None = None
    rival: Guard | None = None
    beside: tuple[str, ...] = ()


@query
def class_guarding(db: Database, owner: str) -> dict[str, Guarding]:
    """Return what guards the fields of a class, for those that are not guarded everywhere."""
    return _guarding(db, class_sharing(db, owner))


@query
def module_guarding(db: Database, path: str) -> dict[str, Guarding]:
    """Return what guards the variables of a module, for those that are not guarded everywhere."""
    return _guarding(db, module_sharing(db, path))


def _guarding(db: Database, shared: Sharing) -> dict[str, Guarding]:
    found = {}
    for field, accesses in shared.fields.items():
        declared = shared.solution.declared.get(field)
        if declared is not None:
            function, text = declared
            guard = lock_named(db, function, text, shared.solution.guards)
            if guard is not None:
                found[field] = Guarding(guard, function)
                continue
        rivals = _rivals(accesses, shared.solution.guards)
        if rivals is not None:
            found[field] = Guarding(rivals[0], None, rivals[1])
            continue
        uses = [(access.site.write, access.guards) for access in accesses]
        guard = usual_guard(uses, shared.solution.guards)
        if guard is not None:
            found[field] = Guarding(guard)
    for field, (guard, beside) in kept_together(shared.fields, shared.solution.guards).items():
        found.setdefault(field, Guarding(guard, beside=beside))
    return found


def usual_guard(uses: Iterable[Use], guards: Mapping[str, Guard]) -> Guard | None:
    """Return the lock that guards most uses of a field.

    It is held at two places at least, one of them a write, or at three; and at two thirds of all,
    where a write counts twice.
    """
    total = 0
    weights: dict[str, int] = {}
    places: dict[str, int] = {}
    for write, held in uses:
        if held != _UNSURE:
            weight = 2 if write else 1
            total += weight
            for identity in held:
                weights[identity] = weights.get(identity, 0) + weight
                places[identity] = places.get(identity, 0) + 1
    for identity in sorted(weights, key=lambda item: (-weights[item], item)):
        weight, count = weights[identity], places[identity]
        strong = count >= 3 or (count == 2 and weight > count)
        if strong and weight * 3 >= total * 2 and identity in guards:
            return guards[identity]
    return None


def _rivals(accesses: Iterable[Access], guards: Mapping[str, Guard]) -> tuple[Guard, Guard] | None:
    """Return the lock of most uses and that of the others, when no lock is common to them.

    Each is held, without the other, at two places at least, one of them a write; together they are
    held at all writes and at two thirds of all uses. Writes that only bind anew are atomic.
    """
    sure = [access for access in accesses if access.guards != _UNSURE]
    if len(_NO_LOCKS.union(*[access.guards for access in sure])) < 2:
        return None
    held = _by_lock(sure, guards)
    order = sorted(held, key=lambda item: (-sum(map(_weight, held[item])), item))
    for number, first in enumerate(order):
        for second in order[number + 1 :]:
            one = [access for access in held[first] if second not in access.guards]
            other = [access for access in held[second] if first not in access.guards]
            both = {first, second}
            left = [access for access in sure if both.isdisjoint(access.guards)]
            if (
                _suffices(one)
                and _suffices(other)
                and not any(access.site.write for access in left)
                and any(access.site.compound for access in (*one, *other))
                and len(left) * 3 <= len(sure)
                and not _common([access for access in sure if access not in left])
            ):
                return guards[first], guards[second]
    return None


def _suffices(accesses: list[Access]) -> bool:
    return len(accesses) >= 2 and any(access.site.write for access in accesses)


def _common(accesses: list[Access]) -> frozenset[str]:
    """Return the locks that are held at all of some accesses."""
    return frozenset.intersection(*[access.guards for access in accesses])


def _by_lock(accesses: Iterable[Access], guards: Mapping[str, Guard]) -> dict[str, list[Access]]:
    held: dict[str, list[Access]] = {}
    for access in accesses:
        for identity in access.guards:
            if identity in guards:
                held.setdefault(identity, []).append(access)
    return held


def _weight(access: Access) -> int:
    return 2 if access.site.write else 1
