"""A lock that is taken by `acquire()` is not released on some path.

## Why it matters

A lock that is not given back stays taken for good: the next one who wants it waits for ever. The path
that forgets is mostly the one on which a call raises, and nobody tries that one.

## Example

```python bad
import threading


class Journal:
    def __init__(self, path):
        self._lock = threading.Lock()
        self._path = path

    def append(self, entry):
        self._lock.acquire()
        with open(self._path, "a") as target:
            target.write(entry.encode_line())
        self._lock.release()
```

```python fixed
import threading


class Journal:
    def __init__(self, path):
        self._lock = threading.Lock()
        self._path = path

    def append(self, entry):
        with self._lock:
            with open(self._path, "a") as target:
                target.write(entry.encode_line())
```

```python good
import threading


class Journal:
    def __init__(self, path):
        self._lock = threading.Lock()
        self._path = path

    def append(self, entry):
        self._lock.acquire()
        try:
            with open(self._path, "a") as target:
                target.write(entry.encode_line())
        finally:
            self._lock.release()
```

## When it stays silent

- Somebody else gives the lock back: it is returned, stored or handed over, its `release` is handed
  over, a nested function calls that, or the function gives it back only where something goes wrong.
- A function named for taking a lock (`acquire`, `try_lock`, `__enter__`) returns a truth, what the
  acquisition returned, or its object: the caller has the lock.
- The function never gives it back, but other code of the file does, or might.
- Nothing between the two may raise but trivial builtins, logging, taking another lock and failures of the
  clean-up itself.
- The lock was asked for without waiting, and was not had on the path, which may be told by a name that
  is set to `True` only where it was.
- A semaphore admits several, and a lock that the function makes for itself keeps nobody out: that is another
  finding.

## Fix

Holds the lock in `with`. This is safe where nothing between leaves the block but by an exception.
Where it is not known that the lock can be entered, gives it back in `finally`.

## Options

None.

## References

- Clang: -Wthread-safety, "mutex is still held at the end of function".
- SpotBugs: UL_UNRELEASED_LOCK_EXCEPTION_PATH.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._chains import symbol_of
from review_checks.rules.synchronization._giving_back import give_back, plan
from review_checks.summaries.locking.releases import Unreleased, unreleased
from review_checks.summaries.owning.leaks import Cause
from review_checks.summaries.owning.wording import places, why_kept
from review_checks.summaries.paths import parent_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.owning.walking import Event


@rule(
    severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE, safer=True
)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Report each lock that the function takes and does not always give back."""
    if not any(call.callee.endswith(".acquire") for call in context.facts(function).calls):
        return
    for found in unreleased(context.db, function):
        yield _report(context, function, found)


def _report(context: Context, function: FunctionId, found: Unreleased) -> Report:
    chosen = plan(context, function, found)
    guard = found.guard
    return Report(
        Place(function, "c", found.call),
        _message(context, function, found),
        symbol_of(guard) if guard.place == guard.identity else guard.label,
        tuple(_evidence(function, found)),
        data=(found.call,),
        fixable=bool(chosen.form),
        refusal=chosen.refusal,
        title=chosen.title(parent_of(context.facts(function).calls[found.call].callee)),
        safety=chosen.safety if chosen.form else None,
    )


def _message(context: Context, function: FunctionId, found: Unreleased) -> str:
    text = parent_of(context.facts(function).calls[found.call].callee)
    if found.cause is Cause.NEVER:
        return f"`{text}` is acquired and never released"
    why = why_kept(context.db, function, _way(found), done="released", again="acquires it again")
    return f"`{text}` {why}"


def _way(found: Unreleased) -> tuple[Cause, Event, Event | None]:
    return (found.cause, found.event, found.after)


def _evidence(function: FunctionId, found: Unreleased) -> Iterator[tuple[Place, str]]:
    for event, text in places(_way(found), found.skipped, done="released"):
        yield Place(function, *event), text


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Release the lock on every path."""
    function = report.place.function
    for found in unreleased(context.db, function):
        if (found.call,) == report.data:
            return give_back(context, function, found)
    return Refusal("the lock is released already")
