"""Takes symbolic values apart: what they are made of, and whether they mention a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Binary,
    Call,
    Compare,
    Format,
    Function,
    Items,
    Logic,
    Opaque,
    Path,
    Table,
    Value,
)
from review_checks.summaries.paths import root_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def parts_of(value: Value) -> tuple[Value, ...]:
    """Return the values that a value is made of."""
    if isinstance(value, Binary):
        return (value.left, value.right)
    if isinstance(value, Compare):
        # A comparison gives a truth.
        return ()
    if isinstance(value, Table):
        return value.values
    if isinstance(value, Format | Logic | Items | Opaque):
        return value.parts
    return ()


def given_to(call: Call) -> list[Value]:
    """Return the arguments of a call, those given by keyword last."""
    return [*call.args, *[value for _, value in call.keywords]]


def is_mentioned(body: Function, name: str, first: int, last: int | None = None) -> bool:
    """Say whether events between two orders of evaluation use what a name stands for."""

    def inside(at: int) -> bool:
        return first <= at and (last is None or at < last)

    return any(inside(at) and root == name for at, root in _roots(body)) or any(
        inside(at) and name in roots_in(value) for at, value in _values(body)
    )


def _roots(body: Function) -> Iterator[tuple[int, str]]:
    """Yield the names at which the paths of events start, with the events' orders."""
    yield from ((call.at, root_of(call.callee)) for call in body.calls)
    yield from ((read.at, root_of(read.path)) for read in body.reads)
    yield from ((write.at, root_of(write.path)) for write in body.writes)


def _values(body: Function) -> Iterator[tuple[int, Value]]:
    """Yield the values of events, with the events' orders."""
    for call in body.calls:
        yield from ((call.at, value) for value in given_to(call))
    yield from ((write.at, write.value) for write in body.writes)
    yield from ((test.at, test.value) for test in body.tests)
    yield from ((result.at, result.value) for result in body.results)
    yield from ((raised.at, raised.value) for raised in body.raises)
    yield from ((body.statements[item.statement].at, item.value) for item in body.withs)


def roots_in(value: Value) -> Iterator[str]:
    """Yield the names at which the paths in a value start."""
    if isinstance(value, Path):
        yield root_of(value.text)
    parts = value.operands if isinstance(value, Compare) else parts_of(value)
    for part in parts:
        yield from roots_in(part)
