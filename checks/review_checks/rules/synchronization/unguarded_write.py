"""State that a lock guards elsewhere is written without it.

## Why it matters

A lock protects only if everybody takes it. One write outside the critical section can be lost, or
can be seen half-way by a thread that holds the lock and trusts it.

## Example

```python bad
import threading


class Pool:
    def __init__(self):
        self._slots = threading.Lock()
        self._active = {}

    def add(self, name, worker):
        with self._slots:
            self._active[name] = worker

    def find(self, name):
        with self._slots:
            return self._active.get(name)

    def names(self):
        with self._slots:
            return list(self._active)

    def forget(self, name):
        self._active.pop(name, None)
```

```python fixed
import threading


class Pool:
    def __init__(self):
        self._slots = threading.Lock()
        self._active = {}

    def add(self, name, worker):
        with self._slots:
            self._active[name] = worker

    def find(self, name):
        with self._slots:
            return self._active.get(name)

    def names(self):
        with self._slots:
            return list(self._active)

    def forget(self, name):
        with self._slots:
            self._active.pop(name, None)
```

## When it stays silent

- All project callers hold the lock, or the function says that they do: by its name (`_locked`), its
  docstring, or an assertion that the lock is held.
- The object is still owned by the function that makes it: `__init__` and what only it calls, a
  method that makes the lock itself anew, or the one that gives the field its first value.
- The lock is held at fewer than two thirds of the uses (a write counts twice), or the uses under it
  include no write and fewer than three reads; unless one function alone changes three such fields
  without it, and reads them first, as counters are.
- The field is only bound anew, and all uses under the lock stand in one function, or are all reads
  and neither another field is bound beside it nor what they use taken away: the lock need not be
  meant for it.
- A container of which single keys are set and removed, and nothing is ever read: each step is atomic.
- `__exit__` binds a field anew, and the lock is that of another object: who entered the object is the
  one who leaves it.
- The write stands behind a check that raises unless the object is stopped, or not started yet; or
  behind one that finds the current thread to be the owner of the object.
- Coroutines under an `asyncio` lock that do not await between the read and the write.
- A private helper that some callers reach with the lock and others without it: the call is at
  fault, not the helper. So it is for a public method that several siblings call, all under the lock.
- It runs after a fork, where there is one thread: it says so by its name, or is registered for that.
- A read lock, a semaphore that admits several, and a lock that depends on a computed key guard
  nothing; a write under a lock of which nothing is known is left alone.
- A comment at the write speaks of its atomicity, or of who holds the lock.

A comment `# guarded by: self._lock` at an assignment to the field, in `__init__` or the body of the
class or module, declares the guard. Then every write without it is reported, but for those by the
maker of the object or by coroutines that do not await; and so is a declaration that names no lock.

## Fix

Holds the lock: with the decorator that the siblings use, arguments included, else with the smallest
`with` block around the writes and the checks before them, joined to a critical section right above
or below. It is refused where a lock that is not re-entrant could be taken twice, by a caller that
holds it, in a function that is called, or by what was handed in and is called with the lock held; and
where a holder may wait for another thread.

## Options

None.

## References

- Blackshear, Gorogiannis, O'Hearn, Sergey: RacerD, 2018.
- SpotBugs: IS2_INCONSISTENT_SYNC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._excuses import is_excused
from review_checks.rules.synchronization._state import (
    State,
    chain,
    declarations,
    evidence,
    hold_around,
    states,
    stray,
    symbol,
    unknown_guards,
    why,
)
from review_checks.rules.synchronization._waiting import obstacle
from review_checks.summaries.locking.sharing import event_at
from review_checks.summaries.locking.traits import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.sharing import Access
    from review_checks.summaries.locking.slices import Event

    _Stray = tuple[State, FunctionId, list[Access]]


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.MODULE, fix=Safety.UNSAFE)
def check(path: str, context: Context) -> Iterator[Report]:
    """Compare the uses of each shared field of the module and its classes."""
    found: list[_Stray] = []
    for state in states(path, context, writes=True):
        rival = state.by.rival
        for function, writes in stray(state, context, write=True).items():
            if rival is not None:
                writes = [row for row in writes if rival.identity not in row.guards]  # noqa: PLW2901
            if writes and not is_excused(state.shared, state.field, state.by, writes, context):
                found.append((state, function, writes))
    found = [row for row in found if not _is_lone(row, found)]
    told: set[tuple[FunctionId, str]] = set()
    for state, function, writes in found:
        steps = chain(state.shared, function, state.guard, context)
        place = function, state.guard.identity
        if steps is not None and not (state.by.beside and place in told):
            told.add(place)
            events = tuple(
                [
                    event_at(context.db, access)
                    for other, where, rows in found
                    for access in rows
                    if where == function and other.guard.identity == state.guard.identity
                ]
            )
            yield _report(state, function, writes, steps, events, context)
    yield from unknown_guards(path, context)


def _is_lone(row: _Stray, found: list[_Stray]) -> bool:
    """Say whether a function binds a single field anew, and nobody changes that under the lock.

    Such a write is atomic, and the lock is not there for writes; unless it takes away what the holders
    of the lock are using.
    """
    state, function, writes = row
    if state.by.declaration is not None or any(access.site.compound for access in writes):
        return False
    if any(access.site.write for access in state.held):
        return False
    empties = any(access.site.traits & Trait.EMPTY for access in writes)
    if empties and any(access.site.traits & Trait.MEMBER for access in state.held):
        return False
    lock = state.guard.identity
    return not any(
        other is not state and where == function and other.guard.identity == lock
        for other, where, _ in found
    )


def _report(
    state: State,
    function: FunctionId,
    writes: list[Access],
    steps: list[tuple[Place, str]],
    events: tuple[Event, ...],
    context: Context,
) -> Report:
    guard, first = state.guard, writes[0]
    refusal = obstacle(context, state.shared.solution, function, guard)
    return Report(
        Place(function, *event_at(context.db, first)),
        f"`{state.name}` is written without `{guard.label}`, {why(state)}",
        symbol(state, function, context),
        (*evidence(state, guard, context), *steps, *declarations(state, context)),
        Severity.ERROR if any(access.site.compound for access in writes) else None,
        (*state.key, tuple([event_at(context.db, access) for access in writes]), events),
        not refusal,
        refusal,
        f"Hold `{guard.label}`",
    )


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Hold the lock around the writes."""
    _, _, events, more = report.data
    return hold_around(report, report.place.function, (tuple(events), tuple(more)), context)
