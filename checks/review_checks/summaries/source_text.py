"""Says whether a program reads the text of one of its functions, as to have it run elsewhere."""

from __future__ import annotations

from review_checks.facts.schema import Path
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, layout, models, unit_facts, unit_path
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step


def is_read_as_text(db: Database, function: FunctionId) -> bool:
    """Say whether the file of a function asks for the text of a function of that name."""
    name = outline(db, function[0]).functions[function[1]].name
    units = layout(db, unit_path(db, function[0])) or ()
    return any(name in _read_as_text(db, unit) for unit in units)


@query
def _read_as_text(db: Database, unit: int) -> frozenset[str]:
    """Return the names of the functions whose text a unit asks for."""
    bodies = unit_facts(db, unit).functions
    return frozenset(
        [
            last_step(call.args[0].text)
            for body, targets in zip(bodies, callees(db, unit), strict=True)
            for call, target in zip(body.calls, targets, strict=True)
            if target is not None
            and models(db).knowledge(target).reads_source
            and call.args
            and isinstance(call.args[0], Path)
        ]
    )
