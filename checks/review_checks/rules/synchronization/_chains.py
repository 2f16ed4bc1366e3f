"""Says by which calls a holder of one lock comes to take another, for messages and evidence."""

from __future__ import annotations

import msgspec

from review_checks.rule import Context, Place
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.guards import Guard
from review_checks.summaries.locking.nesting import Nesting, Step, way_to


class Chain(msgspec.Struct, frozen=True):
    """A lock taken while another is held, with all the calls between.

    Attributes:
        place: where a finding about it stands: the inner acquisition when that is in the same file
            as the outer one, else the call that leads there.
        steps: the calls.
        last: the function that takes the inner lock.
        inner: the guard that it takes.
        evidence: the outer acquisition, the calls, and the inner one when ``place`` is another.
    """

    place: Place
    steps: list[Step]
    last: FunctionId
    inner: Guard
    evidence: tuple[tuple[Place, str], ...]


def chain_of(context: Context, function: FunctionId, nesting: Nesting) -> Chain | None:
    """Return the chain of calls behind a nesting, or None when it cannot be told."""
    found = way_to(context.db, function, nesting)
    if found is None:
        return None
    steps, last, inner = found
    outer = nesting.outer.held.guard
    evidence = [
        (
            Place(function, *nesting.outer.place),
            f"`{outer.label}` is taken in `{short_name(context, function)}`",
        )
    ]
    evidence += [
        (
            Place(step.caller, *step.event),
            f"`{short_name(context, step.callee)}` is called with it held",
        )
        for step in steps
    ]
    place = Place(last, *inner.place)
    if steps and unit_path(context.db, last[0]) != unit_path(context.db, function[0]):
        # A finding stands in the file whose analysis it comes from.
        evidence.append((place, f"`{inner.held.guard.label}` is taken here"))
        place = evidence.pop(1)[0]
    return Chain(place, steps, last, inner.held.guard, tuple(evidence))


def short_name(context: Context, function: FunctionId) -> str:
    """Return the last part of the name of a function."""
    return context.qualified(function).rpartition(".")[2]


def symbol_of(guard: Guard) -> str:
    """Return the name of a lock: its class or module, and its own name there, if it has them."""
    parts = guard.identity.split(".")
    return ".".join(parts[-2:]) if len(parts) > 1 and ":" not in guard.identity else guard.label
