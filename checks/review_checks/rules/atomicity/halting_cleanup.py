"""The first failure in a loop that cleans up leaves the rest undone.

## Why it matters

Cleanup has no second chance: what the loop did not reach stays allocated, and nobody knows. One
broken device, volume or connection then keeps all that come after it.

## Example

```python bad
import logging

LOG = logging.getLogger(__name__)


class Tracker:
    def __init__(self, devices):
        self.devices = devices

    def drop_devices(self, owner):
        for device in self.devices:
            device.free(owner)
```

```python fixed
import logging

LOG = logging.getLogger(__name__)


class Tracker:
    def __init__(self, devices):
        self.devices = devices

    def drop_devices(self, owner):
        first_error = None
        for device in self.devices:
            try:
                device.free(owner)
            except Exception as error:
                LOG.exception("Failed to free")
                if first_error is None:
                    first_error = error
        if first_error is not None:
            raise first_error
```

## When it stays silent

- A handler or `contextlib.suppress` inside the loop deals with the failure of one item.
- The loop ends after the first release, or releases nothing that depends on the item.
- The function is not one that cleans up, by its name or by standing in a handler or `finally`.
- The call is not known to be able to fail: a library says that it does not, or the project's own
  function does nothing that could.

## Fix

Handles the failure of each item: logs it and goes on, and raises the first one at the end.
In a handler that raises on what it handles, the failures of the items are logged and no more.

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
    Items,
    Path,
    RegionKind,
    Result,
    StatementKind,
    Value,
)
from review_checks.mending.handling import per_item_handler
from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.summaries.failing.releasing import Risk, cleans_up, is_release, release_risk
from review_checks.summaries.flow import (
    ancestry,
    handlers_around,
    is_inside,
    loops_around,
    regions_of,
)
from review_checks.summaries.inputs import FunctionId, models
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step, root_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator


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
        if not _cleans_up(context, body, loop):
            continue
        risk = _risk(context, function, index, loop)
        if risk is not None:
            reported.add(loop)
            yield _report(context, function, index, call, loop, risk)


def _risk(context: Context, function: FunctionId, index: int, loop: int) -> Risk | None:
    """Return why a release may end the loop around it and leave the other items, or None."""
    body = context.facts(function)
    call = body.calls[index]
    if not _is_about_item(body, call, loop) or _is_handled(context, function, body, call, loop):
        return None
    if _ends_after(body, call, loop) or _builds(body, index):
        return None
    return release_risk(context.db, function, index)


def _cleans_up(context: Context, body: Function, loop: int) -> bool:
    if cleans_up(context.db, body.name):
        return True
    kinds = [body.regions[region].kind for region, _ in ancestry(body, loop)]
    return RegionKind.HANDLER in kinds or RegionKind.FINALLY in kinds


def _is_about_item(body: Function, call: Call, loop: int) -> bool:
    """Say whether a call releases something that the loop's current item stands for."""
    items = {write.path for write in body.writes if write.statement == loop}
    inside = range(body.statements[loop].at, body.statements[loop].end)
    for write in body.writes:
        # What is derived from the item inside the loop stands for it as well.
        if write.at in inside and write.statement != loop and _roots(write.value, body) & items:
            items.add(write.path)
    roots = {root_of(call.callee)}
    for value in (*call.args, *(value for _, value in call.keywords)):
        roots |= _roots(value, body)
    return bool(roots & items)


def _roots(value: Value, body: Function) -> set[str]:
    if isinstance(value, Path):
        return set(_names(value.text))
    if isinstance(value, Result):
        call = body.calls[value.call]
        found = {root_of(call.callee)}
        for arg in call.args:
            found |= _roots(arg, body)
        return found
    if isinstance(value, Items):
        return set().union(*[_roots(part, body) for part in value.parts])
    return set()


def _names(path: str) -> Iterator[str]:
    """Yield the root of a path and the roots of its keys."""
    for position, step in enumerate(steps_of(path)):
        if position == 0:
            yield step
        elif step.startswith("["):
            yield root_of(step[1:-1])


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
    context: Context, function: FunctionId, index: int, call: Call, loop: int, risk: Risk
) -> Report:
    name = last_step(call.callee)
    if risk.exception:
        why = f"`{risk.exception.rpartition('.')[2]}` is raised here"
    else:
        body = context.facts(risk.function)
        why = f"`{body.calls[risk.event[1]].callee}` can fail here"
    evidence: list[tuple[Place, str]] = [
        (Place(function, "s", loop), "the loop ends with the failure")
    ]
    if (risk.function, risk.event) != (function, ("c", index)):
        kind, position = risk.event
        if kind == "c":
            evidence.append((Place(risk.function, "c", position), why))
        else:
            raised = context.facts(risk.function).raises[position]
            evidence.append((Place(risk.function, "s", raised.statement), why))
    return Report(
        Place(function, "c", index),
        f"the first failure of `{name}` ends the loop and leaves the other items unreleased",
        f"{context.qualified(function)}.{name}",
        tuple(evidence),
        data=(loop,),
        title=f"Go on with the other items when `{name}` fails",
    )


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
        and _risk(context, function, index, loop) is not None
    ]
    return per_item_handler(function, loop, calls, context)
