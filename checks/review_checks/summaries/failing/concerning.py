"""Says what in a function has to do with something: it is made from it, or mentions it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Compare, Function, Logic, Mode, Path, Result
from review_checks.summaries.mentions import parts_of
from review_checks.summaries.paths import last_step, parent_of, root_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.facts.schema import Call, Value


def made_from(body: Function, names: frozenset[str], inside: range | None = None) -> frozenset[str]:
    """Return some names of a function and those of variables that it makes from them.

    Args:
        body: the function.
        names: the names to begin with.
        inside: the orders of evaluation at which variables count; all when None.
    """
    found = set(names)
    for write in body.writes:
        if inside is not None and write.at not in inside:
            continue
        if write.path.isidentifier() and not found.isdisjoint(names_in(body, write.value)):
            found.add(write.path)
    return frozenset(found)


def found_by(body: Function, names: frozenset[str]) -> frozenset[str]:
    """Return some names and those of loop variables that a function compares with them.

    ``for known in self.devices: if known.id == device.id: …`` looks for the device it was given.
    """
    found = set(names)
    variables = {write.path for write in body.writes if write.mode is Mode.ITERATE}
    for test in body.tests:
        for compared in _comparisons(test.value):
            roots = names_in(body, compared)
            if not found.isdisjoint(roots):
                found |= roots & variables
    return frozenset(found)


def _comparisons(value: Value) -> Iterator[Compare]:
    if isinstance(value, Compare):
        if value.ops == ("==",):
            yield value
    elif isinstance(value, Logic):
        for part in value.parts:
            yield from _comparisons(part)


def names_of_call(body: Function, call: Call) -> set[str]:
    """Return the names that a call is made on and that its arguments are made of."""
    found = {root_of(call.callee)}
    for value in (*call.args, *(value for _, value in call.keywords)):
        found |= names_in(body, value)
    return found


def names_in(body: Function, value: Value) -> set[str]:
    """Return the names at which the paths in a value start, those of keys and inner calls included."""
    if isinstance(value, Path):
        return set(_names(value.text))
    if isinstance(value, Result):
        return names_of_call(body, body.calls[value.call])
    parts = value.operands if isinstance(value, Compare) else parts_of(value)
    return set().union(*[names_in(body, part) for part in parts])


def attributes_in(value: Value) -> set[str]:
    """Return the names of the attributes that a value is made of."""
    if isinstance(value, Path):
        return {last_step(value.text)} if parent_of(value.text) else set()
    parts = value.operands if isinstance(value, Compare) else parts_of(value)
    return set().union(*[attributes_in(part) for part in parts])


def _names(path: str) -> Iterator[str]:
    """Yield the root of a path and the roots of its keys."""
    for position, step in enumerate(steps_of(path)):
        if position == 0:
            yield step
        elif step.startswith("["):
            yield root_of(step[1:-1])
