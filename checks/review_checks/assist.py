"""The form of an assist: a change that the user may want at the cursor, where nothing is wrong.

An assist's module lies in ``assists/<name>.py`` and has

- a docstring that says what it changes and when it is refused;
- ``KIND``, the protocol's kind of it, such as ``refactor.rewrite``;
- ``offers``, a generator of ``Offer`` for a ``Selection``. It is asked only when the user wants to
  know, so that it may look at the whole file, but not at others.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Function, FunctionKind
from review_checks.model import Fix, Refusal, Span
from review_checks.rule import UnreadableError
from review_checks.summaries.flow import regions_of, statements_in
from review_checks.summaries.inputs import FunctionId, layout, unit_facts

if TYPE_CHECKING:
    from review_checks.rule import FixContext


class Selection(msgspec.Struct, frozen=True):
    """What the user has selected, or where the cursor stands.

    Attributes:
        path: the file.
        span: the place in it; an empty one is a cursor.
        function: the innermost function around it, or the run of module statements.
        statements: the statements of one of its blocks that are meant, in order; there may be none.
    """

    path: str
    span: Span
    function: FunctionId
    statements: tuple[int, ...]

    def orders(self, body: Function) -> range:
        """Return the orders of the events inside the statements."""
        if not self.statements:
            return range(0)
        first, last = self.statements[0], self.statements[-1]
        return range(body.statements[first].at, body.statements[last].end)


class Offer(msgspec.Struct, frozen=True):
    """One thing that an assist can do.

    Attributes:
        key: tells it from other offers of the same assist at the same place.
        title: what it does.
        mend: computes the change.
    """

    key: str
    title: str
    mend: Callable[[], Fix | Refusal]


Offers = Callable[[Selection, "FixContext"], Iterator[Offer]]


class Assist(msgspec.Struct, frozen=True):
    """An assist as the engine knows it."""

    name: str
    kind: str
    offers: Offers


def select(path: str, span: Span, context: FixContext) -> Selection | None:
    """Return what a place in a file means; None where there is no code.

    Raises:
        UnreadableError: the code at the place does not parse.
    """
    function = _function_at(path, span, context)
    if function is None:
        return None
    body = context.facts(function)
    place = functools.partial(context.shifted, function)
    return Selection(path, span, function, tuple(_meant(body, place, span)))


def _function_at(path: str, span: Span, context: FixContext) -> FunctionId | None:
    """Return the innermost function or run of module statements around a place."""
    found: FunctionId | None = None
    for unit in layout(context.db, path) or ():
        try:
            start = context.shifted((unit, 0), Span(0, 0, 0, 0)).line
        except UnreadableError as error:
            start = error.line
        if start > span.line:
            break
        found = unit, 0
    if found is None or not unit_facts(context.db, found[0]).functions:
        return None
    best: tuple[Span, FunctionId] | None = None
    for index, body in enumerate(unit_facts(context.db, found[0]).functions):
        where = context.shifted((found[0], index), body.span)
        inside = body.kind is FunctionKind.FUNCTION and _holds_lines(where, span)
        if inside and (best is None or best[0].contains(where)):
            best = where, (found[0], index)
    if best is not None:
        return best[1]
    return found if context.facts(found).kind is FunctionKind.MODULE else None


def _holds_lines(outer: Span, inner: Span) -> bool:
    end = inner.end_line - (inner.end_column == 0 and inner.end_line > inner.line)
    return outer.line <= inner.line and end <= outer.end_line


def _meant(body: Function, place: Callable[[Span], Span], span: Span) -> Sequence[int]:
    """Return the statements of the innermost block that holds all that is selected."""
    members = _touched(body, place, statements_in(body, 0), span)
    while len(members) == 1:
        below = [
            inner
            for region in regions_of(body, members[0])
            if (inner := _touched(body, place, statements_in(body, region), span))
        ]
        header = place(body.statements[members[0]].span)
        on_header = span.line == header.line and span.column <= header.column < span.end_column
        if (
            len(below) != 1
            or on_header
            or span.line < place(body.statements[below[0][0]].span).line
        ):
            break
        members = below[0]
    return members


def _touched(
    body: Function, place: Callable[[Span], Span], members: Sequence[int], span: Span
) -> list[int]:
    """Return those statements of a block that a selection touches, or on whose line a cursor is."""
    places = {member: place(body.statements[member].span) for member in members}
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    if start != end:
        return [
            member
            for member, where in places.items()
            if (where.line, where.column) < end and start < (where.end_line, where.end_column)
        ]
    on_line = [
        member for member, where in places.items() if where.line <= span.line <= where.end_line
    ]
    at_cursor = [member for member in on_line if places[member].contains(span)]
    return at_cursor[:1] or on_line[:1]
