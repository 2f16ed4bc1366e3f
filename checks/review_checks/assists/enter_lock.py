"""Turn ``acquire()`` … ``release()`` of a lock into ``with``.

The cursor stands at either call, or at the ``try`` between them. Known are a ``release()`` at the
end of the ``finally`` right after the ``acquire()``, and one in the same block. It is refused where
the lock may not be had (``acquire(timeout=5)``), where it is given back at more than one place, and
where a comment beside a line that goes would be lost.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from review_checks.assist import Offer
from review_checks.facts.schema import (
    Call,
    Function,
    FunctionKind,
    RegionKind,
    StatementKind,
    Use,
)
from review_checks.mending.runs import step_of
from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.summaries.flow import regions_of, statements_in
from review_checks.summaries.locking.guards import object_guard
from review_checks.summaries.paths import parent_of
from review_checks.text.editing import delete_lines, indent, indentation, is_alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from review_checks.assist import Selection
    from review_checks.rule import FixContext

KIND = "refactor.rewrite"


class Pair(msgspec.Struct, frozen=True):
    """Where a lock is taken and given back.

    Attributes:
        lock: the expression of the lock.
        taken: the call of ``acquire``.
        given: the call of ``release``.
        attempt: the ``try`` in whose ``finally`` that stands, or -1.
        returns: how many calls of the function give the lock back after it was taken.
    """

    lock: str
    taken: Call
    given: Call
    attempt: int
    returns: int


def offers(selection: Selection, context: FixContext) -> Iterator[Offer]:
    """Yield an offer for each pair at whose ends the cursor stands."""
    function, body = selection.function, context.facts(selection.function)
    if body.kind not in (FunctionKind.FUNCTION, FunctionKind.MODULE):
        return
    for call in body.calls:
        lock = parent_of(call.callee)
        if not call.callee.endswith(".acquire") or call.use is not Use.DISCARDED:
            continue
        guard = object_guard(context.db, function, lock)
        pair = _pair(body, call, lock) if guard is not None else None
        if guard is None or pair is None or guard.reads:
            continue
        ends = [
            call.statement,
            pair.given.statement,
            *([pair.attempt] if pair.attempt >= 0 else []),
        ]
        place = functools.partial(context.shifted, function)
        if _stands_at(selection, [place(body.statements[index].span) for index in ends]):
            mend = functools.partial(_mend, selection, pair, context)
            word = "async with" if call.awaited else "with"
            yield Offer(f"{lock}:{call.at}", f"Hold `{lock}` by `{word}`", mend)


def _stands_at(selection: Selection, places: Sequence[Span]) -> bool:
    """Say whether a selection has to do with the first line of one of some statements."""
    span = selection.span
    return any(span.line <= place.line <= span.end_line for place in places)


def _pair(body: Function, taken: Call, lock: str) -> Pair | None:
    """Return the call that gives back what a call takes, if it has the usual form."""
    given = [call for call in body.calls if call.callee == f"{lock}.release" and call.at > taken.at]
    region = body.statements[taken.statement].region
    following = [row for row in statements_in(body, region) if row > taken.statement]
    if following and body.statements[following[0]].kind is StatementKind.TRY:
        attempt = following[0]
        last = next(
            (
                statements_in(body, index)[-1]
                for index in regions_of(body, attempt)
                if body.regions[index].kind is RegionKind.FINALLY
            ),
            -1,
        )
        for call in given:
            if call.statement == last and call.use is Use.DISCARDED:
                return Pair(lock, taken, call, attempt, _count(given, body, attempt))
    for call in given:
        if call.statement in following and call.use is Use.DISCARDED:
            return Pair(lock, taken, call, -1, _count(given, body, call.statement))
    return None


def _count(given: Sequence[Call], body: Function, last: int) -> int:
    """Return how many calls give the lock back up to the end of a statement."""
    return sum(call.at < body.statements[last].end for call in given)


def _mend(selection: Selection, pair: Pair, context: FixContext) -> Fix | Refusal:
    function, body = selection.function, context.facts(selection.function)
    lines = context.lines(selection.path)
    place = functools.partial(context.shifted, function)
    taken = place(body.statements[pair.taken.statement].span)
    given = place(body.statements[pair.given.statement].span)
    if pair.taken.args or pair.taken.keywords:
        return Refusal(f"`{pair.lock}` may not be had, which `with` cannot tell")
    if pair.returns > 1:
        return Refusal(f"`{pair.lock}` is given back at more than one place")
    if not is_alone(lines, taken) or not is_alone(lines, given):
        return Refusal("it shares its line with another statement")
    if _has_comment(lines, given):
        return Refusal("the comment beside the release would be lost")
    word = "async with" if pair.taken.awaited else "with"
    header = Edit(selection.path, taken, f"{word} {pair.lock}:")
    make = _from_try if pair.attempt >= 0 else _from_block
    edits = make(selection, pair, context, place)
    if isinstance(edits, Refusal):
        return edits
    return Fix(f"Hold `{pair.lock}` by `{word}`", Safety.UNSAFE, (header, *edits))


def _from_block(
    selection: Selection, pair: Pair, context: FixContext, place: Callable[[Span], Span]
) -> list[Edit] | Refusal:
    """Indent what stands between the calls, and drop the release."""
    body, path = context.facts(selection.function), selection.path
    lines, step = context.lines(path), step_of(selection.function, context)
    taken = place(body.statements[pair.taken.statement].span)
    given = place(body.statements[pair.given.statement].span)
    region = body.statements[pair.taken.statement].region
    between = [
        row
        for row in statements_in(body, region)
        if pair.taken.statement < row < pair.given.statement
    ]
    if not between:
        return Refusal("nothing stands between the calls")
    return [
        *indent(path, lines, taken.end_line + 1, given.line - 1, step),
        delete_lines(path, lines, given.line, given.end_line),
    ]


def _from_try(
    selection: Selection, pair: Pair, context: FixContext, place: Callable[[Span], Span]
) -> list[Edit] | Refusal:
    """Drop the ``finally``, and the ``try`` too if nothing is left of it."""
    function, path = selection.function, selection.path
    body, lines = context.facts(function), context.lines(path)
    regions = {body.regions[index].kind: index for index in regions_of(body, pair.attempt)}
    last = statements_in(body, regions[RegionKind.FINALLY])
    attempt = place(body.statements[pair.attempt].span)
    first_last = place(body.statements[last[0]].span)
    given = place(body.statements[pair.given.statement].span)
    taken = place(body.statements[pair.taken.statement].span)
    clause = _clause_above(lines, first_last.line, "finally")
    if clause < 0 or _says_more(lines, clause, "finally:"):
        return Refusal("`finally` shares its line, or has a comment that would be lost")
    keeps = len(last) > 1 or RegionKind.HANDLER in regions
    between = range(taken.end_line + 1, attempt.line)
    if len(last) > 1:
        tail = [delete_lines(path, lines, given.line, given.end_line)]
        stop = given.line - 1
    else:
        stop = clause - 1
        if any(lines[row].strip() for row in range(clause + 1, given.line)):
            return Refusal("a comment in `finally` would be lost")
        tail = [delete_lines(path, lines, clause, given.end_line)]
    if keeps:
        step = step_of(function, context)
        return [*indent(path, lines, taken.end_line + 1, stop, step), *tail]
    if _says_more(lines, attempt.line, "try:"):
        return Refusal("`try` shares its line, or has a comment that would be lost")
    inner = place(body.statements[statements_in(body, regions[RegionKind.TRY])[0]].span)
    margin, deep = indentation(lines[attempt.line]), indentation(lines[inner.line])
    return [
        *indent(path, lines, between.start, between.stop - 1, deep[len(margin) :]),
        delete_lines(path, lines, attempt.line, attempt.line),
        *tail,
    ]


def _clause_above(lines: Sequence[str], line: int, word: str) -> int:
    """Return the line above another one that begins with a word, with nothing but comments between."""
    while line > 0:
        line -= 1
        text = lines[line].strip()
        if text.startswith(word):
            return line
        if text and not text.startswith("#"):
            break
    return -1


def _says_more(lines: Sequence[str], line: int, text: str) -> bool:
    return lines[line].strip() != text


def _has_comment(lines: Sequence[str], span: Span) -> bool:
    return "#" in "".join(lines[span.line : span.end_line + 1])
