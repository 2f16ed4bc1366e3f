"""A lock is replaced while others may hold it, or made by whoever comes first.

## Why it matters

Who waits for the old lock and who takes the new one do not keep each other out. Two threads that both
find no lock each make one of their own, and both go on. The lock has to be there before there is a
second thread, and to stay.

## Example

```python bad
import threading


class Cache:
    def __init__(self):
        self._lock = threading.Lock()
        self._items = {}

    def get(self, key):
        with self._lock:
            return self._items.get(key)

    def clear(self):
        self._lock = threading.Lock()
        self._items = {}
```

```python fixed
import threading


class Cache:
    def __init__(self):
        self._lock = threading.Lock()
        self._items = {}

    def get(self, key):
        with self._lock:
            return self._items.get(key)

    def clear(self):
        self._items = {}
```

## When it stays silent

- It happens while the object is made: in `__init__` and what only that calls, in `__setstate__` and
  its like, or in a method that gives all its attributes their first value.
- After a fork there is one thread, which makes everything anew.
- Another lock is held there, or may be by the callers.
- The lock is one of coroutines or green threads, which change places at known points only.
- Nobody takes the lock under this name.

## Fix

A lock that `__init__` makes is left as it is: the statement that replaces it goes. One that is made by
whoever comes first is made in `__init__` instead, or where the module is loaded; but not where another
function sets it back to `None`.

## Options

None.

## References

- SpotBugs: ML_SYNC_ON_UPDATED_FIELD, LI_LAZY_INIT_STATIC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Compare, Const, Function, Logic, Mode, Path, Value, Write
from review_checks.mending.runs import run_from
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._siblings import is_making, lock_at_calls
from review_checks.summaries.flow import ancestry, regions_of, statements_in
from review_checks.summaries.index import assigned, members, owner_of
from review_checks.summaries.inputs import FunctionId, layout, unit_facts, unit_path
from review_checks.summaries.locking.forking import runs_after_fork
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.locking.locks import guards_at, held
from review_checks.summaries.locking.making import made_lock, maker_of
from review_checks.summaries.locking.roles import Role, declares_lock, role_of
from review_checks.summaries.mentions import parts_of
from review_checks.summaries.names import attribute_rows, class_around, declared_name, lineage
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import steps_of
from review_checks.text.editing import is_alone, slice_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.index import Row

_COPYING = frozenset({"__copy__", "__deepcopy__", "__getstate__", "__reduce__"})
_PREEMPTIVE = frozenset({"process", "thread"})
_ASKING = frozenset({"getattr", "hasattr"})
_ASSIGN = Mode.ASSIGN


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at the locks that a function stores in its object, or in a variable of the module."""
    body = context.facts(function)
    for index, write in enumerate(body.writes):
        maker = maker_of(body, write.value) if write.mode is _ASSIGN else None
        name = _shared_name(function, write.path, context) if maker is not None else ""
        lock = made_lock(context.db, function, maker[0]) if maker is not None and name else None
        if lock is None or lock.kind not in _PREEMPTIVE:
            continue
        if not _is_excused(function, write, context):
            yield from _judge(function, index, name, context)


def _shared_name(function: FunctionId, path: str, context: Context) -> str:
    """Return the attribute of the own object, or the variable of the module, that a path is."""
    steps = steps_of(path)
    if len(steps) == 2 and steps[0] == self_name(context.db, function):
        return f".{steps[1]}"
    return path if path in context.facts(function).scoped else ""


def _is_excused(function: FunctionId, write: Write, context: Context) -> bool:
    """Say whether nobody else can be at the lock when a function stores it."""
    body = context.facts(function)
    return (
        is_making(function, context)
        or body.name in _COPYING
        or runs_after_fork(context.db, function)
        or declares_lock(context.db, function)
        or bool(guards_at(held(context.db, function), write.at))
        or lock_at_calls(function, context)
    )


def _judge(function: FunctionId, index: int, name: str, context: Context) -> Iterator[Report]:
    body = context.facts(function)
    write, shown = body.writes[index], body.writes[index].path
    takers = _takers(function, shown, context)
    test = _test_around(function, write, context)
    if test >= 0 and (takers or _takers(function, shown, context, own=True)):
        message = f"`{shown}` is made by whoever comes first: two threads may each make their own"
        reason = _lazy_refusal(function, index, name, test, context)
        yield _report(function, index, message, (), ("lazy", name, test), reason, context)
        return
    makers = [
        maker
        for maker, value in _rows(function, name, context)
        if maker != function and is_making(maker, context) and _makes_lock(maker, value, context)
    ]
    if test < 0 and makers and takers:
        message = f"`{shown}` is replaced while others may hold it or wait for it"
        evidence = [(_stored(maker, name, context), "the lock is made here") for maker in makers]
        evidence += [(place, "it is taken here") for place in takers[:3]]
        shares = body.statements[write.statement].region
        alone = len(statements_in(body, shares)) == 1
        reason = "nothing else is done in this block" if alone else ""
        yield _report(function, index, message, tuple(evidence), ("again",), reason, context)


def _report(
    function: FunctionId,
    index: int,
    message: str,
    evidence: tuple[tuple[Place, str], ...],
    data: tuple[object, ...],
    refusal: str,
    context: Context,
) -> Report:
    around = class_around(context.db, function).rpartition(".")[2]
    name = steps_of(context.facts(function).writes[index].path)[-1]
    symbol = f"{around}.{name}" if around else name
    return Report(
        Place(function, "w", index),
        message,
        symbol,
        evidence,
        data=(index, *data),
        fixable=not refusal,
        refusal=refusal,
        title=f"Keep the first `{name}`" if data[0] == "again" else f"Make `{name}` at the start",
    )


# Who makes the lock, and who takes it


def _rows(function: FunctionId, name: str, context: Context) -> tuple[Row, ...]:
    """Return what is assigned to an attribute of the own object, or to a variable of the module."""
    if not name.startswith("."):
        return assigned(context.db, unit_path(context.db, function[0]), "", name)
    around = class_around(context.db, function)
    rows: list[Row] = []
    for base in lineage(context.db, around):
        rows += attribute_rows(context.db, base, name[1:])
    return tuple(rows)


def _makes_lock(maker: FunctionId, value: object, context: Context) -> bool:
    if not isinstance(value, Made) or value.rest:
        return False
    target = declared_name(context.db, maker, value.callee)
    lock = context.models.knowledge(target).lock if target else None
    return lock is not None and lock.key is None


def _stored(maker: FunctionId, name: str, context: Context) -> Place:
    """Return where a function stores the lock."""
    body = context.facts(maker)
    for index, write in enumerate(body.writes):
        if steps_of(write.path)[-1] == name.removeprefix("."):
            return Place(maker, "w", index)
    return Place(maker, "n")


def _takers(
    function: FunctionId, shown: str, context: Context, *, own: bool = False
) -> tuple[Place, ...]:
    """Return where the siblings of a function, or the function itself, take a lock, in order."""
    path, owner = unit_path(context.db, function[0]), owner_of(context.db, function)
    last = steps_of(shown)[-1]
    me = self_name(context.db, function)
    found: dict[Place, None] = {}
    for other in (function,) if own else members(context.db, path, owner):
        if other == function and not own:
            continue
        taken = f"{self_name(context.db, other)}.{last}" if me else last
        for row in sorted(held(context.db, other), key=lambda row: row.index):
            if row.guard.label == taken:
                kind = {"with": "i", "decorator": "d"}.get(row.how, "c")
                found[Place(other, kind, row.index)] = None
    return tuple(found)


# Whoever comes first


def _test_around(function: FunctionId, write: Write, context: Context) -> int:
    """Return the ``if`` around a write that asks whether the lock is there already, or -1."""
    body = context.facts(function)
    for region, _ in ancestry(body, write.statement):
        owner = body.regions[region].owner
        for test in body.tests:
            if test.statement == owner and _asks_for(test.value, write.path, body):
                return owner
    return -1


def _asks_for(value: Value, path: str, body: Function) -> bool:
    if isinstance(value, Path):
        return value.text == path
    call = getattr(value, "call", None)
    if call is not None:
        asked = body.calls[call]
        return asked.callee in _ASKING and Const(steps_of(path)[-1]) in asked.args
    inner = value.operands if isinstance(value, Compare) else parts_of(value)
    return isinstance(value, Compare | Logic) and any(_asks_for(part, path, body) for part in inner)


def _lazy_refusal(function: FunctionId, index: int, name: str, test: int, context: Context) -> str:
    """Return why the lock cannot be made earlier, or ''."""
    body = context.facts(function)
    write = body.writes[index]
    blocks = regions_of(body, test)
    direct = body.statements[write.statement].region == blocks[0]
    if len(blocks) > 1 or not direct or len(statements_in(body, blocks[0])) > 1:
        return "more depends on the test than making the lock"
    if _first_value(function, name, context) is None:
        return "nothing says where the lock could be made"
    taking = next(_taking_away(function, name, context), None)
    if taking is not None:
        return f"`{context.qualified(taking)}` takes the lock away, so that it is made anew"
    return ""


def _taking_away(function: FunctionId, name: str, context: Context) -> Iterator[FunctionId]:
    """Yield the functions that set a lock back to None while others may use it."""
    rows = _rows(function, name, context)
    if not name.startswith("."):
        rows = tuple(_bound_globally(unit_path(context.db, function[0]), name, context))
    for maker, value in rows:
        if value == Const(None) and not is_making(maker, context):
            yield maker


def _bound_globally(path: str, name: str, context: Context) -> Iterator[Row]:
    """Yield what the functions of a file assign to a variable of the module."""
    for unit in layout(context.db, path) or ():
        for index, body in enumerate(unit_facts(context.db, unit).functions):
            if name in body.scoped:
                yield from [((unit, index), row.value) for row in body.writes if row.path == name]


def _first_value(function: FunctionId, name: str, context: Context) -> Place | None:
    """Return where a lock that is made later is None at first: in ``__init__`` or the module."""
    for maker, value in _rows(function, name, context):
        right = role_of(context.db, maker) is (Role.OWNED if name.startswith(".") else Role.BODY)
        same = unit_path(context.db, maker[0]) == unit_path(context.db, function[0])
        if value == Const(None) and right and same:
            return _stored(maker, name, context)
    return None


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Make the lock once, before there are others."""
    function, (index, kind, *rest) = report.place.function, report.data
    body, path = context.facts(function), context.path(function)
    lines, write = context.lines(path), body.writes[index]
    if kind == "again":
        span = context.shifted(function, body.statements[write.statement].span)
        if not is_alone(lines, span) or "#" in lines[span.end_line]:
            return Refusal("the line that makes the lock holds something else as well")
        gone = Edit(path, Span(span.line, 0, span.end_line + 1, 0), "")
        return Fix("Keep the lock that is there", Safety.UNSAFE, (gone,))
    name, test = str(rest[0]), int(rest[1])
    first = _first_value(function, name, context)
    maker = maker_of(body, write.value)
    run = run_from(function, test, test, context)
    if first is None or maker is None or run is None or (run.first, run.last) != (test, test):
        return Refusal("nothing says where the lock could be made")
    made = context.facts(first.function)
    span = context.shifted(first.function, made.statements[made.writes[first.index].statement].span)
    if not slice_text(lines, span).endswith("None"):
        return Refusal("what the lock is at first is not written in one place")
    if any("#" in line for line in lines[run.top : run.end + 1]):
        return Refusal("a comment would be lost")
    text = slice_text(lines, context.shifted(function, maker[1].span))
    value = Span(span.end_line, span.end_column - len("None"), span.end_line, span.end_column)
    return Fix(
        "Make the lock before it is needed",
        Safety.UNSAFE,
        (Edit(path, value, text), Edit(path, Span(run.top, 0, run.end + 1, 0), "")),
    )
