"""The way on which an exception comes out of a call, down to the ``raise`` in the project's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.rule import Context, Place
from review_checks.summaries.failing.failures import MAX_DEPTH, failures
from review_checks.summaries.inputs import FunctionId, models
from review_checks.summaries.names import callees, function_of
from review_checks.summaries.paths import join, last_step, steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.facts.schema import Function

_SHOWN_LENGTH = 40
_SHOWN_EXCEPTIONS = 2
_COMPLAINTS = {("abort",), ("die",), ("error",), ("exit",), ("fail",), ("raise",), ("reject",)}

Event = tuple[FunctionId, str, int]
"""A function, and the call (``c``) or ``raise`` (``x``) in it that lets an exception out."""


def complains(callee: str) -> bool:
    """Say whether a function's name says that it reports a failure: ``fail_json``, ``die``."""
    return words_of(last_step(callee))[:1] in _COMPLAINTS


def label(body: Function, index: int) -> str:
    """Return how a message names a call: its path, or the end of a long one."""
    callee = body.calls[index].callee
    if not callee:
        return "the call"
    if len(callee) > _SHOWN_LENGTH:
        callee = join(steps_of(callee)[-2:]).lstrip(".")
    return f"`{callee.replace('[*]', '[…]')}`"


def origins(
    context: Context,
    function: FunctionId,
    call: int,
    exceptions: Sequence[str],
    names: Sequence[str],
) -> Iterator[tuple[Place, str]]:
    """Yield a failing call and, when the project's own code raises, the way down to the ``raise``.

    Args:
        context: the analysis.
        function: the function that makes the call.
        call: its index.
        exceptions: what it is known to raise, as canonical names.
        names: how these are called in a text.
    """
    shown = " and ".join([f"`{name}`" for name in names[:_SHOWN_EXCEPTIONS]])
    if not shown:
        yield Place(function, "c", call), "when this fails, nobody learns of it"
        return
    yield Place(function, "c", call), f"can raise {shown}"
    for inner, kind, index in way_down(context, function, call, exceptions[0]):
        if kind == "c":
            text = f"`{context.qualified(inner)}` lets it out of this call"
            yield Place(inner, "c", index), text
        else:
            statement = context.facts(inner).raises[index].statement
            yield Place(inner, "s", statement), f"`{names[0]}` is raised here"


def way_down(context: Context, function: FunctionId, call: int, exception: str) -> Iterator[Event]:
    """Yield the events through which an exception comes out of a call, the outermost first."""
    for depth in range(MAX_DEPTH - 1, -1, -1):
        target = callees(context.db, function[0])[function[1]][call]
        inner = function_of(context.db, target) if target is not None else None
        if inner is None or models(context.db).knowledge(target or "").raises:
            return
        rows = [row for row in failures(context.db, inner, depth) if row.exception == exception]
        if not rows:
            return
        calls = context.facts(inner).calls
        kind, index = min(
            [row.event for row in rows],
            key=lambda event: event[0] == "c" and complains(calls[event[1]].callee),
        )
        yield inner, kind, index
        if kind != "c":
            return
        function, call = inner, index


def is_of_complaint(context: Context, function: FunctionId, call: int, exception: str) -> bool:
    """Say whether an exception only comes of what is done to report another failure.

    An exception that a ``raise`` brings about is the report itself.
    """
    way = list(way_down(context, function, call, exception))
    return (
        bool(way)
        and way[-1][1] == "c"
        and any(complains(context.facts(inner).calls[index].callee) for inner, _, index in way)
    )
