"""What the analysis is given from outside: texts as facts, and where modules lie.

The engine gives these values for open documents and fetches them on demand for the other files of
the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.summaries.incremental import Input

if TYPE_CHECKING:
    from review_checks.facts.schema import UnitFacts
    from review_checks.models.loader import Models
    from review_checks.options import Options

UnitId = int
"""A unit of some file; it stays the same while the unit is edited."""

FunctionId = tuple[UnitId, int]
"""A function: its unit, and its index in the facts of that unit."""


unit_facts: Input[UnitFacts] = Input("unit_facts")
"""unit → its facts; the last good ones while it does not parse."""

unit_path: Input[str] = Input("unit_path")
"""unit → the path of its file."""

layout: Input[tuple[UnitId, ...] | None] = Input("layout")
"""path → the units of the file from top to bottom, or None when it cannot be read."""

module_path: Input[str] = Input("module_path")
"""dotted name → the path of that module in the project, or ''."""

foreign: Input[str] = Input("foreign")
"""expression over installed libraries → what it means, or ''; see ``resolve``."""

models: Input[Models] = Input("models")
"""() → what is known about libraries."""

settings: Input[Options] = Input("settings")
"""() → the options in force."""
