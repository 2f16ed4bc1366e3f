"""Says which names a unit uses, and which it defines, so that a project can be asked where they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from review_checks.facts.schema import FunctionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.facts.schema import Function, UnitFacts

_NAME = re.compile(r"[^\W\d]\w*")


def names_in(facts: UnitFacts) -> frozenset[str]:
    """Return every name that is read, written, called, imported, caught, or stands for a type.

    Attributes count by their own name, whatever they are attributes of: ``self.pool.close()`` uses
    ``self``, ``pool`` and ``close``. Comments and strings use nothing. Functions and methods that are
    defined are there as what ``definition_of`` makes of their names.
    """
    paths: set[str] = set()
    for function in facts.functions:
        paths.update(_paths(function))
    for item in facts.classes:
        paths.update(item.bases)
        paths.update([decorator.path for decorator in item.decorators])
    defined = [
        definition_of(function.name)
        for function in facts.functions
        if function.kind is FunctionKind.FUNCTION
    ]
    return frozenset([*_NAME.findall(" ".join(paths)), *defined])


def definition_of(name: str) -> str:
    """Return what stands among the names for the definition of a function."""
    return f"def {name}"


def _paths(function: Function) -> Iterator[str]:
    yield from [call.callee for call in function.calls]
    yield from [read.path for read in function.reads]
    yield from [write.path for write in function.writes]
    yield from [raised.type for raised in function.raises]
    yield from [decorator.path for decorator in function.decorators]
    for handler in function.handlers:
        yield from handler.types
    for item in function.imports:
        yield item.module
        yield item.attribute
    yield from [parameter.annotation for parameter in function.parameters]
    yield function.returns
