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
  include no write and fewer than three reads.
- The field is only bound anew, and all uses under the lock stand in one function: the lock need not
  be meant for it.
- Coroutines under an `asyncio` lock that do not await between the read and the write.
- A private helper that some callers reach with the lock and others without it: the call is at
  fault, not the helper. So it is for a public method that several siblings call, all under the lock.
- A read lock, a semaphore that admits several, and a lock that depends on a computed key guard
  nothing; a write under a lock of which nothing is known is left alone.
- A comment at the write speaks of its atomicity, or of who holds the lock.

## Fix

Holds the lock: with the decorator that the siblings use, arguments included, else with the smallest
`with` block around the writes and the checks before them, joined to a critical section right above
or below. It is refused where a lock that is not re-entrant could be taken twice, by a caller that
holds it or in a function that is called, and where a holder may wait for another thread.

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
from review_checks.rules.synchronization._excuses import is_excused, is_lock
from review_checks.rules.synchronization._holding import hold
from review_checks.rules.synchronization._waiting import obstacle
from review_checks.summaries.index import class_names, module_info, owner_of
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.guards import (
    UNKNOWN,
    Guard,
    declaration_of,
)
from review_checks.summaries.locking.sharing import Access, Sharing, class_sharing, module_sharing
from review_checks.summaries.locking.slices import Event, unit_slices
from review_checks.summaries.names import class_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN = 5


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.MODULE, fix=Safety.UNSAFE)
def check(path: str, context: Context) -> Iterator[Report]:
    """Compare the uses of each shared field of the module and its classes."""
    module = module_info(context.db, path).name
    for name in class_names(context.db, path):
        yield from _compare(class_sharing(context.db, f"{module}.{name}"), name, path, context)
    yield from _compare(module_sharing(context.db, path), "", path, context)


def _compare(shared: Sharing, owner: str, path: str, context: Context) -> Iterator[Report]:
    found: list[tuple[str, Guard, list[Access]]] = []
    for field, accesses in shared.fields.items():
        guard = _usual_guard(shared, accesses)
        if guard is None or is_lock(shared, field, context):
            continue
        stray: dict[FunctionId, list[Access]] = {}
        for access in accesses:
            if access.site.write and access.misses(guard):
                stray.setdefault(access.function, []).append(access)
        for function, writes in stray.items():
            # What a base class does is reported there.
            own = not owner or owner_of(context.db, function) == owner
            if not own or unit_path(context.db, function[0]) != path:
                continue
            if not is_excused(shared, field, guard, writes, context):
                found.append((field, guard, writes))
    for field, guard, writes in found:
        function = writes[0].function
        chain = _chain(shared, function, guard, context)
        if chain is not None:
            events = tuple(
                [
                    access.site.event
                    for _, other, rows in found
                    for access in rows
                    if access.function == function and other.identity == guard.identity
                ]
            )
            yield _report(shared, field, guard, writes, chain, events, context)


def _usual_guard(shared: Sharing, accesses: Iterable[Access]) -> Guard | None:
    """Return the lock that guards most uses of a field, by the rule's thresholds."""
    guards = shared.solution.guards
    sure = [access for access in accesses if access.guards != {UNKNOWN}]
    total = sum(_weight(access) for access in sure)
    held: dict[str, list[Access]] = {}
    for access in sure:
        for identity in access.guards:
            if identity in guards:
                held.setdefault(identity, []).append(access)
    weights = {identity: sum(map(_weight, rows)) for identity, rows in held.items()}
    for identity in sorted(weights, key=lambda item: (-weights[item], item)):
        rows = held[identity]
        strong = len(rows) >= 3 or (len(rows) == 2 and any(row.site.write for row in rows))
        if strong and weights[identity] * 3 >= total * 2:
            return guards[identity]
    return None


def _weight(access: Access) -> int:
    return 2 if access.site.write else 1


def _chain(
    shared: Sharing, function: FunctionId, guard: Guard, context: Context
) -> list[tuple[Place, str]] | None:
    """Return the calls by which an entry point reaches a function without the lock.

    None means that the function is not reached so, or that some callers hold the lock and the
    fault is that of the others.
    """
    solution = shared.solution
    if function in solution.entries:
        return []
    below: dict[FunctionId, tuple[FunctionId, str]] = {}
    entry, todo = None, [function]
    for current in todo:
        for caller, target, locks in solution.callers.get(current, ()):
            if guard.identity in locks or UNKNOWN in locks:
                return None
            if caller == function or caller in below:
                continue
            below[caller] = current, target
            if caller not in solution.entries:
                todo.append(caller)
            elif entry is None:
                entry = caller
    if entry is None:
        return None
    steps = []
    while entry != function:
        after, target = below[entry]
        place = _place_of_call(entry, target, context)
        steps.append((place, f"`{context.qualified(entry)}` comes here without the lock"))
        entry = after
    return steps


def _place_of_call(caller: FunctionId, target: str, context: Context) -> Place:
    found = unit_slices(context.db, caller[0])[caller[1]]
    events: list[Event] = [
        row.event for row in (*found.reaches, *found.mentions) if row.target == target
    ]
    events += [site.event for site in found.sites.get(target, ())]
    return Place(caller, *events[0]) if events else Place(caller, "n")


def _report(
    shared: Sharing,
    field: str,
    guard: Guard,
    writes: list[Access],
    chain: list[tuple[Place, str]],
    events: tuple[Event, ...],
    context: Context,
) -> Report:
    first, name = writes[0], field.removeprefix(".")
    function = first.function
    owner = class_around(context.db, function) if field.startswith(".") else shared.owner
    accesses = shared.fields[field]
    refusal = obstacle(context, shared.solution, function, guard)
    return Report(
        Place(function, *first.site.event),
        f"`{name}` is written without `{guard.label}`, under which it is {_count(accesses, guard)}",
        f"{owner.rpartition('.')[2]}.{name}",
        (*_evidence(accesses, guard), *chain, *_declaration(guard, context)),
        Severity.ERROR if any(access.site.compound for access in writes) else None,
        (field, guard.identity, tuple([access.site.event for access in writes]), events),
        not refusal,
        refusal,
        f"Hold `{guard.label}`",
    )


def _count(accesses: Iterable[Access], guard: Guard) -> str:
    """Say at how many of the places of each kind the lock is held."""
    parts = []
    for write, word in ((True, "written"), (False, "read")):
        rows = [access for access in accesses if access.site.write is write]
        held = [access for access in rows if guard.identity in access.guards]
        unsure = [access for access in rows if access not in held and not access.misses(guard)]
        if held:
            parts.append(f"{word} at {len(held)} of {len(rows) - len(unsure)} places")
    return " and ".join(parts)


def _evidence(accesses: Iterable[Access], guard: Guard) -> Iterator[tuple[Place, str]]:
    """Yield some of the places where the lock is held: writes first, and from many functions."""
    seen: dict[tuple[FunctionId, bool], int] = {}
    ranks = []
    rows = [access for access in accesses if guard.identity in access.guards]
    for position, access in enumerate(rows):
        key = access.function, access.site.write
        seen[key] = nth = seen.get(key, 0) + 1
        ranks.append((not access.site.write, nth, position))
    for position in sorted(rank[-1] for rank in sorted(ranks)[:_SHOWN]):
        access = rows[position]
        name, word = access.name.rpartition(".")[2], "written" if access.site.write else "read"
        how = f"under `{guard.label}` in `{name}`"
        if guard.identity not in access.site.guards:
            how = f"in `{name}`, whose callers hold `{guard.label}`"
        yield Place(access.function, *access.site.event), f"{word} {how}"


def _declaration(guard: Guard, context: Context) -> Iterator[tuple[Place, str]]:
    found = declaration_of(context.db, guard)
    if found is not None:
        yield Place(found[0], "w", found[1]), f"`{guard.label}` is declared here"


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Hold the lock around the writes."""
    _, identity, events, more = report.data
    function = report.place.function
    owner = class_around(context.db, function) if report.data[0].startswith(".") else ""
    if owner:
        shared = class_sharing(context.db, owner)
    else:
        shared = module_sharing(context.db, context.path(function))
    guard = shared.solution.guards.get(str(identity))
    if guard is None:
        return Refusal("the lock is gone")
    return hold(shared, guard, function, (tuple(events), tuple(more)), context)
