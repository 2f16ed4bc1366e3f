"""Tells a configuration that came from outside from the arguments of a class that it keeps as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from review_checks.facts.schema import Const, Path, Table
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.names import attribute_rows, lineage
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import last_step, parent_of

if TYPE_CHECKING:
    from review_checks.summaries.incremental import Database

_COPIES = frozenset({"copy", "deepcopy"})


def is_own_mapping(db: Database, owner: str, name: str) -> bool:
    """Say whether a class makes a mapping of its own defaults, or of its keyword arguments.

    Args:
        db: the database.
        owner: the canonical name of the class.
        name: the attribute that holds the mapping.
    """
    for base in dict.fromkeys((owner, *lineage(db, owner))):
        rows = attribute_rows(db, base, name)
        if rows:
            return all(_is_own(db, maker, value) for maker, value in rows)
    return False


def _is_own(db: Database, maker: FunctionId, value: Any) -> bool:
    """Say whether a portable value is written down, or made of keyword arguments."""
    if isinstance(value, Table | Const):
        return True
    if isinstance(value, Path):
        parameters = unit_facts(db, maker[0]).functions[maker[1]].parameters
        keywords = any(item.name == value.text and item.kind == "**" for item in parameters)
        return keywords or last_step(value.text).isupper()
    if not isinstance(value, Made) or value.rest:
        return False
    parts = [*value.args, *[part for _, part in value.keywords]]
    name = last_step(value.callee)
    if name in _COPIES and not parts:
        parts = [Path(parent_of(value.callee))]
    elif name not in _COPIES and value.callee != "dict":
        return False
    return all(_is_own(db, maker, part) for part in parts)
