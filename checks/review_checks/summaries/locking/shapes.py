"""Says of functions what their siblings need to know to tell which locks are held in them.

A *shape* leaves out where in a function things happen, so that most edits leave it as it is.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.locking.guards import Guard
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.slices import Slice, unit_slices

T = TypeVar("T")

Locks = frozenset[str]
"""The identities of locks that are held."""

NOTHING: Locks = frozenset()


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """What a function uses and calls.

    Attributes:
        name: the function's own.
        role: who may call it.
        declared: it says itself that its caller holds the lock.
        accessor: it is called by reading an attribute.
        uses: the fields that it uses.
        reads: those that it uses while it holds no lock of its own.
        writes: those among them that it changes.
        guarded: the fields that it uses under its own locks, whether it changes them, and which.
        calls: the targets that it calls, and under which of its own locks.
        mentions: the targets that it hands on as values, and under which of its own locks.
        detached: the targets that it has run later.
        guards: the locks that it takes.
        declares: the fields for which a comment in it declares a guard, with the guard's text.
    """

    name: str
    role: Role
    declared: bool
    accessor: bool
    uses: frozenset[str]
    reads: frozenset[str]
    writes: frozenset[str]
    guarded: tuple[tuple[str, bool, Locks], ...]
    calls: tuple[tuple[str, Locks], ...]
    mentions: tuple[tuple[str, Locks], ...]
    detached: frozenset[str]
    guards: tuple[Guard, ...]
    declares: tuple[tuple[str, str], ...]


@query
def unit_shapes(db: Database, unit: int) -> tuple[Shape, ...]:
    """Return the shape of each function of a unit."""
    return tuple([_shape(found) for found in unit_slices(db, unit)])


def _shape(found: Slice) -> Shape:
    sites = [(field, site) for field, rows in found.sites.items() for site in rows]
    bare = [(field, site) for field, site in sites if not site.guards]
    return Shape(
        found.name,
        found.role,
        found.declared,
        found.accessor,
        frozenset(found.sites),
        frozenset([field for field, _ in bare]),
        frozenset([field for field, site in bare if site.write]),
        _once([(field, site.write, site.guards) for field, site in sites if site.guards]),
        _once([(reach.target, reach.guards) for reach in found.reaches]),
        _once([(reach.target, reach.guards) for reach in found.mentions]),
        found.detached,
        found.guards,
        found.declares,
    )


def _once(rows: list[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(rows))
