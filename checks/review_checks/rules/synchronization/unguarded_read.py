"""State that a lock guards is read without it, in a way that can go wrong.

## Why it matters

What is read outside the lock may be half-way through a change, or no longer be so a moment later. A
loop over a container that another thread changes raises `RuntimeError`; a check whose outcome
another thread undoes before it is acted upon is worth nothing; and two values that are changed
together do not belong together when they are read apart.

## Example

```python bad
import threading


class Sessions:
    def __init__(self):
        self._lock = threading.Lock()
        self._open = {}

    def begin(self, key, session):
        with self._lock:
            self._open[key] = session

    def end(self, key):
        with self._lock:
            return self._open.pop(key, None)

    def count(self):
        with self._lock:
            return len(self._open)

    def ping(self):
        for session in self._open.values():
            session.ping()
```

```python fixed
import threading


class Sessions:
    def __init__(self):
        self._lock = threading.Lock()
        self._open = {}

    def begin(self, key, session):
        with self._lock:
            self._open[key] = session

    def end(self, key):
        with self._lock:
            return self._open.pop(key, None)

    def count(self):
        with self._lock:
            return len(self._open)

    def ping(self):
        with self._lock:
            for session in self._open.values():
                session.ping()
```

## When it stays silent

- The lock is held at fewer than two thirds of the uses (a write counts twice), or at no write, or in
  one function only.
- All callers hold the lock, or some do: then the call is at fault. So it is with whatever only the
  maker of the object calls.
- A copy is taken in one step: `list(self._open)`, `dict(self._open)`, `sorted(…)`.
- The function takes the lock for its caller, as a lock of the project's own does.
- The outcome of a check is checked again under the lock before it is acted upon.
- Items are only ever added, so that what was there stays there; or only changed inside, so that a
  check whether they are there, or a loop over them, is not disturbed.
- A handler expects that the item, or the attribute, is no longer there.
- Values that change together are read for a log only.
- Coroutines under an `asyncio` lock that do not await between the check and the act, or in the loop.
- The threads that share it were joined before, in the same function, or it runs after a fork, where
  there is one thread.
- `__repr__` and `__str__`, and a comment that speaks of atomicity or of the lock.
- A single read is atomic. The `strict` profile reports it as a hint, unless the function takes the
  lock for the field elsewhere; the default profile does not.

A field with a comment `# guarded by: self._lock` at an assignment to it has its reads reported
wherever they are made without that lock.

## Fix

Holds the lock around the read and what depends on it, with the decorator of the siblings or a `with`
block. It is refused where that could wait for itself, and around a `while`.

## Options

None.

## References

- Blackshear, Gorogiannis, O'Hearn, Sergey: RacerD, 2018.
- CWE-362, CWE-367.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Logic, StatementKind, Use
from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._acting import Acted, acted_upon
from review_checks.rules.synchronization._excuses import (
    is_by_chance,
    is_joined,
    keeps,
    starts_over,
    yields_between,
)
from review_checks.rules.synchronization._state import (
    State,
    chain,
    declarations,
    evidence,
    hold_around,
    states,
    stray,
    symbol,
    why,
)
from review_checks.rules.synchronization._waiting import obstacle
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.sharing import Access, event_at, row_at
from review_checks.summaries.locking.slices import Event
from review_checks.summaries.locking.traits import Trait
from review_checks.summaries.secrecy.logs import is_log_call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_LOOPED = "{field} is iterated without {lock}, {why}"
_CHECKED = "{field} is checked without {lock}, {why}, and may change before %s"
_TORN = "{field} and `%s` are read without {lock}, under which they change together"
_READ = "{field} is read without {lock}, {why}"


class _Stray(msgspec.Struct, frozen=True):
    """The reads of one field in one function that miss its lock."""

    state: State
    function: FunctionId
    reads: list[Access]


class _Fault(msgspec.Struct, frozen=True):
    """What can go wrong with a read, and the events that belong under the lock together.

    ``what`` says it in the message: `{field}`, `{lock}` and `{why}` stand for the words.
    """

    access: Access
    what: str
    events: tuple[Event, ...]
    evidence: tuple[tuple[Place, str], ...] = ()
    severity: Severity | None = None


class _Pair(msgspec.Struct, frozen=True):
    """The read of a field, and that of another one, called ``name``, that belongs with it."""

    mine: Access
    other: Access
    name: str
    comes_first: bool


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.MODULE, fix=Safety.UNSAFE)
def check(path: str, context: Context) -> Iterator[Report]:
    """Look at the reads of each shared field that miss the lock of its writes."""
    found = [row for state in states(path, context) for row in _strays(state, context)]
    for row in found:
        fault = _fault(row, found, context)
        if fault is not None:
            steps = chain(row.state.shared, row.function, row.state.guard, context)
            if steps is not None:
                yield _report(row, fault, steps, context)


def _strays(state: State, context: Context) -> Iterator[_Stray]:
    declared = state.by.declaration is not None
    held = state.held
    if not declared:
        writes = [access for access in held if access.site.write]
        if not writes or is_by_chance(state.accesses, state.guard):
            return
    solution = state.shared.solution
    written = stray(state, context, write=True)
    for function, reads in stray(state, context, write=False).items():
        # Its writes are the greater fault, and mending them mends the checks before them.
        if function in written:
            continue
        # Though others could call it, it may be meant for those that hold the lock.
        if any(state.guard.identity in locks for _, _, locks in solution.callers.get(function, ())):
            continue
        seen = [access for access in reads if not access.site.traits & Trait.SHOWN]
        if not seen or is_joined(function, seen[0], context):
            continue
        if not starts_over(function, state.guard, context):
            yield _Stray(state, function, seen)


def _fault(row: _Stray, found: Iterable[_Stray], context: Context) -> _Fault | None:
    """Return the worst that can go wrong with the reads of a field in a function."""
    state = row.state
    declared = state.by.declaration is not None
    single = row.state.guard.kind != "async" and _is_single(row)
    fault = _looped(row, context) or _checked(row, context)
    if fault is not None:
        return fault
    if not declared:
        row = _unlogged(row, context)
    pair = _pair(row, found, context) if single else None
    if pair is not None:
        # It is told where the first of the two is read.
        return _torn(row, pair, context) if pair.comes_first else None
    if declared or (single and row.reads and context.options.profile == "strict"):
        severity = None if declared else Severity.HINT
        return _Fault(row.reads[0], _READ, _events(row.reads, context), severity=severity)
    return None


def _is_single(row: _Stray) -> bool:
    """Say whether a function reads a field and never takes the lock for it.

    One that does so elsewhere knows what it leaves out, such as the first half of a double check.
    """
    lock = row.state.guard.identity
    rows = [access for access in row.state.accesses if access.function == row.function]
    return not any(lock in access.guards for access in rows)


def _events(accesses: Iterable[Access], context: Context) -> tuple[Event, ...]:
    return tuple([event_at(context.db, access) for access in accesses])


# A loop


def _looped(row: _Stray, context: Context) -> _Fault | None:
    guard = row.state.guard
    loops = [access for access in row.reads if access.site.traits & Trait.LOOP]
    if not loops or not any(
        access.site.write
        and not access.misses(guard)
        and access.site.traits & (Trait.INPLACE | Trait.INNER) == Trait.INPLACE
        for access in row.state.accesses
    ):
        return None
    body = context.facts(row.function)
    for access in loops:
        statement = body.statements[row_at(context.db, access).statement]
        if guard.kind != "async" or yields_between(body, statement.at, statement.end):
            return _Fault(access, _LOOPED, _events((access,), context))
    return None


# A check, and what is done on the strength of it


def _checked(row: _Stray, context: Context) -> _Fault | None:
    state, guard = row.state, row.state.guard
    tests = [access for access in row.reads if access.site.traits & Trait.TEST]
    if not tests or keeps(row.function, guard, context):
        return None
    body = context.facts(row.function)
    mine = [access for access in state.accesses if access.function == row.function]
    under = [access for access in state.held if access.site.write]
    for access in tests:
        acted: Acted | None = acted_upon(access, mine, guard, under, context)
        if acted is None:
            continue
        start, end = (row_at(context.db, item).at for item in (access, acted.access))
        if guard.kind == "async" and not yields_between(body, start, end):
            continue
        place = Place(row.function, *event_at(context.db, acted.access))
        return _Fault(
            access,
            _CHECKED % acted.what,
            _events((access, acted.access), context),
            ((place, f"`{state.name}` may have changed since the check"),),
        )
    return None


# Two values that change together


def _pair(row: _Stray, found: Iterable[_Stray], context: Context) -> _Pair | None:
    """Return another field that is read in the same statement, and written together with this one."""
    state, body = row.state, context.facts(row.function)
    split = {test.statement for test in body.tests if isinstance(test.value, Logic)}
    reads = {row_at(context.db, access).statement: access for access in row.reads}
    for other in found:
        mate = other.state
        if (
            other.function != row.function
            or mate.field == state.field
            or mate.guard.identity != state.guard.identity
            or _writers(state).isdisjoint(_writers(mate))
        ):
            continue
        for access in other.reads:
            event = row_at(context.db, access)
            mine = reads.get(event.statement)
            # What is asked one after the other is not put together.
            if mine is not None and event.statement not in split:
                first = row_at(context.db, mine).at < event.at
                return _Pair(mine, access, mate.name, first)
    return None


def _unlogged(row: _Stray, context: Context) -> _Stray:
    """Return reads without those that only feed a log, which may be a little off."""
    body = context.facts(row.function)
    logs = {
        call.statement
        for index, call in enumerate(body.calls)
        if call.use is Use.DISCARDED and is_log_call(context.db, row.function, index)
    }
    reads = [row for row in row.reads if row_at(context.db, row).statement not in logs]
    return _Stray(row.state, row.function, reads)


def _torn(row: _Stray, pair: _Pair, context: Context) -> _Fault:
    note = (Place(row.function, *event_at(context.db, pair.other)), f"`{pair.name}` is read here")
    return _Fault(pair.mine, _TORN % pair.name, _events((pair.mine, pair.other), context), (note,))


def _writers(state: State) -> set[FunctionId]:
    return {access.function for access in state.held if access.site.write}


# The report


def _report(row: _Stray, fault: _Fault, steps: list[tuple[Place, str]], context: Context) -> Report:
    state, guard = row.state, row.state.guard
    refusal = obstacle(context, state.shared.solution, row.function, guard)
    body = context.facts(row.function)
    statement = body.statements[row_at(context.db, fault.access).statement]
    if not refusal and statement.kind is StatementKind.WHILE:
        refusal = f"`{guard.label}` would be held for as long as the loop runs"
    return Report(
        Place(row.function, *event_at(context.db, fault.access)),
        fault.what.format(field=f"`{state.name}`", lock=f"`{guard.label}`", why=why(state)),
        symbol(state, row.function, context),
        (*fault.evidence, *evidence(state, guard, context), *steps, *declarations(state, context)),
        fault.severity,
        (*state.key, fault.events),
        not refusal,
        refusal,
        f"Hold `{guard.label}`",
    )


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Hold the lock around the read and what depends on it."""
    events = tuple(report.data[2])
    return hold_around(report, report.place.function, (events, events), context)
