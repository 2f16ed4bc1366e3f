"""Says which fields are meant to change under one lock together, by the function that disagrees.

A field that one function changes under a lock and another one without is no evidence of anything.
Where the one without changes several such fields, all of which it reads and writes back, and
everybody else changes them under the same lock only, it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.guards import Guard
    from review_checks.summaries.locking.sharing import Access

_LEAST = 3
"""How many fields have to be changed so for the lock to be no matter of chance."""


def kept_together(
    fields: Mapping[str, tuple[Access, ...]], guards: Mapping[str, Guard]
) -> dict[str, tuple[Guard, tuple[str, ...]]]:
    """Return the lock of fields that one function changes without it, and the fields beside each."""
    groups: dict[tuple[FunctionId, str], list[str]] = {}
    for field, accesses in fields.items():
        stray = _stray(accesses)
        locks = _locks_elsewhere(accesses, stray) if stray is not None else frozenset()
        for identity in sorted(locks & guards.keys()):
            if stray is not None:
                groups.setdefault((stray, identity), []).append(field)
    found: dict[str, tuple[Guard, tuple[str, ...]]] = {}
    for (_, identity), group in groups.items():
        if len(group) >= _LEAST:
            for field in group:
                beside = tuple([other for other in group if other != field])
                found.setdefault(field, (guards[identity], beside))
    return found


def _stray(accesses: tuple[Access, ...]) -> FunctionId | None:
    """Return the only function that reads a field and writes it back without any lock."""
    bare = {row.function for row in accesses if row.site.write and not row.guards}
    compound = {row.function for row in accesses if row.site.compound and not row.guards}
    return next(iter(bare)) if len(bare) == 1 and bare == compound else None


def _locks_elsewhere(accesses: tuple[Access, ...], stray: FunctionId) -> frozenset[str]:
    """Return the locks under which all other functions change a field."""
    rows = [row.guards for row in accesses if row.site.write and row.function != stray]
    return frozenset.intersection(*rows) if rows else frozenset()
