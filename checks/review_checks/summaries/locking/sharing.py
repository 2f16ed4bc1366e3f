"""Says where the fields of a class, and the variables of a module, are used under which locks."""

from __future__ import annotations

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import module_info, qualified_name
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.entry_guards import Solution, class_solution, module_solution
from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.slices import Site, unit_slices


class Access(msgspec.Struct, frozen=True, array_like=True):
    """A site in its function, with every guard that is effectively held there."""

    function: FunctionId
    name: str
    site: Site
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
            for site in unit_slices(db, function[0])[function[1]].sites.get(field, ()):
                # Where nobody is known to call a function that takes no lock there is no evidence.
                if around is not None or site.guards:
                    guards = solution.known(site.guards | (around or frozenset()))
                    rows.append(Access(function, name, site, guards))
        if rows:
            fields[field] = tuple(rows)
    return Sharing(owner, fields, solution)
