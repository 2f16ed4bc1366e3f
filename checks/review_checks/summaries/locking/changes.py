"""Says which containers of a class or module are changed in place, by whom and under which locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import class_names, members
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.shapes import Locks
from review_checks.summaries.locking.slices import Event, unit_slices
from review_checks.summaries.locking.traits import Trait
from review_checks.summaries.names import class_of, home, lineage

if TYPE_CHECKING:
    from collections.abc import Iterable


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A change in place: the function that makes it, where, and under which of its own locks."""

    function: FunctionId
    event: Event
    guards: Locks


@query
def class_changes(db: Database, owner: str) -> dict[str, tuple[Change, ...]]:
    """Return the changes in place of the fields of a class, its project bases' methods included."""
    bases = [base for base in lineage(db, owner) if class_of(db, base) is not None]
    places = [place for place in (home(db, base) for base in bases) if place is not None]
    return _changes(
        db, [row for place in places for row in members(db, place.path, place.name)], of_class=True
    )


@query
def module_changes(db: Database, path: str) -> dict[str, tuple[Change, ...]]:
    """Return the changes in place of the variables of a module."""
    owners = ("", *class_names(db, path))
    return _changes(
        db, [row for owner in owners for row in members(db, path, owner)], of_class=False
    )


def _changes(
    db: Database, functions: Iterable[FunctionId], *, of_class: bool
) -> dict[str, tuple[Change, ...]]:
    found: dict[str, list[Change]] = {}
    for function in functions:
        row = unit_slices(db, function[0])[function[1]]
        if row.role in (Role.OWNED, Role.BODY):
            continue
        for field, sites in row.sites.items():
            if field.startswith(".") is of_class:
                for site in sites:
                    if site.write and site.traits & Trait.INPLACE:
                        change = Change(function, site.event, site.guards)
                        found.setdefault(field, []).append(change)
    return {field: tuple(rows) for field, rows in found.items()}
