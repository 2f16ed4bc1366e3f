"""Says which functions run in the child after a fork, where there is one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Closure, Function, Path, Result, Value
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, unit_facts, unit_path
from review_checks.summaries.names import class_around, home, lineage
from review_checks.summaries.parts import Part, member_units
from review_checks.summaries.paths import last_step
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORKED = frozenset({"afterfork", "fork", "forked"})
_IN_CHILD = "after_in_child"
"""The keyword under which ``os.register_at_fork`` is given what runs in the child."""


def runs_after_fork(db: Database, function: FunctionId) -> bool:
    """Say whether a function is meant to run after a fork: it says so, or is registered for it.

    It may be registered by its module, its class or a base of that.
    """
    name = outline(db, function[0]).functions[function[1]].name
    if not _FORKED.isdisjoint(words_of(name)):
        return True
    around = class_around(db, function)
    places = [home(db, owner) for owner in lineage(db, around)] if around else []
    return name in _registered(db, unit_path(db, function[0]), "") or any(
        place is not None and name in _registered(db, place.path, place.name) for place in places
    )


@query
def _registered(db: Database, path: str, owner: str) -> frozenset[str]:
    """Return the names of what a class, or a module, registers to be run in the child."""
    return frozenset().union(*[_registered_among(db, run) for run in member_units(db, path, owner)])


@query
def _registered_among(db: Database, units: Part) -> frozenset[str]:
    return frozenset().union(*[_registered_in(db, unit) for unit in units])


@query
def _registered_in(db: Database, unit: int) -> frozenset[str]:
    """Return the names of what the functions of a unit register."""
    functions = unit_facts(db, unit).functions
    return frozenset().union(*[_given(functions, index) for index in range(len(functions))])


def _given(functions: tuple[Function, ...], index: int) -> frozenset[str]:
    """Return the names of what one function registers."""
    given = [
        (index, value)
        for call in functions[index].calls
        for name, value in call.keywords
        if name == _IN_CHILD
    ]
    return frozenset(_named(functions, given)) if given else frozenset()


def _named(functions: tuple[Function, ...], given: list[tuple[int, Value]]) -> Iterator[str]:
    """Yield the names of what values call, themselves or through what they are made of."""
    seen = set(given)
    for index, value in given:
        if isinstance(value, Path):
            yield last_step(value.text)
        for row in _behind(functions, index, value):
            if row not in seen:
                seen.add(row)
                given.append(row)


def _behind(
    functions: tuple[Function, ...], index: int, value: Value
) -> Iterator[tuple[int, Value]]:
    """Yield what a value is made of, or calls: each with the function in which it means something."""
    if isinstance(value, Result):
        for argument in functions[index].calls[value.call].args:
            yield index, argument
        yield index, Path(functions[index].calls[value.call].callee)
    elif isinstance(value, Closure):
        for call in functions[value.function].calls:
            yield value.function, Path(call.callee)
    elif isinstance(value, Path) and value.text.isidentifier():
        around = index
        while around >= 0:
            for write in functions[around].writes:
                if write.path == value.text:
                    yield around, write.value
            for number, nested in enumerate(functions):
                if nested.parent == around and nested.name == value.text:
                    yield number, Closure(number)
            around = functions[around].parent
