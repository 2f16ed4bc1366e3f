"""Says who calls a function from other files of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.naming import names_in
from review_checks.summaries.calling import calls_of
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import mentioned_in, outline
from review_checks.summaries.inputs import FunctionId, layout, unit_facts, unit_path
from review_checks.summaries.locking.acquisitions import unit_takes

if TYPE_CHECKING:
    from collections.abc import Iterator


@query
def callers_elsewhere(db: Database, function: FunctionId) -> tuple[FunctionId, ...]:
    """Return the functions of other files that call a function, as far as calls can be resolved."""
    name = outline(db, function[0]).functions[function[1]].name
    here = unit_path(db, function[0])
    return tuple(
        [
            caller
            for path in mentioned_in(db, name)
            if path != here
            for unit in layout(db, path) or ()
            if _mentions(db, unit, name)
            for caller in _callers_in(db, unit, function)
        ]
    )


@query
def _mentions(db: Database, unit: int, name: str) -> bool:
    return name in names_in(unit_facts(db, unit))


def _callers_in(db: Database, unit: int, function: FunctionId) -> Iterator[FunctionId]:
    for index in range(len(outline(db, unit).functions)):
        if any(link.target == function for _, link in calls_of(db, (unit, index))):
            yield unit, index


def is_called_bare_elsewhere(db: Database, function: FunctionId) -> bool:
    """Say whether a function of another file that takes no lock itself calls a function."""
    return any(not unit_takes(db, unit)[index] for unit, index in callers_elsewhere(db, function))
