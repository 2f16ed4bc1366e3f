"""State says that something is done before the call that does it, and that call may fail.

## Why it matters

When the call fails, the state stays. The next attempt looks at it, takes the work for done, and
never does it: the record is not created, the change is not saved, until somebody restarts the
service.

## Example

```python bad
class Tracker:
    def __init__(self):
        self.nodes = {}

    def track(self, name, node):
        if name in self.nodes:
            return
        self.nodes[name] = node
        node.create()
```

```python fixed
class Tracker:
    def __init__(self):
        self.nodes = {}

    def track(self, name, node):
        if name in self.nodes:
            return
        node.create()
        self.nodes[name] = node
```

## When it stays silent

- A handler around the call restores the state.
- Nothing in the class trusts the state: no membership test or comparison leads past the call.
- The object was durable before, and the call only saves a change of it.
- The object that holds the state is still being made.

## Fix

Moves the write behind the call when both are neighbours in one block; else restores the state in a
handler that raises again.

## Options

None.

## References

- Nova, "Only map ComputeNode into the compute_nodes dict if create() was OK", 2019.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Compare, Function, Logic, Mode, Path, Value
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.summaries.arguments import arguments_of
from review_checks.summaries.failing.announcements import (
    Announcement,
    Promise,
    announcements,
    promises,
)
from review_checks.summaries.flow import handlers_around, is_inside, may_follow
from review_checks.summaries.index import members
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.names import (
    callees,
    class_around,
    class_of,
    function_of,
    home,
    lineage,
)
from review_checks.summaries.paths import parent_of, root_of, steps_of
from review_checks.text.editing import indent, indent_unit, indentation, is_alone, line_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId

_CONSTRUCTION = frozenset({"__init__", "__new__", "__post_init__"})


class _Case(msgspec.Struct, frozen=True):
    """An announcement, the call that may fail to keep it, and the test that trusts it."""

    announced: Announcement
    promise: Promise
    reader: Place
    statement: int


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look for announcements that come before the call that keeps them."""
    body = context.facts(function)
    if body.name in _CONSTRUCTION:
        return
    made = list(_announced(function, body, context))
    if not made:
        return
    seen: set[tuple[str, FunctionId]] = set()
    for announced, statement in made:
        for promise in promises(context.db, function):
            case = _broken(function, body, announced, statement, promise, context)
            if case is not None and (announced.field, announced.function) not in seen:
                seen.add((announced.field, announced.function))
                yield _report(function, case, context)


def _announced(
    function: FunctionId, body: Function, context: Context
) -> Iterator[tuple[Announcement, int]]:
    """Yield the announcements of a function and of the methods it calls, in its own terms."""
    for row in announcements(context.db, function):
        kind, index = row.event
        event = body.writes[index] if kind == "w" else body.calls[index]
        yield row, event.statement
    me = self_name(context.db, function)
    targets = callees(context.db, function[0])[function[1]]
    for index, call in enumerate(body.calls):
        target = targets[index]
        if not me or target is None or parent_of(call.callee) != me:
            continue
        inner = function_of(context.db, target)
        if inner is None or inner == function:
            continue
        rows = [row for row in announcements(context.db, inner) if row.shape == "remembered"]
        given = arguments_of(context.db, function, call, inner) if rows else {}
        for row in rows:
            argument = given.get(row.subject)
            if isinstance(argument, Path):
                yield msgspec.structs.replace(row, subject=argument.text), call.statement


def _broken(
    function: FunctionId,
    body: Function,
    announced: Announcement,
    statement: int,
    promise: Promise,
    context: Context,
) -> _Case | None:
    """Return the case in which a call breaks an announcement, if it can."""
    if announced.subject != promise.subject:
        return None
    if announced.shape == "registered" and promise.kind != "create":
        return None
    call = body.calls[promise.call]
    if call.statement == statement or not may_follow(body, statement, call.statement):
        return None
    if body.statements[statement].at >= call.at:
        return None
    me = self_name(context.db, function)
    if _restores(body, call.statement, f"{me}.{announced.field}"):
        return None
    if any(
        write.path == promise.subject and body.statements[statement].end <= write.at < call.at
        for write in body.writes
    ):
        return None
    reader = _reader(function, announced, context)
    return _Case(announced, promise, reader, statement) if reader is not None else None


def _restores(body: Function, statement: int, field: str) -> bool:
    """Say whether a handler or ``finally`` around a statement writes a field."""
    for handler in handlers_around(body, statement):
        for write in body.writes:
            if write.path.startswith(field) and is_inside(body, write.statement, handler.region):
                return True
        for call in body.calls:
            if call.callee.startswith(f"{field}.") and is_inside(
                body, call.statement, handler.region
            ):
                return True
            # A method of the same object may well do the restoring.
            may_restore = not handler.types or parent_of(call.callee) == root_of(field)
            if may_restore and is_inside(body, call.statement, handler.region):
                return True
    return False


def _reader(function: FunctionId, announced: Announcement, context: Context) -> Place | None:
    """Return the test that takes the state for the truth."""
    if announced.shape == "remembered" and announced.reader is not None:
        body = context.facts(announced.function)
        return Place(announced.function, "s", body.tests[announced.reader].statement)
    owner = class_around(context.db, function)
    candidates = [function]
    for base in lineage(context.db, owner) if owner else ():
        place = home(context.db, base)
        if place is not None and class_of(context.db, base) is not None:
            candidates += members(context.db, place.path, place.name)
    for other in dict.fromkeys(candidates):
        found = _membership_test(other, announced, context)
        if found is not None:
            return Place(other, "s", found)
    return None


def _membership_test(other: FunctionId, announced: Announcement, context: Context) -> int | None:
    """Return the statement of a function that goes another way for members of the field."""
    me = self_name(context.db, other)
    if not me:
        return None
    body = context.facts(other)
    field = f"{me}.{announced.field}"
    for test in body.tests:
        if _tests_membership(test.value, field):
            return test.statement
    return None


def _tests_membership(value: Value, field: str) -> bool:
    if isinstance(value, Logic):
        return any(_tests_membership(part, field) for part in value.parts)
    if isinstance(value, Compare):
        target = value.operands[-1]
        return (
            value.ops[-1] in ("in", "not in") and isinstance(target, Path) and target.text == field
        )
    return False


def _report(function: FunctionId, case: _Case, context: Context) -> Report:
    announced, promise = case.announced, case.promise
    body = context.facts(function)
    call = body.calls[promise.call]
    evidence: list[tuple[Place, str]] = [
        (
            Place(function, "c", promise.call),
            f"`{call.callee}` may fail, and nothing then restores it",
        ),
        (case.reader, f"trusts `{announced.field}`"),
    ]
    if announced.function != function:
        where = context.qualified(announced.function).rpartition(".")[2]
        row = next(
            (
                index
                for index, other in enumerate(body.calls)
                if other.statement == case.statement and other.callee.endswith(f".{where}")
            ),
            None,
        )
        if row is not None:
            evidence.insert(0, (Place(function, "c", row), f"`{where}` is called before"))
    verb = "remembers" if announced.shape == "remembered" else "has"
    owner = class_around(context.db, function).rpartition(".")[2]
    return Report(
        Place(announced.function, *announced.event),
        f"`{announced.field}` {verb} `{promise.subject}` before `{call.callee}` is known to succeed",
        f"{owner}.{announced.field}",
        tuple(evidence),
        data=(function, promise.call, case.statement, announced.field, announced.key),
        title=f"Keep `{announced.field}` as it was when `{call.callee}` fails",
    )


# The fix


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Keep the state as it was when the call fails."""
    function, index, statement, field, key = report.data
    if report.place.function == function:
        moved = _move(function, statement, index, field, context)
        if moved is not None:
            return moved
    return _restore(report.place.function, function, index, field, key, context)


def _move(
    function: FunctionId, statement: int, index: int, field: str, context: FixContext
) -> Fix | None:
    """Move the statement of the write behind that of the call, when they are neighbours."""
    body = context.facts(function)
    call = body.calls[index]
    first, second = body.statements[statement], body.statements[call.statement]
    between = [
        row
        for row in body.statements
        if row.region == first.region and first.at < row.at < second.at and row is not second
    ]
    if first.region != second.region or between or _uses(body, second.at, second.end, field):
        return None
    path = context.path(function)
    lines = context.lines(path)
    upper, lower = context.shifted(function, first.span), context.shifted(function, second.span)
    if not (is_alone(lines, upper) and is_alone(lines, lower)):
        return None
    moved = "".join(lines[upper.line : upper.end_line + 1])
    after = lower.end_line + 1
    if after >= len(lines) or not moved.endswith(("\n", "\r")):
        return None
    edits = (
        Edit(path, Span(upper.line, 0, upper.end_line + 1, 0), ""),
        Edit(path, Span(after, 0, after, 0), moved),
    )
    return Fix(f"Write `{field}` after `{call.callee}`", Safety.UNSAFE, edits)


def _uses(body: Function, start: int, end: int, field: str) -> bool:
    paths = [row.path for row in body.reads if start <= row.at < end]
    paths += [row.callee for row in body.calls if start <= row.at < end]
    return any(len(steps_of(path)) > 1 and steps_of(path)[1] == field for path in paths)


def _restore(
    writer: FunctionId, function: FunctionId, index: int, field: str, key: str, context: FixContext
) -> Fix | Refusal:
    """Take the entry back in a handler around the call, and raise again."""
    body = context.facts(function)
    call = body.calls[index]
    name = _key_here(writer, function, index, key, context)
    if not name:
        return Refusal(f"what `{field}` held before is not known here")
    path = context.path(function)
    lines = context.lines(path)
    statement = body.statements[call.statement]
    span = context.shifted(function, statement.span)
    if not is_alone(lines, span) or statement.kind not in (0, 1):
        return Refusal("the call shares its lines with other statements")
    margin, end = indentation(lines[span.line]), line_end(lines, span.line)
    unit = indent_unit(lines, context.shifted(function, body.name_span).line, span.line)
    unit = unit if len(unit) <= len(margin) else "    "
    me = self_name(context.db, function)
    handler = [
        f"{margin}except Exception:",
        f"{margin}{unit}{me}.{field}.pop({name}, None)",
        f"{margin}{unit}raise",
    ]
    below = span.end_line + 1
    edits = [
        Edit(path, Span(span.line, 0, span.line, 0), f"{margin}try:{end}"),
        *indent(path, lines, span.line, span.end_line, unit),
        Edit(path, Span(below, 0, below, 0), end.join(handler) + end),
    ]
    return Fix(f"Forget it in `{field}` when `{call.callee}` fails", Safety.UNSAFE, tuple(edits))


def _key_here(
    writer: FunctionId, function: FunctionId, index: int, key: str, context: FixContext
) -> str:
    """Return the key of the entry in terms of the function that makes the failing call."""
    if not key or key in ("*", ":"):
        return ""
    if writer == function:
        return key
    outer, inner = context.facts(function), context.facts(writer)
    origin = key
    for write in inner.writes:
        if write.path == key:
            if write.mode != Mode.ASSIGN or not isinstance(write.value, Path):
                return ""
            origin = write.value.text
    parameter = root_of(origin)
    subject = parent_of(outer.calls[index].callee)
    for position, call in enumerate(outer.calls):
        if position == index:
            break
        given = arguments_of(context.db, function, call, writer)
        argument = given.get(parameter)
        if isinstance(argument, Path) and argument.text == subject:
            return argument.text + origin[len(parameter) :]
    return ""
