"""A value is read under a lock, and written back under it later, with the lock given back between.

## Why it matters

Each half is careful by itself. But what another thread wrote between the two is overwritten by a
value that was computed from the older one, and is lost without a trace.

## Example

```python bad
import threading


class Budget:
    def __init__(self):
        self._lock = threading.Lock()
        self._left = 100

    def spend(self, amount):
        with self._lock:
            left = self._left
        left = left - amount
        with self._lock:
            self._left = left
        return left
```

```python fixed
import threading


class Budget:
    def __init__(self):
        self._lock = threading.Lock()
        self._left = 100

    def spend(self, amount):
        with self._lock:
            left = self._left
            left = left - amount
            self._left = left
        return left
```

## When it stays silent

- The second critical section looks at the field again before it writes.
- What is written does not come from what was read, such as a cached value that was missing.
- The value read is written back as it was: it is restored.
- The item written is another one than the item read.
- The lock is held around both, or by all callers.
- The lock is not the same in both places, or nothing is known of it.

## Fix

Makes one critical section of both, when nothing but plain computations lies between: no call, no
`await`, no way out.

## Options

None.

## References

- CWE-362; Artho, Havelund, Biere: High-level data races, 2003.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Function, Mode, Path, Result, StatementKind, Value, Write
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._state import lock_declaration
from review_checks.summaries.flow import may_follow, regions_of, statements_in
from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.locks import Held, held
from review_checks.summaries.locking.roles import Role, declares_lock, role_of
from review_checks.summaries.locking.slices import Event, Site, event_of, unit_slices
from review_checks.summaries.locking.traits import Trait
from review_checks.summaries.mentions import parts_of, roots_in
from review_checks.summaries.names import class_around
from review_checks.summaries.paths import steps_of
from review_checks.text.editing import indent, indentation, slice_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.summaries.inputs import FunctionId

_MAKERS = (Role.OWNED, Role.BODY)
_PLAIN = (StatementKind.ASSIGN, StatementKind.PASS)


class _Split(msgspec.Struct, frozen=True):
    """A read in one critical section, and the write in another that depends on it."""

    field: str
    guard: Guard
    read: Event
    write: Event
    first: Held
    second: Held


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Follow what a function reads in one critical section to where it writes it in another."""
    rows = [row for row in held(context.db, function) if row.guard.identity != UNKNOWN]
    if len(rows) < 2 or len({row.guard.identity for row in rows}) == len(rows):
        return
    if role_of(context.db, function) in _MAKERS or declares_lock(context.db, function):
        return
    body = context.facts(function)
    for field, sites in unit_slices(context.db, function[0])[function[1]].sites.items():
        for split in _splits(body, field, sites, rows):
            yield _report(function, split, context)
            break


def _splits(
    body: Function, field: str, sites: Sequence[Site], rows: Sequence[Held]
) -> Iterator[_Split]:
    for site in sites:
        if not site.write or not site.traits & Trait.STORE or site.event[0] != "w":
            continue
        write = body.writes[site.event[1]]
        for second in _around(rows, write.at):
            for other in sites:
                row = event_of(body, other.event)
                for first in _around(rows, row.at):
                    pair = _Split(field, second.guard, other.event, site.event, first, second)
                    if not other.write and _is_split(body, pair, rows):
                        yield pair


def _around(rows: Sequence[Held], at: int) -> list[Held]:
    return [row for row in rows if row.start <= at < row.end and not row.guard.reads]


def _is_split(body: Function, pair: _Split, rows: Sequence[Held]) -> bool:
    first, second = pair.first, pair.second
    if first is second or first.guard.identity != second.guard.identity:
        return False
    read, write = event_of(body, pair.read), body.writes[pair.write[1]]
    if read.at >= write.at or first.end > second.start:
        return False
    lasting = [row for row in rows if row.guard.identity == first.guard.identity]
    if any(row.start <= read.at and write.at < row.end for row in lasting):
        return False
    if not may_follow(body, read.statement, write.statement):
        return False
    path = _path_of(body, pair.read)
    return (
        path == write.path
        and not _looks_again(body, path, second, write)
        and _comes_from(body, pair.read, write)
    )


def _path_of(body: Function, event: Event) -> str:
    """Return the path that a read uses; `d.get(key)` reads `d[key]`."""
    kind, index = event
    if kind != "c":
        return body.reads[index].path if kind == "r" else ""
    call = body.calls[index]
    holder, _, method = call.callee.rpartition(".")
    if method == "get" and call.args and isinstance(call.args[0], Path):
        return f"{holder}[{call.args[0].text}]"
    return ""


def _looks_again(body: Function, path: str, section: Held, write: Write) -> bool:
    """Say whether the section of the write reads the field before it writes."""
    field = steps_of(path)[:2]
    reads = [(row.at, row.path) for row in body.reads]
    reads += [(row.at, row.callee) for row in body.calls]
    return any(
        section.start <= at < write.at and steps_of(text)[: len(field)] == field
        for at, text in reads
    )


def _comes_from(body: Function, event: Event, write: Write) -> bool:
    """Say whether a written value is computed from what was read, and is not that value itself."""
    read = event_of(body, event)
    fresh: set[str] = set()
    derived: set[str] = set()
    for row in sorted(body.writes, key=lambda row: row.at):
        if row.at >= write.at:
            break
        if not row.path.isidentifier() or row.at < read.at:
            continue
        roots = _roots(body, row.value)
        plain = isinstance(row.value, Path)
        if row.statement == read.statement and row.mode is Mode.ASSIGN:
            fresh.add(row.path)
        elif row.mode is Mode.AUGMENT and row.path in fresh | derived:
            derived.add(row.path)
        elif roots & derived or (roots & fresh and not plain):
            derived.add(row.path)
            fresh.discard(row.path)
        elif roots & fresh:
            fresh.add(row.path)
        else:
            fresh.discard(row.path)
            derived.discard(row.path)
    written = _roots(body, write.value)
    return bool(written & derived or (written & fresh and not isinstance(write.value, Path)))


def _roots(body: Function, value: Value) -> set[str]:
    """Return the names that a value is computed from, by calls as well."""
    found = set(roots_in(value))
    for result in _results_in(value):
        call = body.calls[result.call]
        for given in (*call.args, *dict(call.keywords).values()):
            found |= _roots(body, given)
    return found


def _results_in(value: Value) -> Iterator[Result]:
    if isinstance(value, Result):
        yield value
    for part in parts_of(value):
        yield from _results_in(part)


def _report(function: FunctionId, split: _Split, context: Context) -> Report:
    name, guard = split.field.removeprefix("."), split.guard
    owner = class_around(context.db, function) or context.qualified(function)
    blocks = split.first.how == split.second.how == "with"
    return Report(
        Place(function, *split.write),
        f"`{name}` is written from a value that was read before `{guard.label}` was given back:"
        " what others wrote in between is lost",
        f"{owner.rpartition('.')[2]}.{name}",
        (
            (Place(function, *split.read), f"`{name}` is read under `{guard.label}` here"),
            *lock_declaration(guard, context),
        ),
        data=(split.first.how, split.first.index, split.second.how, split.second.index),
        fixable=blocks,
        refusal="" if blocks else "the lock is not held by a `with` in both places",
        title=f"Hold `{guard.label}` from the read to the write",
    )


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Hold the lock from the read to the write."""
    function = report.place.function
    body = context.facts(function)
    _, one, _, two = report.data
    first, second = body.withs[int(one)].statement, body.withs[int(two)].statement
    reason = _obstacle(body, first, second)
    if reason:
        return Refusal(reason)
    path = context.path(function)
    lines = context.lines(path)
    upper, lower = (context.shifted(function, body.statements[row].span) for row in (first, second))
    inner = context.shifted(function, body.statements[_first_in(body, first)].span)
    below = context.shifted(function, body.statements[_first_in(body, second)].span)
    heads = [slice_text(lines, Span(span.line, 0, span.line + 1, 0)) for span in (upper, lower)]
    margin, inside = indentation(lines[upper.line]), indentation(lines[inner.line])
    if (
        heads[0].strip() != heads[1].strip()
        or below.line == lower.line
        or indentation(lines[below.line]) != inside
    ):
        return Refusal("the two blocks are not written alike")
    edits = indent(path, lines, upper.end_line + 1, lower.line - 1, inside[len(margin) :])
    edits.append(Edit(path, Span(lower.line, 0, lower.line + 1, 0), ""))
    return Fix("Hold the lock from the read to the write", Safety.UNSAFE, tuple(edits))


def _first_in(body: Function, statement: int) -> int:
    return body.regions[regions_of(body, statement)[0]].first


def _obstacle(body: Function, first: int, second: int) -> str:
    """Return why two blocks cannot be made one, or ''."""
    region = body.statements[first].region
    if body.statements[second].region != region:
        return "the two critical sections stand in different blocks"
    middle = [row for row in statements_in(body, region) if first < row < second]
    between = range(body.statements[first].end, body.statements[second].at)
    events = [row.at for row in body.calls] + [row.at for row in body.suspends]
    plain = all(body.statements[row].kind in _PLAIN for row in middle)
    if not plain or any(at in between for at in events):
        return "more than plain computations lie between the two critical sections"
    return ""
