"""Says where the fields of a class, and the variables of a module, are used under which locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import module_info, qualified_name
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.locking.entry_guards import Solution, class_solution, module_solution
from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.slices import Event, event_of, unit_slices
from review_checks.summaries.locking.traits import Traits

if TYPE_CHECKING:
    from review_checks.facts.schema import Call, Read, Write


class Touch(msgspec.Struct, frozen=True, array_like=True):
    """A site without its place in the function, which most edits change; see ``slices.Site``."""

    write: bool
    compound: bool
    guards: frozenset[str]
    traits: Traits


class Access(msgspec.Struct, frozen=True, array_like=True):
    """A use of a field, with every guard that is effectively held there; ``event_at`` says where.

    Attributes:
        function: the function that makes it.
        name: the function's qualified name.
        field: the field.
        number: which of the function's accesses of the field it is.
        site: what it does.
        guards: the guards that are held, those that callers hold included.
    """

    function: FunctionId
    name: str
    field: str
    number: int
    site: Touch
    guards: frozenset[str]

    def misses(self, guard: Guard) -> bool:
        """Say whether it is made without a lock, as far as that is sure."""
        return guard.identity not in self.guards and UNKNOWN not in self.guards


class Sharing(msgspec.Struct, frozen=True, array_like=True):
    """The accesses of the fields that some lock guards at some of them, but not at all.

    Attributes:
        owner: the canonical name of the class or module.
        fields: field → its accesses, in the order of the source.
        solution: who calls whom under which locks.
    """

    owner: str
    fields: dict[str, tuple[Access, ...]]
    solution: Solution


def event_at(db: Database, access: Access) -> Event:
    """Return the event of an access."""
    unit, index = access.function
    return unit_slices(db, unit)[index].sites[access.field][access.number].event


def row_at(db: Database, access: Access) -> Write | Call | Read:
    """Return the facts of an access."""
    unit, index = access.function
    return event_of(unit_facts(db, unit).functions[index], event_at(db, access))


@query
def _touches(db: Database, unit: int) -> tuple[dict[str, tuple[Touch, ...]], ...]:
    """Return what each function of a unit does to which fields."""
    return tuple(
        [
            {
                field: tuple(
                    [Touch(row.write, row.compound, row.guards, row.traits) for row in rows]
                )
                for field, rows in found.sites.items()
            }
            for found in unit_slices(db, unit)
        ]
    )


@query
def class_sharing(db: Database, owner: str) -> Sharing:
    """Return how the fields of a class are shared, its project bases' methods included."""
    return _share(db, owner, class_solution(db, owner))


@query
def module_sharing(db: Database, path: str) -> Sharing:
    """Return how the variables of a module are shared among its functions and methods."""
    return _share(db, module_info(db, path).name, module_solution(db, path))


def _share(db: Database, owner: str, solution: Solution) -> Sharing:
    fields = {}
    for field, users in solution.users.items():
        rows = []
        for function, around in users:
            name = qualified_name(db, function)
            sites = _touches(db, function[0])[function[1]].get(field, ())
            for number, site in enumerate(sites):
                # Where nobody is known to call a function that takes no lock there is no evidence.
                if around is not None or site.guards:
                    guards = solution.known(site.guards | (around or frozenset()))
                    rows.append(Access(function, name, field, number, site, guards))
        if rows:
            fields[field] = tuple(rows)
    return Sharing(owner, fields, solution)
