"""What a lock guards is handed out of the critical section while others go on changing it.

## Why it matters

The lock is given back when the function returns, but the caller still holds the container itself, or
a view that follows it. Whoever loops over it then does so without the lock, and meets the changes
that the lock was to keep apart.

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

    def all(self):
        with self._lock:
            return self._open.values()
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

    def all(self):
        with self._lock:
            return list(self._open.values())
```

## When it stays silent

- A copy is returned.
- The container is only ever replaced, never changed in place, or is empty and given up: what was
  handed out stays as it was.
- The function is private or says that its caller holds the lock: the caller may still hold it.
- A context manager hands it out for as long as it holds the lock.
- It is not known that the field holds a container.

## Fix

Returns a copy: of a view the list of its elements, of a container one of its kind.

## Options

None.

## References

- Goetz et al.: Java Concurrency in Practice, section 3.2, Publication and escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Path, Result
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._state import lock_declaration
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.changes import Change, class_changes, module_changes
from review_checks.summaries.locking.fields import Kind, field_kind, variable_kind
from review_checks.summaries.locking.guards import UNKNOWN, Guard
from review_checks.summaries.locking.locks import held
from review_checks.summaries.locking.roles import Role, declares_lock, role_of
from review_checks.summaries.locking.slices import Event, Slice, event_of, unit_slices
from review_checks.summaries.locking.traits import Trait, Traits
from review_checks.summaries.names import class_around
from review_checks.summaries.paths import last_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.facts.schema import Function, Return

_VIEWS = frozenset({"items", "keys", "values"})
_SHOWN = 3


class _Escape(msgspec.Struct, frozen=True):
    """What a function hands out: the field, the access, the lock held there, and the changes."""

    field: str
    event: Event
    guard: Guard
    changes: tuple[Change, ...]


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at what a function returns from inside its critical sections."""
    body = context.facts(function)
    results = [row for row in body.results if isinstance(row.value, Path | Result)]
    if not results or not held(context.db, function):
        return
    found = unit_slices(context.db, function[0])[function[1]]
    told: set[str] = set()
    if role_of(context.db, function) is not Role.PUBLIC or declares_lock(context.db, function):
        return
    if any("contextmanager" in last_step(item.path) for item in body.decorators):
        return
    for result in results:
        escape = _escape(function, body, found, result, context)
        if escape is not None and escape.field not in told:
            told.add(escape.field)
            yield _report(function, result, escape, context)


def _escape(
    function: FunctionId, body: Function, found: Slice, result: Return, context: Context
) -> _Escape | None:
    guards = {row.guard.identity: row.guard for row in held(context.db, function)}
    for field, sites in found.sites.items():
        for site in sites:
            if site.write or event_of(body, site.event).statement != result.statement:
                continue
            locks = [guards[lock] for lock in sorted(site.guards - {UNKNOWN}) if lock in guards]
            if not locks or not _hands_out(body, site.event, site.traits, result):
                continue
            if any(other.traits & Trait.STORE and not other.compound for other in sites):
                # It is given up, and replaced by another.
                continue
            changes = _changes(function, field, locks[0], context)
            if changes:
                return _Escape(field, site.event, locks[0], changes)
    return None


def _hands_out(body: Function, event: Event, traits: Traits, result: Return) -> bool:
    """Say whether what is returned is the field itself, or a view of it."""
    kind, index = event
    if kind == "r" and isinstance(result.value, Path):
        return result.value.text == body.reads[index].path and not traits & (
            Trait.ITEM | Trait.MEMBER
        )
    if kind == "c" and isinstance(result.value, Result):
        call = body.calls[index]
        is_view = last_step(call.callee) in _VIEWS and not call.args and not call.keywords
        return is_view and result.value == Result(index)
    return False


def _changes(
    function: FunctionId, field: str, guard: Guard, context: Context
) -> tuple[Change, ...]:
    """Return the changes of a container that others make, some of them under the lock."""
    db = context.db
    if field.startswith("."):
        owner = class_around(db, function)
        kind = field_kind(db, owner, field[1:]) if "." not in field[1:] else Kind.UNKNOWN
        rows = class_changes(db, owner).get(field, ())
    else:
        path = unit_path(db, function[0])
        kind, rows = variable_kind(db, path, field), module_changes(db, path).get(field, ())
    if kind not in (Kind.CONTAINER, Kind.NEST):
        return ()
    others = [row for row in rows if row.function != function]
    under = [row for row in others if guard.identity in row.guards]
    rest = [row for row in others if row not in under]
    return (*under, *rest) if under else ()


def _report(function: FunctionId, result: Return, escape: _Escape, context: Context) -> Report:
    guard, name = escape.guard, escape.field.removeprefix(".")
    kind, index = escape.event
    view = last_step(context.facts(function).calls[index].callee) if kind == "c" else ""
    what = f"a view of `{name}`" if view else f"`{name}` itself"
    verb = "yielded" if result.yields else "returned"
    owner = class_around(context.db, function) or context.qualified(function)
    evidence = [
        (
            Place(change.function, *change.event),
            f"changed in `{context.qualified(change.function)}`",
        )
        for change in escape.changes[:_SHOWN]
    ]
    return Report(
        Place(function, *escape.event),
        f"{what} is {verb} from under `{guard.label}`, and others change it under that lock",
        f"{owner.rpartition('.')[2]}.{name}",
        (*evidence, *lock_declaration(guard, context)),
        data=(view,),
        title=f"{'Yield' if result.yields else 'Return'} a copy of `{name}`",
    )


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Return a copy."""
    path, span = context.path(report.place.function), context.span(report.place)
    begin = Span(span.line, span.column, span.line, span.column)
    end = Span(span.end_line, span.end_column, span.end_line, span.end_column)
    edits = [Edit(path, end, ".copy()")]
    if report.data[0]:
        edits = [Edit(path, begin, "list("), Edit(path, end, ")")]
    return Fix("Return a copy", Safety.UNSAFE, tuple(edits))
