"""A lock is held while its holder waits for the network, a process or the clock.

## Why it matters

Everybody else who needs the lock waits as well, for something that has nothing to do with them. One
slow server then stops every thread of the service, and a server that never answers stops it for good.

## Example

```python bad
import threading

import requests


class Prices:
    def __init__(self):
        self._lock = threading.Lock()
        self._known = {}

    def refresh(self, url):
        with self._lock:
            self._known = requests.get(url, timeout=60).json()

    def of(self, name):
        with self._lock:
            return self._known.get(name)
```

```python good
import threading

import requests


class Prices:
    def __init__(self):
        self._lock = threading.Lock()
        self._known = {}

    def refresh(self, url):
        known = requests.get(url, timeout=60).json()
        with self._lock:
            self._known = known

    def of(self, name):
        with self._lock:
            return self._known.get(name)
```

## When it stays silent

- All sections of the lock wait for such a thing, or call what may: it is there to let one at a time
  do so. Somebody must hold it only to look something up or to change a few values.
- Nobody else takes the lock.
- `Condition.wait` gives the lock back while it waits; a sleep of no length only lets others run.
- What is waited for is made once: the call stands where a test says that it is not there yet, and is
  kept.
- The lock excludes processes or coroutines, or those who work on one key, or several may hold it.
- The wait is reached only where a logger was asked whether it shows such detail, or it is for a name
  that is this machine's own.
- The wait lies more than four calls below the holder.

It is reported in the function that takes the lock.

## Fix

None: what has to be done under the lock, and what may be done before it, only the author knows.

## Options

None.

## References

- Infer: starvation analysis (STARVATION).
- SpotBugs: SWL_SLEEP_WITH_LOCK_HELD.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Place, Report, rule
from review_checks.rules.synchronization._chains import short_name, symbol_of
from review_checks.summaries.blocking import way_to_wait
from review_checks.summaries.locking.sections import Section, sections, sections_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId

_SHOWN = 4
_NOUNS = {
    "sleep": "sleeps",
    "network": "waits for the network",
    "subprocess": "waits for a process",
    "database": "waits for a database",
    "rpc": "waits for a remote call",
}


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.FUNCTION)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Report each lock under which the function waits while others, who need not, want it."""
    seen = set()
    for section in sections(context.db, function):
        identity = section.acquisition.token.identity
        if not section.kind or identity in seen:
            continue
        seen.add(identity)
        others = [
            (taker, quick)
            for taker, quick in sections_of(context.db, function, identity)
            if taker != function
        ]
        if any(quick for _, quick in others):
            yield _report(context, function, section, others)


def _report(
    context: Context, function: FunctionId, section: Section, others: list[tuple[FunctionId, bool]]
) -> Report:
    guard = section.acquisition.held.guard
    way = way_to_wait(context.db, function, section.event, section.calls)
    evidence = [(Place(function, *section.acquisition.place), f"`{guard.label}` is taken here")]
    evidence += [
        (Place(caller, *event), _NOUNS[section.kind] if row == len(way) - 1 else "leads there")
        for row, (caller, event) in enumerate(way)
        if row
    ]
    others.sort(key=lambda row: not row[1])
    takers = list(dict.fromkeys(taker for taker, _ in others))
    for taker in takers[:_SHOWN]:
        evidence += [
            (Place(taker, *row.acquisition.place), f"`{short_name(context, taker)}` waits for it")
            for row in sections(context.db, taker)
            if row.acquisition.token.identity == section.acquisition.token.identity
        ][:1]
    what = ".".join(section.name.split(".")[-2:])
    return Report(
        Place(function, *section.event),
        f"`{what}` {_NOUNS[section.kind]} while `{guard.label}` is held, "
        f"which {_count(len(takers))} as well",
        symbol_of(guard),
        tuple(evidence),
    )


def _count(takers: int) -> str:
    return "another function takes" if takers == 1 else f"{takers} other functions take"
