"""Says what a module compares by order, by name.

That a setting is checked somewhere else in a module cannot be told from one function alone; that its
name, or that of the field it is stored in, takes part in a comparison there is a good sign of it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Binary,
    Call,
    Compare,
    Format,
    Items,
    Logic,
    Opaque,
    Path,
    Result,
    Table,
    Value,
)
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.parts import Part, parts
from review_checks.summaries.paths import field_of, last_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.models.loader import Models

_ORDER = frozenset({"<", ">", "<=", ">="})
_WHOLES = (Compare, Format, Items, Logic, Opaque, Table)


class Compared(msgspec.Struct, frozen=True, array_like=True):
    """The names compared by order in a module: with anything, and with other amounts."""

    names: frozenset[str]
    amounts: frozenset[str]


@query
def compared_names(db: Database, path: str) -> Compared:
    """Return the last names of what a module compares by order, or bounds with min() and max()."""
    return _together([_part_compared_names(db, part) for part in parts(db, path)])


@query
def _part_compared_names(db: Database, units: Part) -> Compared:
    return _together([unit_compared_names(db, unit) for unit in units])


def _together(rows: list[Compared]) -> Compared:
    names: frozenset[str] = frozenset().union(*[row.names for row in rows])
    return Compared(names, frozenset().union(*[row.amounts for row in rows]))


@query
def unit_compared_names(db: Database, unit: int) -> Compared:
    """Return the last names of what a unit compares by order."""
    names: set[str] = set()
    amounts: set[str] = set()
    for index, body in enumerate(unit_facts(db, unit).functions):
        for operands in _comparisons(db, (unit, index)):
            groups = [frozenset(_names_in(operand, body.calls)) for operand in operands]
            together: frozenset[str] = frozenset().union(*groups)
            names |= together
            if sum(bool(group) for group in groups) > 1:
                amounts |= together
    return Compared(frozenset(names), frozenset(amounts))


def _comparisons(db: Database, function: FunctionId) -> Iterator[tuple[Value, ...]]:
    """Yield the operands of each comparison by order in a function, and of min() and max()."""
    body = unit_facts(db, function[0]).functions[function[1]]
    bounding = _bounding_names(models(db))
    todo: list[Value] = [test.value for test in body.tests]
    todo += [write.value for write in body.writes if isinstance(write.value, _WHOLES)]
    todo += [result.value for result in body.results if isinstance(result.value, _WHOLES)]
    for call in body.calls:
        todo += [value for value in call.args if isinstance(value, _WHOLES)]
        todo += [value for _, value in call.keywords if isinstance(value, _WHOLES)]
        if call.callee in bounding and len(call.args) > 1:
            yield call.args
    while todo:
        value = todo.pop()
        if isinstance(value, Compare):
            if _ORDER & set(value.ops):
                yield value.operands
        elif isinstance(value, Logic | Items | Opaque | Format):
            todo += value.parts
        elif isinstance(value, Table):
            todo += value.values


@functools.lru_cache(maxsize=8)
def _bounding_names(known: Models) -> frozenset[str]:
    return frozenset(name for name, knowledge in known.names.items() if knowledge.bounds)


def _names_in(value: Value, calls: tuple[Call, ...]) -> Iterator[str]:
    """Yield the last names of the paths in an operand."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, Path):
            yield field_of(part.text) or last_step(part.text)
        elif isinstance(part, Binary):
            todo += (part.left, part.right)
        elif isinstance(part, Logic | Opaque):
            todo += part.parts
        elif isinstance(part, Result):
            if part.rest:
                yield field_of(part.rest)
            else:
                todo += calls[part.call].args
                yield last_step(calls[part.call].callee)
