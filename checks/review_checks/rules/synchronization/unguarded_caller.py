"""A helper changes state that a lock guards, and this call of it does not hold the lock.

## Why it matters

A private helper often leaves it to its callers to hold the lock. Then every caller must: the one
that does not races with all the others, and nothing in the helper shows it.

## Example

```python bad
import threading


class Journal:
    def __init__(self):
        self._lock = threading.RLock()
        self._entries = []

    def write(self, entry):
        with self._lock:
            self._append(entry)

    def replay(self, entries):
        with self._lock:
            for entry in entries:
                self._append(entry)

    def last(self):
        with self._lock:
            return self._entries[-1]

    def mark(self):
        self._append("--")

    def _append(self, entry):
        self._entries.append(entry)
```

```python fixed
import threading


class Journal:
    def __init__(self):
        self._lock = threading.RLock()
        self._entries = []

    def write(self, entry):
        with self._lock:
            self._append(entry)

    def replay(self, entries):
        with self._lock:
            for entry in entries:
                self._append(entry)

    def last(self):
        with self._lock:
            return self._entries[-1]

    def mark(self):
        with self._lock:
            self._append("--")

    def _append(self, entry):
        self._entries.append(entry)
```

## When it stays silent

- All callers hold the lock, or none does: then the helper's own writes are at fault.
- The helper may be called by others: it is public, handed on, or run by a thread.
- The caller belongs to the making of the object, or says itself that its caller holds the lock.
- The lock guards fewer than two thirds of the uses of what the helper changes, where each call of
  the helper counts as one.
- The helper only binds the field anew, and no more than one caller holds the lock.
- Coroutines under an `asyncio` lock, where the helper does not await between the read and the write.

For a field with a comment `# guarded by: self._lock` at an assignment to it, one caller that holds
the lock is enough.

## Fix

Holds the lock around the call; a helper whose siblings are decorated with a re-entrant lock is
decorated as they are. It is refused where a lock that is not re-entrant could be taken twice.

## Options

None.

## References

- Blackshear, Gorogiannis, O'Hearn, Sergey: RacerD, 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._excuses import is_lock, races, starts_over
from review_checks.rules.synchronization._holding import hold, is_decorated
from review_checks.rules.synchronization._state import (
    State,
    declarations,
    shared_state,
    sharings,
    symbol,
)
from review_checks.rules.synchronization._waiting import obstacle
from review_checks.summaries.locking.lending import Lent, lendings
from review_checks.summaries.locking.sharing import event_at
from review_checks.summaries.locking.slices import unit_slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.slices import Event

_SHOWN = 3


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.MODULE, fix=Safety.UNSAFE)
def check(path: str, context: Context) -> Iterator[Report]:
    """Compare the locks that the callers of each helper hold."""
    told: set[tuple[FunctionId, FunctionId, str]] = set()
    for shared, owner in sharings(path, context):
        for lent in lendings(context.db, shared):
            state = State(shared, owner, path, lent.field, lent.by)
            if is_lock(shared, lent.field, context) or _is_harmless(state, lent, context):
                continue
            for caller, target in lent.without:
                key = caller, lent.helper, lent.by.guard.identity
                if key not in told and state.is_own(caller, context):
                    found = _report(state, lent, caller, target, context)
                    if found is not None:
                        told.add(key)
                        yield found


def _is_harmless(state: State, lent: Lent, context: Context) -> bool:
    writes = list(lent.writes)
    if not races(state.accesses, state.guard, writes, context):
        return True
    if starts_over(lent.changer, state.guard, context):
        return True
    compound = any(access.site.compound for access in writes)
    return not compound and len(lent.holding) < 2 and state.by.declaration is None


def _report(
    state: State, lent: Lent, caller: FunctionId, target: str, context: Context
) -> Report | None:
    event = _call_without(state, caller, target, context)
    if event is None or starts_over(caller, state.guard, context):
        return None
    guard = state.guard
    name = context.qualified(lent.helper).rpartition(".")[2]
    refusal = obstacle(context, state.shared.solution, caller, guard)
    total = len(lent.holding) + len(lent.without)
    holding = "holds" if len(lent.holding) == 1 else "hold"
    return Report(
        Place(caller, *event),
        f"`{name}` changes `{state.name}` and is called without `{guard.label}`,"
        f" which {len(lent.holding)} of {total} callers {holding}",
        symbol(state, lent.changer, context),
        (*_evidence(lent, context), *declarations(state, context)),
        None,
        (*state.key, guard.identity, event, lent.helper),
        not refusal,
        refusal,
        f"Hold `{guard.label}`",
    )


def _call_without(state: State, caller: FunctionId, target: str, context: Context) -> Event | None:
    """Return where a function calls another, or hands it on, without the lock."""
    found = unit_slices(context.db, caller[0])[caller[1]]
    for reach in (*found.reaches, *found.mentions):
        held = state.shared.solution.known(reach.guards)
        if reach.target == target and state.guard.identity not in held:
            return reach.event
    return None


def _evidence(lent: Lent, context: Context) -> Iterator[tuple[Place, str]]:
    guard, helper = lent.by.guard, context.qualified(lent.helper).rpartition(".")[2]
    changer = context.qualified(lent.changer).rpartition(".")[2]
    for access in lent.writes[:1]:
        name = lent.field.removeprefix(".")
        yield Place(lent.changer, *event_at(context.db, access)), f"`{changer}` changes `{name}`"
    for caller, target in lent.holding[:_SHOWN]:
        found = unit_slices(context.db, caller[0])[caller[1]]
        for reach in (*found.reaches, *found.mentions):
            if reach.target == target:
                text = f"`{context.qualified(caller)}` calls `{helper}` with `{guard.label}` held"
                yield Place(caller, *reach.event), text
                break


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Hold the lock around the call."""
    _, _, identity, event, helper = report.data
    caller = report.place.function
    shared = shared_state(report, context)
    guard = shared.solution.guards.get(str(identity))
    if guard is None:
        return Refusal("the lock is gone")
    inner = helper[0], helper[1]
    if guard.reentrant and is_decorated(shared, guard, inner, context):
        return hold(shared, guard, inner, ((), ()), context)
    kind, index = event
    events = ((kind, index),)
    return hold(shared, guard, caller, (events, events), context)
