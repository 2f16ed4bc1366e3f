"""Puts into words on which ways out of a function a thing is still held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.summaries.failing.failures import call_failures
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.owning.leaks import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.incremental import Database
    from review_checks.summaries.owning.walking import Event


def why_kept(
    db: Database,
    function: FunctionId,
    way: tuple[Cause, Event, Event | None],
    *,
    done: str,
    again: str,
) -> str:
    """Return how a thing is not released, as what follows its name in a sentence.

    Args:
        db: the database.
        function: where the thing is acquired.
        way: the cause, what leaves, and what had been raised before that.
        done: what is done to release it, as a participle.
        again: what a loop does that acquires it anew.
    """
    cause, event, after = way
    if cause is Cause.NEVER:
        return f"is never {done}"
    if cause is Cause.KEPT:
        return f"is {done} on no path, and handed over on some only"
    if cause is Cause.FAILED:
        return f"is {done} only where something goes wrong"
    if cause is Cause.LEFT:
        return f"is not {done} on every path out of the function"
    if cause is Cause.AGAIN:
        return f"is not {done} before the loop {again}"
    raiser, exception = _failing(db, function, after or event)
    if cause is Cause.CAUGHT:
        return f"is not {done} where {_failure(raiser, exception)} is handled"
    if not raiser:
        return f"is not {done} when {exception} is raised{'' if exception[0] == '`' else ' again'}"
    return f"is not {done} when {raiser} raises{f' {exception}' if exception else ''}"


def _failing(db: Database, function: FunctionId, event: Event) -> tuple[str, str]:
    """Return the call that raises, or '' where a statement does, and what it raises, or ''."""
    kind, index = event
    body = unit_facts(db, function[0]).functions[function[1]]
    if kind == "s":
        raised = next((row.type for row in body.raises if row.statement == index), "")
        return "", f"`{raised}`" if raised else "the exception"
    name = body.calls[index].callee
    exceptions = call_failures(db, function, index)
    what = f"`{'.'.join(exceptions[0].split('.')[-2:])}`" if exceptions else ""
    return f"`{name}()`" if name else "a call", what


def _failure(raiser: str, exception: str) -> str:
    if not raiser:
        return exception
    return f"{exception or 'a failure'} {'from' if exception else 'of'} {raiser}"


def places(
    way: tuple[Cause, Event, Event | None], skipped: Event | None, *, done: str
) -> Iterator[tuple[Event, str]]:
    """Yield the events that lead to a way out, or that other ways have, and what each is."""
    cause, event, after = way
    raising = event if cause is Cause.RAISED else after
    if raising is not None:
        yield raising, "raises"
    if cause is not Cause.RAISED and event[0] == "s":
        yield event, f"leaves without its being {done}"
    if skipped is not None:
        yield (
            skipped,
            f"{done} here, on another path" if raising is None else "which skips this release",
        )
