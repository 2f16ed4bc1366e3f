"""Matches the arguments of a call with the parameters of the function it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.summaries.guards import self_name
from review_checks.summaries.index import outline

if TYPE_CHECKING:
    from review_checks.facts.schema import Call, Value
    from review_checks.summaries.incremental import Database
    from review_checks.summaries.inputs import FunctionId


def arguments_of(db: Database, inner: FunctionId, call: Call) -> dict[str, Value]:
    """Return what a call gives to each named parameter of a project function."""
    names = [
        parameter.name
        for parameter in outline(db, inner[0]).functions[inner[1]].parameters
        if not parameter.kind
    ]
    if names and self_name(db, inner) == names[0]:
        names = names[1:]
    given = dict(zip(names, call.args, strict=False))
    given.update({name: value for name, value in call.keywords if name})
    return given
