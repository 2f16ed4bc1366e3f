"""What the analysis is given from outside: texts as facts, and where modules lie.

The engine gives these values for open documents and fetches them on demand for the other files of
the project.
"""

from __future__ import annotations

import msgspec

from review_checks.facts.schema import UnitFacts
from review_checks.models.loader import Models
from review_checks.summaries.incremental import Input

UnitId = int
"""A unit of some file; it stays the same while the unit is edited."""

FunctionId = tuple[UnitId, int]
"""A function: its unit, and its index in the facts of that unit."""


class UnitPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a unit stands in the outline of its file; ``scope`` are the classes around it."""

    unit: UnitId
    scope: tuple[str, ...]
    name: str


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """The units of a file, from top to bottom."""

    module: str
    package: bool
    units: tuple[UnitPlace, ...]


unit_facts: Input[UnitFacts] = Input("unit_facts")
"""unit → its facts; the last good ones while it does not parse."""

unit_path: Input[str] = Input("unit_path")
"""unit → the path of its file."""

layout: Input[Layout | None] = Input("layout")
"""path → the units of the file, or None when there is no such file or it cannot be read."""

module_path: Input[str] = Input("module_path")
"""dotted name → the path of that module in the project, or ''."""

models: Input[Models] = Input("models")
"""() → what is known about libraries."""
