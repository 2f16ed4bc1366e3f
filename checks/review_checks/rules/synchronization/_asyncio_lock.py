"""The fix *make it an asyncio lock*: a lock of threads that only coroutines use becomes one of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Function, FunctionKind, Path, Result, WithItem
from review_checks.mending.runs import functions_of
from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.summaries.index import imported
from review_checks.summaries.inputs import FunctionId, models, unit_path
from review_checks.summaries.locking.guards import Guard, declaration_of
from review_checks.summaries.locking.places import place_of
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step, steps_of
from review_checks.text.editing import insert_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.rule import Context, FixContext

_MODULE = "asyncio"


def hindrance(context: Context, function: FunctionId, guard: Guard) -> str:
    """Return why a lock of threads cannot become one of coroutines, or ''."""
    path, declared = unit_path(context.db, function[0]), declaration_of(context.db, guard)
    if declared is None or guard.place != guard.identity:
        return "where the lock is made is not known"
    if unit_path(context.db, declared[0][0]) != path:
        return "the lock is made in another file"
    if not _is_plain(context, declared, guard):
        return "an `asyncio.Lock` cannot do what this lock can"
    for other in functions_of(path, context):
        if any(True for _ in _strangers(context, other, guard, declared)):
            name = context.qualified(other) or "the module"
            return f"`{name}` uses the lock, and is no coroutine or does more than to enter it"
    return ""


def _is_plain(context: Context, declared: tuple[FunctionId, int], guard: Guard) -> bool:
    """Say whether a lock is made by a call without arguments, and is not re-entrant."""
    function, index = declared
    body = context.facts(function)
    value = body.writes[index].value
    if not isinstance(value, Result) or value.rest or guard.reentrant is not False:
        return False
    call, target = body.calls[value.call], callees(context.db, function[0])[function[1]][value.call]
    lock = models(context.db).knowledge(target).lock if target is not None else None
    return lock is not None and not lock.counting and not call.args and not call.keywords


def _strangers(
    context: Context, function: FunctionId, guard: Guard, declared: tuple[FunctionId, int]
) -> Iterator[str]:
    """Yield the uses of a lock in a function that would not do with one of coroutines."""
    body, name = context.facts(function), guard.place.rpartition(".")[2]
    entered = {item.span for item in _entering(context, function, body, guard)}
    for read in body.reads:
        if name in steps_of(read.path) and read.span not in entered:
            yield read.path
    yield from (call.callee for call in body.calls if name in steps_of(call.callee)[:-1])
    for index, write in enumerate(body.writes):
        if last_step(write.path) == name and (function, index) != declared:
            yield write.path
    for result in body.results:
        if isinstance(result.value, Path) and last_step(result.value.text) == name:
            yield result.value.text


def _entering(
    context: Context, function: FunctionId, body: Function, guard: Guard
) -> list[WithItem]:
    """Return the with items by which a coroutine enters a lock, each alone in its statement."""
    if not body.asynchronous:
        return []
    statements = [item.statement for item in body.withs]
    return [
        item
        for item in body.withs
        if isinstance(item.value, Path)
        and not item.asynchronous
        and statements.count(item.statement) == 1
        and place_of(context.db, function, item.value.text) == guard.place
    ]


def convert(context: FixContext, function: FunctionId, guard: Guard) -> Fix | Refusal:
    """Return the edits that make a lock one of coroutines, wherever it is used."""
    refusal = hindrance(context, function, guard)
    declared = declaration_of(context.db, guard)
    if refusal or declared is None:
        return Refusal(refusal or "where the lock is made is not known")
    path = context.path(function)
    edits = [*_imported(context, path)]
    if not edits and imported(context.db, path, _MODULE) != _MODULE:
        return Refusal(f"`{_MODULE}` is not imported in a form that is understood")
    body = context.facts(declared[0])
    value = body.writes[declared[1]].value
    if isinstance(value, Result):
        span = context.shifted(declared[0], body.calls[value.call].span)
        edits.append(Edit(path, span, f"{_MODULE}.Lock()"))
    for other in functions_of(path, context):
        inner = context.facts(other)
        for item in _entering(context, other, inner, guard):
            start = context.shifted(other, inner.statements[item.statement].span)
            edits.append(
                Edit(path, Span(start.line, start.column, start.line, start.column), "async ")
            )
    return Fix(f"Make `{guard.label}` an `{_MODULE}.Lock`", Safety.UNSAFE, tuple(edits))


def _imported(context: FixContext, path: str) -> Iterator[Edit]:
    """Yield the edit that imports the module, above the first plain import, where it is needed."""
    if imported(context.db, path, _MODULE) == _MODULE:
        return
    for function in functions_of(path, context):
        body = context.facts(function)
        if body.kind is not FunctionKind.MODULE:
            continue
        for item in body.imports:
            if not item.attribute and not item.level:
                line = context.shifted(function, body.statements[item.statement].span).line
                yield insert_line(path, context.lines(path), line, f"import {_MODULE}")
                return
