"""The first failure in a loop that cleans up leaves the rest undone.

## Why it matters

Cleanup has no second chance: what the loop did not reach stays allocated, and nobody knows. One
broken device, volume or connection then keeps all that come after it.

## Example

```python bad
import logging

LOG = logging.getLogger(__name__)


class Tracker:
    def __init__(self, client):
        self.client = client

    def drop_devices(self, devices, owner):
        for device in devices:
            self.client.delete_device(device.id, owner)
```

```python fixed
import logging

LOG = logging.getLogger(__name__)


class Tracker:
    def __init__(self, client):
        self.client = client

    def drop_devices(self, devices, owner):
        first_error = None
        for device in devices:
            try:
                self.client.delete_device(device.id, owner)
            except Exception as error:
                LOG.exception("Failed to delete device")
                if first_error is None:
                    first_error = error
        if first_error is not None:
            raise first_error
```

## When it stays silent

- No reason is found why the call may fail. A reason is a function of a library that fails on account
  of the world outside, a `raise` in the project's own code, a change that is made durable, or a
  request to a service (`client.delete_port(port)`); of a method of unknown class, all that the
  project has by that name must have one. To close or release what the process itself holds is none.
- What is called handles the failure, or raises only about the values it is given, or about something
  that the loop has tested.
- The failure does not depend on the item, so that the next one would fail as well.
- A handler or `contextlib.suppress` inside the loop deals with the failure of one item.
- The loop ends after the first release, releases nothing that depends on the item, or what it took
  in the same round.
- The loop stands in a transaction, which a failure takes back as a whole.
- The function is not one that cleans up, by its name or by standing in a handler or `finally`. One
  that `remove`s or `terminate`s something is as often an operation that stops where it fails.
- The name says more than its verb: `close_on_exec`, `release_and_enqueue`.

## Fix

Handles the failure of each item: logs it and goes on, and raises the first one when the cleanup is
over: at the end of the function, handler or `finally` clause, but before it returns, makes a change
durable or takes away what the items were parts of. In a handler that raises on what it handles, the
failures of the items are logged and no more. It is refused where there is no logger, because all
failures but the first would be lost.

## Options

None.

## References

- CERT ERR50-CPP and SEI's guidance on cleanup that must run to its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Call,
    Exit,
    Function,
    RegionKind,
    Result,
    StatementKind,
)
from review_checks.mending.rounds import per_item_handler
from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.summaries.failing.concerning import made_from, names_of_call
from review_checks.summaries.failing.failures import persistence
from review_checks.summaries.failing.reasons import Reason, release_reason
from review_checks.summaries.failing.releasing import is_release, tears_down
from review_checks.summaries.failing.tolerating import in_transaction
from review_checks.summaries.flow import (
    ancestry,
    handlers_around,
    is_inside,
    loops_around,
    regions_of,
)
from review_checks.summaries.inputs import FunctionId, models
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step, parent_of
from review_checks.summaries.words import starts_with_verb

if TYPE_CHECKING:
    from collections.abc import Iterator


_TAKING = frozenset({"acquire"})


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at the release calls inside the loops of a function that cleans up."""
    body = context.facts(function)
    reported: set[int] = set()
    for index, call in enumerate(body.calls):
        if not is_release(context.db, call):
            continue
        loop = next(loops_around(body, call.statement), None)
        if loop is None or loop in reported or body.statements[loop].kind != StatementKind.FOR:
            continue
        if not _cleans_up(context, body, loop) or in_transaction(context.db, function, loop):
            continue
        reason = _reason(context, function, index, loop)
        if reason is not None:
            reported.add(loop)
            yield _report(context, function, index, loop, reason)


def _reason(context: Context, function: FunctionId, index: int, loop: int) -> Reason | None:
    """Return why a release may end the loop around it and leave the other items, or None."""
    body = context.facts(function)
    call = body.calls[index]
    items = _items(body, loop)
    if items.isdisjoint(names_of_call(body, call)) or _ends_after(body, call, loop):
        return None
    if _is_handled(context, function, body, call, loop) or _builds(body, index):
        return None
    return (
        None if _is_taken(body, call, loop) else release_reason(context.db, function, index, items)
    )


def _cleans_up(context: Context, body: Function, loop: int) -> bool:
    if tears_down(context.db, body.name):
        return True
    kinds = [body.regions[region].kind for region, _ in ancestry(body, loop)]
    return RegionKind.HANDLER in kinds or RegionKind.FINALLY in kinds


def _items(body: Function, loop: int) -> frozenset[str]:
    """Return the names that stand for a loop's current item, or for what is derived from it."""
    items = frozenset([write.path for write in body.writes if write.statement == loop])
    statement = body.statements[loop]
    return made_from(body, items, range(statement.at, statement.end))


def _is_taken(body: Function, call: Call, loop: int) -> bool:
    """Say whether a loop takes in each round what it releases there."""
    receiver = parent_of(call.callee)
    inside = range(body.statements[loop].at, body.statements[loop].end)
    return any(
        other.at in inside
        and starts_with_verb(last_step(other.callee), _TAKING)
        and parent_of(other.callee) == receiver
        for other in body.calls
    )


def _is_handled(
    context: Context, function: FunctionId, body: Function, call: Call, loop: int
) -> bool:
    """Say whether the failure of one item is dealt with inside the loop."""
    for handler in handlers_around(body, call.statement):
        if is_inside(body, handler.statement, _loop_body(body, loop)):
            return True
    for item in body.withs:
        if not is_inside(body, call.statement, item.region) or item.statement < loop:
            continue
        if isinstance(item.value, Result):
            target = callees(context.db, function[0])[function[1]][item.value.call]
            if target is None or models(context.db).knowledge(target).suppresses:
                return True
        else:
            return True
    return False


def _loop_body(body: Function, loop: int) -> int:
    return next(
        region for region in regions_of(body, loop) if body.regions[region].kind == RegionKind.LOOP
    )


def _ends_after(body: Function, call: Call, loop: int) -> bool:
    """Say whether the loop is left once the call was made."""
    inner = _loop_body(body, loop)
    for region, _ in ancestry(body, call.statement):
        block = body.regions[region]
        if not block.falls and block.exits & (Exit.BREAK | Exit.RETURN | Exit.RAISE):
            return True
        if region == inner:
            return False
    return False


def _builds(body: Function, index: int) -> bool:
    """Say whether a call only begins an expression, as `table.delete().where(…)` does."""
    return any(other.receiver == index for other in body.calls)


def _report(
    context: Context, function: FunctionId, index: int, loop: int, reason: Reason
) -> Report:
    name = last_step(context.facts(function).calls[index].callee)
    return Report(
        Place(function, "c", index),
        f"the first failure of `{name}` ends the loop and leaves the other items unreleased",
        f"{context.qualified(function)}.{name}",
        (
            (Place(function, "s", loop), "the loop ends with the failure"),
            *_evidence(context, reason),
        ),
        data=(loop,),
        title=f"Go on with the other items when `{name}` fails",
    )


def _evidence(context: Context, reason: Reason) -> Iterator[tuple[Place, str]]:
    """Yield where a failure begins and the calls through which it comes out, from outside inwards."""
    name = reason.exception.rpartition(".")[2]
    for position, (function, (kind, index)) in enumerate(reason.way):
        last = position == len(reason.way) - 1
        if kind == "x":
            statement = context.facts(function).raises[index].statement
            yield Place(function, "s", statement), f"`{name}` is raised here"
        elif last:
            yield Place(function, "c", index), _failing(context, function, index, name)
        elif position:
            where = context.qualified(function)
            yield Place(function, "c", index), f"`{where}` lets it out of this call"


def _failing(context: Context, function: FunctionId, index: int, exception: str) -> str:
    """Return what can happen to a call that is known to fail outside the project."""
    if exception:
        return f"can raise `{exception}`"
    callee = context.facts(function).calls[index].callee
    if persistence(context.db, function, index):
        return f"`{callee}` makes a change durable, which can fail"
    return f"`{callee}` can be refused, or get no answer"


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Go on with the other items."""
    (loop,) = report.data
    function = report.place.function
    body = context.facts(function)
    # One handler does for all that a round releases.
    calls = [
        index
        for index, call in enumerate(body.calls)
        if is_release(context.db, call)
        and next(loops_around(body, call.statement), None) == loop
        and _reason(context, function, index, loop) is not None
    ]
    return per_item_handler(function, loop, calls, context)
