"""Says where values are kept, as the canonical name of an attribute or variable.

Unlike the canonical name of a value this tells apart two attributes that hold values of one kind.
"""

from __future__ import annotations

from typing import Any

from review_checks.facts.schema import FunctionKind
from review_checks.summaries.incremental import Database, query, query_or_unknown
from review_checks.summaries.index import assigned, imported, module_info, outline
from review_checks.summaries.inputs import FunctionId, module_path, unit_path
from review_checks.summaries.names import (
    attribute_rows,
    canonical_in,
    class_around,
    class_of,
    lineage,
)
from review_checks.summaries.paths import last_step, parent_of


def place_of(db: Database, function: FunctionId, text: str) -> str | None:
    """Return the canonical name of the attribute or variable that a path denotes itself.

    Unlike ``canonical_in`` this is where the value is kept, not what the value is.
    """
    holder = parent_of(text)
    if not holder:
        own = _place_in_body(db, function, text)
        return own or global_place(db, unit_path(db, function[0]), text)
    return place_in(db, canonical_in(db, function, holder), last_step(text))


def _place_in_body(db: Database, function: FunctionId, name: str) -> str:
    """Return the place of a variable that the body of a class assigns, as that body knows it, or ''."""
    if outline(db, function[0]).functions[function[1]].kind is not FunctionKind.CLASS:
        return ""
    owner = class_around(db, function)
    rows = attribute_rows(db, owner, name)
    return attribute_place(db, owner, name) if any(row[0] == function for row in rows) else ""


def place_in(db: Database, holder: str | None, name: str) -> str | None:
    """Return the canonical place of a name in a class or module."""
    if holder is None:
        return None
    if class_of(db, holder) is not None:
        return attribute_place(db, holder, name)
    path = module_path(db, holder)
    return global_place(db, path, name) if path else None


@query
def attribute_place(db: Database, owner: str, name: str) -> str:
    """Return the canonical place of an attribute: the farthest base that assigns it."""
    place = owner
    for base in lineage(db, owner):
        if attribute_rows(db, base, name):
            place = base
    return f"{place}.{name}"


@query_or_unknown
def global_place(db: Database, path: str, name: str) -> str | None:
    """Return the canonical place of a module variable, following imports."""
    if assigned(db, path, "", name):
        return f"{module_info(db, path).name}.{name}"
    target = imported(db, path, name)
    if not target:
        return None
    module, _, last = target.rpartition(".")
    inner = module_path(db, module) if module else ""
    return global_place(db, inner, last) if inner and inner != path else None


def rows_at(db: Database, place: str) -> tuple[tuple[FunctionId, Any], ...]:
    """Return what is assigned to a place, by whom."""
    owner, _, name = place.rpartition(".")
    path = module_path(db, owner)
    return assigned(db, path, "", name) if path else attribute_rows(db, owner, name)
