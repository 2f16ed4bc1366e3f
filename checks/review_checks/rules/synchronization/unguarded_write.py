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

- All project callers hold the lock, or the function's name or docstring says that they do.
- The object is still owned by the function that makes it: `__init__` and what only it calls.
- The lock is held at fewer than two thirds of the uses (a write counts twice), or the uses under it
  include no write and fewer than three reads.
- Coroutines under an `asyncio` lock that do not await between the read and the write.
- A private helper that some callers reach with the lock and others without it: the call is at
  fault, not the helper.

## Fix

Holds the lock: with the decorator that the siblings use, arguments included, else with the smallest
`with` block around the writes. It is refused where a caller already holds a lock that is not
re-entrant.

## Options

None.

## References

- Blackshear, Gorogiannis, O'Hearn, Sergey: RacerD, 2018.
- SpotBugs: IS2_INCONSISTENT_SYNC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from review_checks.facts.schema import Function
from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._holding import hold, obstacle
from review_checks.summaries.index import class_names, module_info
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locks import Guard
from review_checks.summaries.sharing import Access, Sharing, class_sharing, module_sharing

_SHOWN = 5


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.MODULE, fix=Safety.UNSAFE)
def check(path: str, context: Context) -> Iterator[Report]:
    """Compare the uses of each shared field of the module and its classes."""
    module = module_info(context.db, path).name
    for name in class_names(context.db, path):
        yield from _compare(class_sharing(context.db, f"{module}.{name}"), path, context)
    yield from _compare(module_sharing(context.db, path), path, context)


def _compare(shared: Sharing, path: str, context: Context) -> Iterator[Report]:
    for field, accesses in shared.fields.items():
        guard = _usual_guard(shared, accesses)
        if guard is None:
            continue
        guarded = [access for access in accesses if guard.identity in access.guards]
        stray: dict[FunctionId, list[Access]] = {}
        for access in accesses:
            if not access.site.write or guard.identity in access.guards:
                continue
            if unit_path(context.db, access.function[0]) != path:
                continue
            stray.setdefault(access.function, []).append(access)
        for function, writes in stray.items():
            chain = _chain(shared, function, guard, context)
            if chain is None or not _races(context.facts(function), guard, writes):
                continue
            yield _report(shared, field, guard, guarded, accesses, writes, chain, context)


def _usual_guard(shared: Sharing, accesses: Iterable[Access]) -> Guard | None:
    """Return the lock that guards most uses of a field, by the rule's thresholds."""
    weights: dict[str, int] = {}
    writes: dict[str, int] = {}
    counts: dict[str, int] = {}
    total = 0
    for access in accesses:
        weight = 2 if access.site.write else 1
        total += weight
        for guard in access.guards:
            known = shared.guards[guard]
            if known.keyed or known.reads:
                continue
            weights[guard] = weights.get(guard, 0) + weight
            counts[guard] = counts.get(guard, 0) + 1
            writes[guard] = writes.get(guard, 0) + access.site.write
    for guard in sorted(weights, key=lambda item: (-weights[item], item)):
        strong = counts[guard] >= 2 and (writes[guard] >= 1 or counts[guard] >= 3)
        if strong and weights[guard] * 3 >= total * 2:
            return shared.guards[guard]
    return None


def _races(body: Function, guard: Guard, writes: list[Access]) -> bool:
    """Say whether a write without the lock can meet others; coroutines yield only at an await."""
    if guard.kind != "async":
        return True
    if not body.asynchronous:
        return False
    first = min(_order(body, access) for access in writes)
    return any(suspend.at < first for suspend in body.suspends)


def _order(body: Function, access: Access) -> int:
    kind, index = access.site.event
    if kind == "w":
        return body.writes[index].at
    return body.calls[index].at if kind == "c" else body.reads[index].at


def _chain(
    shared: Sharing, function: FunctionId, guard: Guard, context: Context
) -> list[tuple[Place, str]] | None:
    """Return the calls by which an entry point reaches a function without the lock.

    None means that the function is not reached so, or that some callers hold the lock and the
    fault is that of the others.
    """
    steps: list[tuple[Place, str]] = []
    seen = {function}
    current = function
    while True:
        name = context.qualified(current).rpartition(".")[2]
        private = name.startswith("_") and not name.endswith("__")
        callers = shared.callers.get(current, ())
        if not private or not callers:
            return steps[::-1]
        holding = [row for row in callers if guard.identity in row[2]]
        if holding:
            return None
        for caller, event, _ in callers:
            if caller not in seen:
                seen.add(caller)
                place = Place(caller, *event)
                steps.append((place, f"`{context.qualified(caller)}` calls it without the lock"))
                current = caller
                break
        else:
            return steps[::-1]


def _report(
    shared: Sharing,
    field: str,
    guard: Guard,
    guarded: list[Access],
    accesses: tuple[Access, ...],
    writes: list[Access],
    chain: list[tuple[Place, str]],
    context: Context,
) -> Report:
    first = writes[0]
    name = field.removeprefix(".")
    owner = shared.owner.rpartition(".")[2]
    total = len(accesses)
    strongest = sorted(guarded, key=lambda access: not access.site.write)[:_SHOWN]
    shown = sorted(strongest, key=guarded.index)
    evidence = [
        (
            Place(access.function, *access.site.event),
            f"{'written' if access.site.write else 'read'} under `{guard.label}`"
            f" in `{access.name.rpartition('.')[2]}`",
        )
        for access in shown
    ]
    refusal = obstacle(context, shared, first.function, guard)
    return Report(
        Place(first.function, *first.site.event),
        f"`{name}` is written without `{guard.label}`, under which it is used at"
        f" {len(guarded)} of {total} places",
        f"{owner}.{name}",
        (*evidence, *chain),
        Severity.ERROR if any(access.site.compound for access in writes) else None,
        (guard.identity, tuple([access.site.event for access in writes])),
        not refusal,
        refusal,
    )


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Hold the lock around the writes."""
    identity, events = report.data
    return hold(report.place.function, str(identity), tuple(events), context)
