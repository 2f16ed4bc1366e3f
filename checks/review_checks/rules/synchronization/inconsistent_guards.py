"""State is guarded by one lock here and by another one there.

## Why it matters

Two critical sections exclude each other only if they take the same lock. With two locks both places
look careful, and still run at the same time.

## Example

```python bad
import threading


class Registry:
    def __init__(self):
        self._read_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._entries = {}

    def add(self, key, entry):
        with self._write_lock:
            self._entries[key] = entry

    def remove(self, key):
        with self._write_lock:
            del self._entries[key]

    def get(self, key):
        with self._write_lock:
            return self._entries[key]

    def expire(self, key):
        with self._read_lock:
            if self._entries[key].is_old():
                del self._entries[key]
```

```python good
import threading


class Registry:
    def __init__(self):
        self._lock = threading.Lock()
        self._entries = {}

    def add(self, key, entry):
        with self._lock:
            self._entries[key] = entry

    def remove(self, key):
        with self._lock:
            del self._entries[key]

    def get(self, key):
        with self._lock:
            return self._entries[key]

    def expire(self, key):
        with self._lock:
            if self._entries[key].is_old():
                del self._entries[key]
```

## When it stays silent

- Some lock is common to all places: the other one is held for another reason.
- A lock is held at one place only, or at no write; or a write holds neither.
- All writes under the locks only bind the field anew, which is atomic.
- The locks are the two sides of one reader-writer lock, or a condition and the lock it was made of.
- A lock of which nothing is known may be the other one.
- One of the locks is declared: `# guarded by: self._lock`. Then the writes without that one are
  reported as unguarded.

## Fix

None: which of the two locks is meant, only the author knows.

## Options

None.

## References

- CWE-662: Improper Synchronization.
- Savage et al.: Eraser: A Dynamic Data Race Detector for Multithreaded Programs, 1997.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Place, Report, rule
from review_checks.rules.synchronization._state import (
    State,
    evidence,
    lock_declaration,
    states,
    symbol,
)
from review_checks.summaries.locking.sharing import event_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.guards import Guard

_SHOWN = 3


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.MODULE)
def check(path: str, context: Context) -> Iterator[Report]:
    """Look for fields that two locks guard, each at some of their places."""
    for state in states(path, context):
        if state.by.rival is not None:
            yield from _reports(state, state.by.rival, context)


def _reports(state: State, rival: Guard, context: Context) -> Iterator[Report]:
    told: set[FunctionId] = set()
    usual = len(state.held)
    others = sum(rival.identity in access.guards for access in state.accesses)
    for access in state.accesses:
        function = access.function
        mine = rival.identity in access.guards and state.guard.identity not in access.guards
        if not (access.site.write and mine) or function in told:
            continue
        if state.is_own(function, context):
            told.add(function)
            yield Report(
                Place(function, *event_at(context.db, access)),
                f"`{state.name}` is guarded by `{rival.label}` at {others} places and by"
                f" `{state.guard.label}` at {usual}, which do not exclude each other",
                symbol(state, function, context),
                (
                    *evidence(state, state.guard, context, most=_SHOWN),
                    *evidence(state, rival, context, most=_SHOWN),
                    *lock_declaration(state.guard, context),
                    *lock_declaration(rival, context),
                ),
            )
