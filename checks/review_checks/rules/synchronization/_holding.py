"""The fix *hold the lock*: puts accesses into the critical section that their siblings use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from review_checks.facts.schema import Function, Path, Statement, StatementKind
from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.rule import Context, FixContext
from review_checks.summaries.index import class_names, members, owner_of
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locks import Guard, Held, held, takes
from review_checks.summaries.names import class_around
from review_checks.summaries.paths import parent_of, root_of
from review_checks.summaries.lock_slices import Event, lock_slice, self_name
from review_checks.summaries.sharing import Sharing, class_sharing, module_sharing
from review_checks.text.editing import (
    indent_unit,
    indentation,
    insert_line,
    is_alone,
    slice_text,
    wrap,
)

_MAX_DEPTH = 8


def obstacle(context: Context, shared: Sharing, function: FunctionId, guard: Guard) -> str:
    """Return why taking a lock in a function could deadlock, or ''.

    A lock of which it is not known whether its holder may take it again counts as one that its
    holder may not.
    """
    body = context.facts(function)
    if guard.kind == "async" and not body.asynchronous:
        return f"`{guard.label}` can be taken in coroutines only"
    if guard.reentrant:
        return ""
    for caller in _reaching(shared, function):
        taken = guard.identity in takes(context.db, caller)
        called_under = any(guard.identity in row[2] for row in shared.callers.get(caller, ()))
        if called_under or (taken and caller != function):
            name = context.qualified(caller)
            return f"`{name}` may already hold `{guard.label}`, which cannot be taken twice"
    for callee in _reached(shared, function):
        if guard.identity in takes(context.db, callee):
            name = context.qualified(callee)
            return f"it calls `{name}`, which takes `{guard.label}` itself"
    return ""


def _reaching(shared: Sharing, function: FunctionId) -> Iterator[FunctionId]:
    """Yield a function and all that call it, directly or not."""
    seen, todo = {function}, [function]
    while todo:
        current = todo.pop()
        yield current
        for caller, _, _ in shared.callers.get(current, ()):
            if caller not in seen:
                seen.add(caller)
                todo.append(caller)


def _reached(shared: Sharing, function: FunctionId) -> Iterator[FunctionId]:
    """Yield all functions that a function calls, directly or not."""
    seen, todo = {function}, list(shared.callees.get(function, ()))
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            yield current
            todo += shared.callees.get(current, ())


def hold(
    function: FunctionId, identity: str, events: Sequence[Event], context: FixContext
) -> Fix | Refusal:
    """Hold a lock around events of a function, in the form in which its siblings hold it."""
    taken = _examples(function, identity, context)
    if not taken:
        return Refusal("no function of this file shows how the lock is taken")
    guard = taken[0][1].guard
    owner = class_around(context.db, function)
    shared = (
        class_sharing(context.db, owner)
        if owner
        else module_sharing(context.db, context.path(function))
    )
    refusal = obstacle(context, shared, function, guard)
    if refusal:
        return Refusal(refusal)
    decorated = [row for row in taken if row[1].how == "decorator"]
    body = context.facts(function)
    if len(decorated) * 2 > len(taken) and body.parent < 0 and not body.generator:
        return _decorate(function, decorated[0], context)
    return _wrap(function, guard, taken, events, context)


def _examples(
    function: FunctionId, identity: str, context: FixContext
) -> list[tuple[FunctionId, Held]]:
    """Return where the functions of the same class or module take a lock."""
    path = unit_path(context.db, function[0])
    owner = owner_of(context.db, function)
    candidates = list(members(context.db, path, owner))
    for other in ("", *class_names(context.db, path)):
        if other != owner:
            candidates += members(context.db, path, other)
    return [
        (other, row)
        for other in candidates
        for row in held(context.db, other)
        if row.guard.identity == identity
    ]


def _decorate(function: FunctionId, example: tuple[FunctionId, Held], context: FixContext) -> Fix | Refusal:
    other, row = example
    path = context.path(function)
    lines = context.lines(path)
    decorator = context.facts(other).decorators[row.index]
    text = slice_text(lines, context.shifted(other, decorator.span))
    body = context.facts(function)
    first = context.shifted(function, body.span).line
    above = indentation(lines[first])
    edit = insert_line(path, lines, first, f"{above}@{text}")
    return Fix(f"Hold `{row.guard.label}` with `@{decorator.path}`", Safety.UNSAFE, (edit,))


def _lock_text(
    function: FunctionId, guard: Guard, taken: list[tuple[FunctionId, Held]], context: FixContext
) -> str:
    """Return the expression that takes the lock in this function, or ''."""
    for other, row in taken:
        body = context.facts(other)
        me, mine = self_name(context.db, other), self_name(context.db, function)
        if row.how == "with":
            item = body.withs[row.index]
            value = item.value
            text = slice_text(context.lines(context.path(other)), context.shifted(other, item.span))
            root = root_of(value.text) if isinstance(value, Path) else ""
            if isinstance(value, Path) and root != me and _is_local(body, root):
                continue
        elif row.how == "acquire":
            text = parent_of(body.calls[row.index].callee)
            root = root_of(text)
        else:
            continue
        if root == me and me != mine:
            continue
        return text
    return ""


def _is_local(body: Function, name: str) -> bool:
    return any(write.path == name for write in body.writes)


def _wrap(
    function: FunctionId,
    guard: Guard,
    taken: list[tuple[FunctionId, Held]],
    events: Sequence[Event],
    context: FixContext,
) -> Fix | Refusal:
    lock = _lock_text(function, guard, taken, context)
    if not lock:
        return Refusal(f"how to take `{guard.label}` here is not clear from its other uses")
    body = context.facts(function)
    path = context.path(function)
    lines = context.lines(path)
    run = _smallest_run(body, sorted(_statements(context, function, events)), function, context)
    if run is None:
        return Refusal("the writes share their lines with other statements")
    first, last = run
    if any(first.at <= suspend.at < last.end for suspend in body.suspends) and guard.kind != "async":
        return Refusal("an `await` or `yield` stands between the uses")
    word = "async with" if guard.kind == "async" else "with"
    top = context.shifted(function, first.span)
    end = context.shifted(function, last.span).end_line
    unit = indent_unit(lines, context.shifted(function, body.name_span).line, _body_line(body, context, function))
    edits: list[Edit] = wrap(path, lines, top.line, end, f"{word} {lock}:", unit)
    return Fix(f"Hold `{lock}` here", Safety.UNSAFE, tuple(edits))


def _body_line(body: Function, context: FixContext, function: FunctionId) -> int:
    return context.shifted(function, Span(body.body_line, 0, body.body_line, 0)).line


def _statements(context: FixContext, function: FunctionId, events: Sequence[Event]) -> set[int]:
    """Return the statements of the events, and of unlocked uses of the same fields."""
    body = context.facts(function)
    found = lock_slice(context.db, function)
    wanted = {tuple(event) for event in events}
    chosen: set[int] = set()
    for sites in found.sites.values():
        if any(tuple(site.event) in wanted for site in sites):
            chosen |= {_statement_of(body, site.event) for site in sites if not site.guards}
    return chosen


def _statement_of(body: Function, event: Event) -> int:
    kind, index = event
    if kind == "w":
        return body.writes[index].statement
    return body.calls[index].statement if kind == "c" else body.reads[index].statement


def _smallest_run(
    body: Function, chosen: list[int], function: FunctionId, context: FixContext
) -> tuple[Statement, Statement] | None:
    """Return the first and last statement of the smallest run of one block around some statements."""
    lines = context.lines(context.path(function))
    chains = [_ancestry(body, statement) for statement in chosen]
    for region in [row[0] for row in chains[0]]:
        members = []
        for chain in chains:
            inside = [statement for where, statement in chain if where == region]
            if not inside:
                break
            members.append(inside[0])
        else:
            first, last = body.statements[min(members)], body.statements[max(members)]
            alone = [is_alone(lines, context.shifted(function, row.span)) for row in (first, last)]
            if all(alone) and first.kind is not StatementKind.SCOPE:
                return first, last
    return None


def _ancestry(body: Function, statement: int) -> list[tuple[int, int]]:
    """Return the blocks around a statement, innermost first, and its ancestor in each."""
    rows = []
    while statement >= 0:
        region = body.statements[statement].region
        rows.append((region, statement))
        statement = body.regions[region].owner
    return rows


