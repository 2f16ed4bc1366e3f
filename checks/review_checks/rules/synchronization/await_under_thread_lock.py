"""A coroutine gives up control while it holds a lock of threads.

## Why it matters

While the coroutine waits, the event loop runs others on the same thread. The next one that wants the
lock stops the whole thread for it, so that the first never gets to go on and give it back: the loop
hangs for good. A thread that wants the lock waits for whatever the coroutine awaits.

## Example

```python bad
import asyncio
import threading


class Session:
    def __init__(self):
        self._lock = threading.Lock()
        self._token = None

    async def token(self, client):
        with self._lock:
            if self._token is None:
                self._token = await client.log_in()
            return self._token
```

```python fixed
import asyncio
import threading


class Session:
    def __init__(self):
        self._lock = asyncio.Lock()
        self._token = None

    async def token(self, client):
        async with self._lock:
            if self._token is None:
                self._token = await client.log_in()
            return self._token
```

## When it stays silent

- The lock is one of coroutines, or it is not known what it is.
- The lock is given back before the `await`, or is asked for without waiting and given up otherwise.
- What is held is a lock of processes, or one that several may hold.

## Fix

Makes the lock an `asyncio.Lock`, where all that use it are coroutines of the same file which enter it
with `with`.

## Options

None.

## References

- Python documentation: asyncio, "Developing with asyncio", running blocking code.
- Clippy: await_holding_lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._asyncio_lock import convert, hindrance
from review_checks.rules.synchronization._chains import symbol_of
from review_checks.summaries.flow import may_follow
from review_checks.summaries.index import members, owner_of
from review_checks.summaries.inputs import unit_path
from review_checks.summaries.locking.acquisitions import acquisitions, waits
from review_checks.summaries.locking.guards import Guard, declaration_of
from review_checks.summaries.locking.locks import Held, held
from review_checks.summaries.paths import parent_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.facts.schema import Function
    from review_checks.summaries.inputs import FunctionId


@rule(severity=Severity.ERROR, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Report each lock of threads under which a coroutine gives up control."""
    body = context.facts(function)
    if not body.asynchronous or not body.suspends:
        return
    seen = set()
    for row in held(context.db, function):
        guard = row.guard
        if guard.kind != "thread" or row.how == "release" or guard.identity in seen:
            continue
        pause = _first_pause(body, row)
        if pause is not None and not _is_never_waited_for(context, function, row):
            seen.add(guard.identity)
            yield _report(context, function, row, pause)


def _is_never_waited_for(context: Context, function: FunctionId, row: Held) -> bool:
    """Say whether all that take a lock beside a function only try, so that it stops nobody."""
    body, db = context.facts(function), context.db
    if row.how != "acquire" or waits(body.calls[row.index]):
        return False
    beside = members(db, unit_path(db, function[0]), owner_of(db, function))
    return not any(
        taken.waits and taken.held.guard.identity == row.guard.identity
        for other in beside
        for taken in acquisitions(db, other)
    )


def _first_pause(body: Function, row: Held) -> int | None:
    """Return the first suspension at which a lock is still held."""
    taken = -1 if row.how == "decorator" else _statement(body, row)
    text = parent_of(body.calls[row.index].callee) if row.how == "acquire" else ""
    for index, pause in enumerate(body.suspends):
        if not row.start <= pause.at < row.end:
            continue
        if text and not may_follow(body, taken, pause.statement):
            continue
        given_back = any(
            call.callee == f"{text}.release" and row.start <= call.at < pause.at
            for call in body.calls
        )
        if not text or not given_back:
            return index
    return None


def _statement(body: Function, row: Held) -> int:
    return body.withs[row.index].statement if row.how == "with" else body.calls[row.index].statement


def _report(context: Context, function: FunctionId, row: Held, pause: int) -> Report:
    guard, body = row.guard, context.facts(function)
    kinds = {"with": "i", "decorator": "d"}
    place = Place(function, kinds.get(row.how, "c"), row.index)
    evidence = [(place, f"`{guard.label}` is taken here")]
    declared = declaration_of(context.db, guard)
    if declared is not None:
        evidence.append((Place(declared[0], "w", declared[1]), f"`{guard.label}` is declared here"))
    refusal = hindrance(context, function, guard)
    what = "yields" if _yields(body, pause) else "awaits"
    return Report(
        Place(function, "p", pause),
        f"the coroutine {what} while it holds `{guard.label}`, which stops the whole thread "
        "of whoever wants it",
        symbol_of(guard),
        tuple(evidence),
        data=(guard.identity,),
        fixable=not refusal,
        refusal=refusal,
        title=f"Make `{guard.label}` an `asyncio.Lock`",
    )


def _yields(body: Function, pause: int) -> bool:
    at = body.suspends[pause].at
    return any(row.yields and row.at == at for row in body.results)


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Make it an `asyncio.Lock`."""
    function = report.place.function
    guard: Guard | None = next(
        (row.guard for row in held(context.db, function) if row.guard.identity == report.data[0]),
        None,
    )
    return convert(context, function, guard) if guard is not None else Refusal("the lock is gone")
