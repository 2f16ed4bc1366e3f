"""Says which literal a name stands for."""

from __future__ import annotations

from typing import Any

from review_checks.facts.schema import Const, Path
from review_checks.summaries.incremental import Database, query_or_unknown
from review_checks.summaries.index import assigned, imported
from review_checks.summaries.inputs import FunctionId, module_path, unit_path
from review_checks.summaries.names import owner_of_name
from review_checks.summaries.paths import steps_of


def literal_of(db: Database, function: FunctionId, value: Any) -> str | int | float | bool | None:
    """Return the constant that a value is, following module and class constants by name."""
    if isinstance(value, Const):
        return value.value
    if not isinstance(value, Path):
        return None
    if function[1] >= 0 and owner_of_name(db, function, steps_of(value.text)[0]) is not None:
        return None
    return constant(db, unit_path(db, function[0]), value.text)


@query_or_unknown
def constant(db: Database, path: str, text: str) -> str | int | float | bool | None:
    """Return the literal that a module constant is set to once, following imports."""
    steps = steps_of(text)
    if not steps:
        return None
    root = steps[0]
    rows = assigned(db, path, "", root)
    if len(steps) == 1 and rows:
        value = rows[0][1] if len(rows) == 1 else None
        if isinstance(value, Const):
            return value.value
        return constant(db, path, value.text) if isinstance(value, Path) else None
    origin = imported(db, path, root)
    if origin:
        target = ".".join((origin, *steps[1:]))
        module, _, name = target.rpartition(".")
        inner = module_path(db, module) if module else ""
        return constant(db, inner, name) if inner and inner != path else None
    if len(steps) == 2:
        rows = assigned(db, path, root, steps[1])
        if len(rows) == 1 and isinstance(rows[0][1], Const):
            return rows[0][1].value
    return None
