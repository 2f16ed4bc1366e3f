"""Finds the methods of the project that a call may mean, by their name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.naming import definition_of
from review_checks.summaries.failing.releasing import release_verbs
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import class_names, declared_function, mentioned_in
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.paths import last_step

if TYPE_CHECKING:
    from review_checks.facts.schema import Function

_MAX_FILES = 12
"""More files than these give a name to their functions only where it means nothing in particular."""
_NO_METHODS = frozenset({"abstractmethod", "cached_property", "property"})


@query
def namesakes(db: Database, name: str, given: int) -> tuple[FunctionId, ...] | None:
    """Return the methods of the project that go by a name and take so many arguments.

    None stands for so many that one cannot say which are meant, nor look into all of them. What only
    declares what others do in its place is left out. A mere verb that libraries have as well tells
    nothing; of another one all methods are returned.
    """
    verb = name.lstrip("_") in release_verbs(db)
    if verb and name in _library_methods(db):
        return ()
    files = mentioned_in(db, definition_of(name))
    if len(files) > _MAX_FILES:
        return None
    found = [
        declared_function(db, path, f"{owner}.{name}")
        for path in files
        for owner in class_names(db, path)
    ]
    methods = [
        function
        for function in found
        if function is not None
        and _does_something(unit_facts(db, function[0]).functions[function[1]])
    ]
    if verb:
        return tuple(methods)
    return tuple(
        [
            method
            for method in methods
            if _takes(unit_facts(db, method[0]).functions[method[1]], given)
        ]
    )


@query
def _library_methods(db: Database) -> frozenset[str]:
    """Return the names that functions and methods of libraries go by, as far as models speak of them."""
    known = models(db).names
    released = [
        method
        for knowledge in known.values()
        if knowledge.resource is not None
        for method in knowledge.resource.release
    ]
    return frozenset([name.rpartition(".")[2] for name in known] + released)


def _does_something(body: Function) -> bool:
    if any(last_step(item.path) in _NO_METHODS for item in body.decorators):
        return False
    if any(last_step(raised.type) == "NotImplementedError" for raised in body.raises):
        return False
    return bool(body.calls or body.writes)


def _takes(body: Function, given: int) -> bool:
    """Say whether a method takes a number of arguments beside its object.

    What a decorator makes of its parameters is not known.
    """
    if body.decorators:
        return True
    named = [parameter for parameter in body.parameters[1:] if not parameter.kind]
    if any(parameter.kind for parameter in body.parameters):
        return True
    needed = [parameter for parameter in named if parameter.default is None]
    return len(needed) <= given <= len(named)
