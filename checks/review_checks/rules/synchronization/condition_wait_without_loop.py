"""A condition is waited for once, or notified by somebody who does not hold it.

## Why it matters

A thread that is woken need not find what it waited for: another one may have been faster, and
`notify_all` wakes everybody. What was notified before the wait began wakes nobody. So the predicate is
tested in a loop around the wait. Whoever notifies must hold the lock: without it `notify` raises.

## Example

```python bad
import threading


class Mailbox:
    def __init__(self):
        self._filled = threading.Condition()
        self._letters = []

    def put(self, letter):
        with self._filled:
            self._letters.append(letter)
            self._filled.notify()

    def take(self):
        with self._filled:
            if not self._letters:
                self._filled.wait()
            return self._letters.pop()
```

```python fixed
import threading


class Mailbox:
    def __init__(self):
        self._filled = threading.Condition()
        self._letters = []

    def put(self, letter):
        with self._filled:
            self._letters.append(letter)
            self._filled.notify()

    def take(self):
        with self._filled:
            while not self._letters:
                self._filled.wait()
            return self._letters.pop()
```

## When it stays silent

- The wait stands in a loop, or in a private function that is called in loops only.
- It is `wait_for`, which has the loop inside, or the wait of an event, a barrier or a process.
- Its result is returned: the function hands the question on to its caller.
- It has a timeout, and a test follows, or nothing more: the caller asks again.
- Next, the condition is entered again, and the same is tested there.
- A class of conditions goes by its own `wait` or `notify`.
- What is waited for is not known to be a condition.
- `notify` stands in a private function, of which some caller holds the lock, or in one that says that
  its caller does.

## Fix

Makes the `if` around the wait a `while`. With a timeout the loop would wait on, so that none is
offered: `wait_for(predicate, timeout)` is meant for that.

## Options

None.

## References

- Python's documentation of `threading.Condition`: "The while loop checking for the application's
  condition is necessary because wait() can return after an arbitrary long time".
- SpotBugs: WA_NOT_IN_LOOP, MWN_MISMATCHED_NOTIFY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Call,
    Compare,
    Function,
    Opaque,
    Path,
    RegionKind,
    StatementKind,
    Use,
    Value,
)
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._siblings import INNER, calls_of
from review_checks.summaries.flow import ancestry, loops_around, regions_of, statements_in
from review_checks.summaries.locking.guards import UNKNOWN, Guard, object_guard, self_name
from review_checks.summaries.locking.locks import guards_at, held
from review_checks.summaries.locking.roles import Role, declares_lock, role_of
from review_checks.summaries.mentions import parts_of
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step, parent_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId

_WAITS = frozenset({"wait"})
_NOTIFIES = frozenset({"notify", "notify_all", "notifyAll"})
_TESTS = (
    StatementKind.ASSERT,
    StatementKind.IF,
    StatementKind.MATCH,
    StatementKind.RAISE,
    StatementKind.RETURN,
    StatementKind.TRY,
    StatementKind.WHILE,
)


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at the waits and notifications of conditions."""
    body = context.facts(function)
    for index, call in enumerate(body.calls):
        method = last_step(call.callee)
        if method in _WAITS and _is_condition(function, index, context):
            if not _is_repeated(function, call, context):
                yield _waits_once(function, index, context)
        elif method in _NOTIFIES and _is_condition(function, index, context):
            guard = object_guard(context.db, function, parent_of(call.callee))
            if guard is not None and not _is_held(function, call, guard, context):
                yield Report(
                    Place(function, "c", index),
                    f"`{parent_of(call.callee)}` is notified without being held",
                    parent_of(call.callee),
                    fixable=False,
                )


def _is_condition(function: FunctionId, index: int, context: Context) -> bool:
    """Say whether a call is one of a method of a condition, by somebody who uses it."""
    target = callees(context.db, function[0])[function[1]][index]
    lock = context.models.knowledge(parent_of(target)).lock if target else None
    if lock is None or lock.wraps is None:
        return False
    # A method of a condition that goes by another of its methods is part of the condition itself.
    callee = context.facts(function).calls[index].callee
    return parent_of(callee) != self_name(context.db, function)


# Waiting


def _is_repeated(function: FunctionId, call: Call, context: Context) -> bool:
    """Say whether what is waited for is tested after the wait."""
    if call.use is Use.RETURNED or _in_loop(function, call, context):
        return True
    body = context.facts(function)
    if (call.args or call.keywords) and _tests_next(body, call.statement):
        return True
    if _tests_again(body, call):
        return True
    if role_of(context.db, function) not in INNER:
        return False
    calls = list(calls_of(function, context))
    return bool(calls) and all(_in_loop(caller, row, context) for caller, row in calls)


def _tests_next(body: Function, statement: int) -> bool:
    """Say whether control leaves the function after a statement, or meets a test.

    A ``try`` is one: what fails was not so.
    """
    if body.statements[statement].kind in _TESTS:
        return True
    for region, ancestor in ancestry(body, statement):
        later = [index for index in statements_in(body, region) if index > ancestor]
        if later:
            return body.statements[later[0]].kind in _TESTS
    return True


def _tests_again(body: Function, call: Call) -> bool:
    """Say whether the next thing done is to enter the condition again and repeat the test.

    In between others may come, so that the test is made as if for the first time.
    """
    tests = {test.statement: test.value for test in body.tests}
    asked: set[str] = set()
    for region, ancestor in ancestry(body, call.statement):
        later = [index for index in statements_in(body, region) if index > ancestor]
        if later:
            first = _first_inside(body, later[0], parent_of(call.callee))
            return first in tests and not asked.isdisjoint(_paths_in(tests[first]))
        asked.update(_paths_in(tests.get(body.regions[region].owner, Opaque())))
    return False


def _first_inside(body: Function, statement: int, condition: str) -> int:
    """Return the first statement of a block that is entered with a condition, or -1."""
    for item in body.withs:
        if item.statement == statement and item.value == Path(condition):
            return body.regions[item.region].first
    return -1


def _paths_in(value: Value) -> Iterator[str]:
    if isinstance(value, Path):
        yield value.text
    for part in value.operands if isinstance(value, Compare) else parts_of(value):
        yield from _paths_in(part)


def _in_loop(function: FunctionId, call: Call, context: Context) -> bool:
    body = context.facts(function)
    if body.statements[call.statement].kind is StatementKind.WHILE:
        return True
    return next(loops_around(body, call.statement), None) is not None


def _waits_once(function: FunctionId, index: int, context: Context) -> Report:
    body = context.facts(function)
    call = body.calls[index]
    condition = parent_of(call.callee)
    refusal = _refusal(function, call, context)
    return Report(
        Place(function, "c", index),
        f"`{condition}` is waited for once: what was waited for may be untrue again, "
        "or have been notified before",
        condition,
        data=(index,),
        fixable=not refusal,
        refusal=refusal,
        title=f"Wait for `{condition}` in a `while` loop",
    )


def _refusal(function: FunctionId, call: Call, context: Context) -> str:
    """Return why the test around a wait cannot become a loop, or ''."""
    body = context.facts(function)
    region = body.regions[body.statements[call.statement].region]
    if region.kind is not RegionKind.THEN:
        return "no `if` around the wait says what is waited for"
    if len(regions_of(body, region.owner)) > 1:
        return "the `if` around the wait has another branch"
    if call.args or call.keywords:
        return "with a timeout a loop would wait on; `wait_for` takes both"
    last = max(
        row.end for row in body.statements if row.region == body.statements[call.statement].region
    )
    if body.statements[call.statement].end != last:
        return "more is done after the wait, which a loop would repeat"
    return ""


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Wait in a `while` loop."""
    function = report.place.function
    body, path = context.facts(function), context.path(function)
    call = body.calls[report.data[0]]
    owner = body.regions[body.statements[call.statement].region].owner
    start = context.shifted(function, body.statements[owner].span)
    if not context.lines(path)[start.line][start.column :].startswith("if"):
        return Refusal("the `if` around the wait is a branch of another")
    span = Span(start.line, start.column, start.line, start.column + len("if"))
    return Fix("Wait in a `while` loop", Safety.UNSAFE, (Edit(path, span, "while"),))


# Notifying


def _is_held(function: FunctionId, call: Call, guard: Guard, context: Context) -> bool:
    """Say whether a condition is held at a call, or may be by the callers."""
    if guard.identity == UNKNOWN or declares_lock(context.db, function):
        return True
    if not {guard.identity, UNKNOWN}.isdisjoint(guards_at(held(context.db, function), call.at)):
        return True
    role = role_of(context.db, function)
    if role not in INNER:
        return role is Role.BODY
    # Callers that are private themselves may be called under the lock in turn.
    return any(
        role_of(context.db, caller) in INNER
        or declares_lock(context.db, caller)
        or not {guard.identity, UNKNOWN}.isdisjoint(guards_at(held(context.db, caller), row.at))
        for caller, row in calls_of(function, context)
    ) or not any(calls_of(function, context))
