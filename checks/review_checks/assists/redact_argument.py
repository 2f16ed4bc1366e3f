"""Redact the part of a log call's argument at the cursor.

What hides it is a redactor that the module has at hand, else ``***`` takes its place. It is not
offered for the text of the message, for constants, and for what goes through a redactor already.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from review_checks.assist import Offer
from review_checks.facts.arguments import Part, Parts, argument_parts
from review_checks.facts.schema import Const, Format, Result, Table, Value
from review_checks.mending.redacting import redact
from review_checks.model import Span
from review_checks.summaries.outline import portable
from review_checks.summaries.paths import last_step
from review_checks.summaries.secrecy.exposure import Exposure
from review_checks.summaries.secrecy.origins import Origin
from review_checks.summaries.secrecy.sinks import sinks
from review_checks.summaries.words import words_of
from review_checks.text.editing import slice_text
from review_checks.text.lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.assist import Selection
    from review_checks.rule import FixContext

KIND = "refactor.rewrite"


def offers(selection: Selection, context: FixContext) -> Iterator[Offer]:
    """Yield one offer, if the cursor stands in what a log call shows."""
    function, body = selection.function, context.facts(selection.function)
    for index, log in sinks(context.db, function).items():
        where = context.shifted(function, body.calls[index].span)
        if not where.contains(selection.span):
            continue
        text = slice_text(context.lines(selection.path), where)
        taken = argument_parts(text)
        part = _part_at(taken, _relative(selection.span, where), context) if taken else None
        if taken is None or part is None or 0 <= part.position < log.first:
            continue
        if part.position == log.first and _is_format(body.calls[index].args, log.first):
            continue
        symbol = slice_text(split_lines(text), part.inner or part.span).strip()
        leaf = portable(part.value, taken.calls)
        exposure = Exposure(index, part.argument, Origin(symbol, symbol, -1, leaf, whole=True))
        mend = functools.partial(redact, function, [exposure], context)
        yield Offer("", f"Redact `{' '.join(symbol.split())}` in the log", mend)


def _is_format(args: Sequence[Value], first: int) -> bool:
    """Say whether the text of a log call is to be filled with what follows it."""
    return len(args) > first + 1 and not isinstance(args[first], Format)


def _part_at(taken: Parts, place: Span, context: FixContext) -> Part | None:
    """Return the innermost part of an argument around a place, if it shows something as it is."""
    around = [part for part in taken.parts if part.span.contains(place)]
    maskers = frozenset(context.models.lexicon.maskers)
    for part in around:
        value = part.value
        if isinstance(value, Result):
            words = words_of(last_step(taken.calls[value.call].callee))
            if not maskers.isdisjoint(words):
                return None
    if not around or isinstance(around[-1].value, Const | Format | Table):
        return None
    return around[-1]


def _relative(span: Span, where: Span) -> Span:
    """Return a span of the file as one of the text that begins at ``where``."""
    return Span(
        span.line - where.line,
        span.column - (where.column if span.line == where.line else 0),
        span.end_line - where.line,
        span.end_column - (where.column if span.end_line == where.line else 0),
    )
