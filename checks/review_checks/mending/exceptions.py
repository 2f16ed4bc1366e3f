"""Names exceptions, in the words in which a module can name them."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from review_checks.facts.schema import FunctionKind
from review_checks.mending.runs import functions_of
from review_checks.summaries.failing.failures import catches
from review_checks.summaries.index import module_info
from review_checks.summaries.inputs import FunctionId, models
from review_checks.summaries.names import canonical_in, global_name, owner_of_name
from review_checks.summaries.paths import root_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.rule import FixContext

EVERYTHING = "Exception"
_MOST = 4
_TOO_MUCH = frozenset({"BaseException", EVERYTHING})


def spelled(function: FunctionId, exceptions: Sequence[str], context: FixContext) -> str:
    """Return what follows ``except`` in a function to catch some exceptions, or all of them.

    All are caught when the module has no name for one of them, when none are known, or when they
    are many. An exception that another one covers is left out.
    """
    kept = [
        exception
        for exception in dict.fromkeys(exceptions)
        if not any(
            other != exception and catches(context.db, other, exception) for other in exceptions
        )
    ]
    if not kept or len(kept) > _MOST or _TOO_MUCH & set(kept):
        return EVERYTHING
    names = []
    for exception in kept:
        name = next(_names_of(function, exception, context), "")
        if not name:
            return EVERYTHING
        names.append(name)
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _names_of(function: FunctionId, exception: str, context: FixContext) -> Iterator[str]:
    """Yield the expressions by which a function can name an exception, usual ones first."""
    db, path = context.db, context.path(function)
    names: dict[str, None] = {}
    if hasattr(builtins, exception):
        names[exception] = None
    for other in functions_of(path, context):
        for handler in context.facts(other).handlers:
            for name in handler.types:
                if canonical_in(db, other, name) == exception:
                    names[name] = None
    spellings = [exception, *_other_names(exception, context)]
    head, _, last = exception.rpartition(".")
    if head == module_info(db, path).name:
        names[last] = None
    for name in _imported(path, context):
        target = global_name(db, path, name)
        if target == exception:
            names[name] = None
        # Further steps could lead through a module that nobody has imported.
        names.update(
            (f"{name}.{spelling.rpartition('.')[2]}", None)
            for spelling in spellings
            if target is not None and spelling.rpartition(".")[0] in (target, name)
        )
    for name in names:
        hidden = owner_of_name(db, function, root_of(name)) is not None
        if not hidden and canonical_in(db, function, name) == exception:
            yield name


def _other_names(exception: str, context: FixContext) -> list[str]:
    """Return the further names under which a library offers an exception."""
    known = models(context.db)
    return [name for name, row in known.names.items() if row.alias == exception]


def _imported(path: str, context: FixContext) -> list[str]:
    """Return the names that the top level of a module imports."""
    return list(
        dict.fromkeys(
            item.name
            for function in functions_of(path, context)
            if function[1] == 0 and context.facts(function).kind is FunctionKind.MODULE
            for item in context.facts(function).imports
            if item.name
        )
    )
