"""A lock that is not re-entrant is taken again by its holder.

## Why it matters

The second acquisition waits for the first to end, which waits for the second: the thread hangs for
good, and with it everybody who needs the lock. The two mostly stand in different functions, each of
which is right by itself.

## Example

```python bad
import threading


class Registry:
    def __init__(self):
        self._lock = threading.Lock()
        self._names = {}

    def add(self, name, value):
        with self._lock:
            if not self.has(name):
                self._names[name] = value

    def has(self, name):
        with self._lock:
            return self._has(name)

    def _has(self, name):
        return name in self._names
```

```python fixed
import threading


class Registry:
    def __init__(self):
        self._lock = threading.Lock()
        self._names = {}

    def add(self, name, value):
        with self._lock:
            if not self._has(name):
                self._names[name] = value

    def has(self, name):
        with self._lock:
            return self._has(name)

    def _has(self, name):
        return name in self._names
```

## When it stays silent

- The lock is re-entrant, or it is not known whether it is.
- The inner lock belongs to another object, or is named by another key, or it is not known to be the
  same.
- The inner acquisition gives up by itself: it does not block, or has a time limit.
- The call that leads there is made only where such an attempt has got the lock, which fails for its
  holder.
- The method is replaced: the class assigns an attribute of that name to its object.
- The lock is given back in between.
- The inner acquisition depends on a flag for which the caller gives another value, or on a question
  such as `lock.locked()`.
- The inner function runs on another thread, or later: it is handed on, is a coroutine that is not
  awaited, or is decorated to run in the background.

## Fix

Calls the unlocked variant, where there is one: the one function of its own class that the callee runs
under the lock, with the arguments unchanged and nothing else done.

## Options

None.

## References

- Infer: starvation analysis (DEADLOCK).
- Clang: -Wthread-safety, "acquiring mutex that is already held".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._chains import Chain, chain_of, short_name, symbol_of
from review_checks.rules.synchronization._unlocked import call_variant, variant_of
from review_checks.summaries.locking.guards import declaration_of
from review_checks.summaries.locking.nesting import Nesting, nestings, way_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId


@rule(severity=Severity.ERROR, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Report each lock that is taken while the function holds it."""
    seen = set()
    for nesting in nestings(context.db, function):
        guard = nesting.outer.held.guard
        if guard.reentrant is not False or guard.reads:
            continue
        if nesting.inner.tried or not nesting.outer.token.is_surely(nesting.inner):
            continue
        report = _report(context, function, nesting)
        if report is not None and report.place not in seen:
            seen.add(report.place)
            yield report


def _report(context: Context, function: FunctionId, nesting: Nesting) -> Report | None:
    chain = chain_of(context, function, nesting)
    if chain is None:
        return None
    guard = nesting.outer.held.guard
    evidence = list(chain.evidence)
    declared = declaration_of(context.db, guard)
    if declared is not None:
        evidence.append((Place(declared[0], "w", declared[1]), f"`{guard.label}` is declared here"))
    variant = variant_of(context.db, function, chain.steps, nesting)
    return Report(
        chain.place,
        _message(context, function, guard.label, chain),
        symbol_of(guard),
        tuple(evidence),
        data=(function, nesting.event),
        fixable=variant is not None,
        refusal="" if variant is not None else "there is no variant of it that takes no lock",
        title=f"Call `{variant}`, which takes no lock" if variant is not None else "",
    )


def _message(context: Context, function: FunctionId, label: str, chain: Chain) -> str:
    if chain.last == function:
        return f"`{label}` is taken again while it is held, and it is not re-entrant"
    if chain.place.function == function:
        taker = short_name(context, chain.last)
        return f"`{label}` is held here, and `{taker}` takes it again: it is not re-entrant"
    holder = short_name(context, function)
    return f"`{label}` is taken again when `{holder}`, which holds it, comes here: it is not re-entrant"


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Call the variant that takes no lock."""
    function, event = report.data
    for nesting in nestings(context.db, function):
        if nesting.inner.tried:
            continue
        if nesting.event == event and nesting.outer.token.is_surely(nesting.inner):
            found = way_to(context.db, function, nesting)
            if found is not None:
                return call_variant(context, function, found[0], nesting)
    return Refusal("the call is gone")
