"""The fix *call the unlocked variant*: a holder of the lock calls what does the work without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, Path
from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.summaries.index import declared_function, outline, owner_of
from review_checks.summaries.inputs import FunctionId, unit_facts, unit_path
from review_checks.summaries.locking.nesting import MAX_DEPTH, Nesting, Step, locks_below
from review_checks.summaries.names import class_around, method_of
from review_checks.summaries.paths import join, last_step, steps_of
from review_checks.text.editing import slice_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.rule import FixContext
    from review_checks.summaries.incremental import Database

_FORMS = ("_{}", "{}_locked", "_{}_locked", "{}_unlocked", "_{}_unlocked", "_unlocked_{}", "_do_{}")


def variant_of(
    db: Database, function: FunctionId, steps: list[Step], nesting: Nesting
) -> str | None:
    """Return how the variant without the lock is to be called, or None when there is none.

    Only a call that the holder makes itself can be changed. The variant must take the same
    parameters, and must not come to the lock by any way.
    """
    if len(steps) != 1 or steps[0].event[0] != "c":
        return None
    callee, call = steps[0].callee, _call(db, function, steps[0])
    name = last_step(call.callee)
    if name != outline(db, callee[0]).functions[callee[1]].name:
        return None
    for other in _candidates(db, callee):
        found = _sibling(db, callee, other)
        if found not in (None, callee, function) and _fits(db, callee, found, nesting):
            return join((*steps_of(call.callee)[:-1], other))
    return None


def _call(db: Database, function: FunctionId, step: Step) -> Call:
    return unit_facts(db, function[0]).functions[function[1]].calls[step.event[1]]


def _candidates(db: Database, callee: FunctionId) -> Iterator[str]:
    """Yield the names that the variant may have: what the callee hands its arguments to, first."""
    body = unit_facts(db, callee[0]).functions[callee[1]]
    names = [item.name for item in body.parameters]
    own = bool(owner_of(db, callee)) and bool(names)
    given = tuple([Path(name) for name in (names[1:] if own else names)])
    if len(body.calls) == 1 and body.calls[0].args == given and not body.calls[0].keywords:
        steps = steps_of(body.calls[0].callee)
        if steps[:-1] == ((names[0],) if own else ()):
            yield steps[-1]
    for form in _FORMS:
        yield form.format(body.name.lstrip("_") if form.startswith("_") else body.name)


def _sibling(db: Database, callee: FunctionId, name: str) -> FunctionId | None:
    around = class_around(db, callee)
    if around:
        return method_of(db, around, name)
    return declared_function(db, unit_path(db, callee[0]), name)


def _fits(db: Database, callee: FunctionId, variant: FunctionId | None, nesting: Nesting) -> bool:
    if variant is None:
        return False
    old = outline(db, callee[0]).functions[callee[1]]
    new = outline(db, variant[0]).functions[variant[1]]
    same = [item.name for item in old.parameters] == [item.name for item in new.parameters]
    taken = {token.identity for token in locks_below(db, variant, MAX_DEPTH)}
    return (
        same
        and old.asynchronous is new.asynchronous
        and not new.decorators
        and nesting.inner.identity not in taken
    )


def call_variant(
    context: FixContext, function: FunctionId, steps: list[Step], nesting: Nesting
) -> Fix | Refusal:
    """Return the edit that calls the variant in the place of what takes the lock."""
    variant = variant_of(context.db, function, steps, nesting)
    if variant is None:
        return Refusal("there is no variant of it that takes no lock")
    call = _call(context.db, function, steps[0])
    path, span = context.path(function), context.shifted(function, call.span)
    text = slice_text(context.lines(path), span)
    if not text.startswith(call.callee):
        return Refusal("the call is written in a form that is not understood")
    end = span.column + len(call.callee)
    edit = Edit(path, Span(span.line, span.column, span.line, end), variant)
    return Fix(f"Call `{variant}`, which takes no lock", Safety.UNSAFE, (edit,))
