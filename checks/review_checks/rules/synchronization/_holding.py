"""The fix *hold the lock*: puts accesses into the critical section that their siblings use."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, Decorator, Function, Path, Result
from review_checks.mending.runs import step_of
from review_checks.model import Fix, Refusal, Safety
from review_checks.rules.synchronization._sections import best_run, joined
from review_checks.rules.synchronization._waiting import obstacle, taken_inside
from review_checks.summaries.index import class_names, members, owner_of
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.critical_sections import FOREVER
from review_checks.summaries.locking.guards import Guard, self_name
from review_checks.summaries.locking.locks import Held, held
from review_checks.summaries.locking.places import attribute_place
from review_checks.summaries.names import attribute_rows, class_around, owner_of_name
from review_checks.summaries.paths import parent_of, root_of
from review_checks.text.editing import indentation, insert_line, slice_text, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.rule import FixContext
    from review_checks.summaries.locking.sharing import Sharing
    from review_checks.summaries.locking.slices import Event

_MOST_STRANGERS = 2
"""How many statements that have nothing to do with the lock may come under it."""

Example = tuple[FunctionId, Held]


def hold(
    shared: Sharing,
    guard: Guard,
    function: FunctionId,
    events: tuple[Sequence[Event], Sequence[Event]],
    context: FixContext,
) -> Fix | Refusal:
    """Hold a lock around events of a function, in the form in which its siblings hold it.

    Args:
        shared: the class or module that the function belongs to.
        guard: the lock.
        function: where it is to be held.
        events: those that must be under it, and all that would better be.
        context: the text and the analysis.
    """
    refusal = obstacle(context, shared.solution, function, guard)
    if refusal:
        return Refusal(refusal)
    examples = _examples(shared, guard, function, context)
    if is_decorated(shared, guard, function, context):
        decorated = [row for row in examples if row[1].how == "decorator"]
        fix = _decorate(shared, guard, function, decorated, context)
        if fix is not None:
            return fix
    return _wrap(shared, guard, function, events, examples, context)


def is_decorated(shared: Sharing, guard: Guard, function: FunctionId, context: FixContext) -> bool:
    """Say whether most siblings take a lock by a decorator, and a function could."""
    examples, body = _examples(shared, guard, function, context), context.facts(function)
    decorated = [row for row in examples if row[1].how == "decorator"]
    return len(decorated) * 2 > len(examples) and body.parent < 0 and not body.generator


def _examples(
    shared: Sharing, guard: Guard, function: FunctionId, context: FixContext
) -> list[Example]:
    """Return where the functions of the same class take a lock, or else those of the same file."""
    path, owner = unit_path(context.db, function[0]), owner_of(context.db, function)
    for owners in ([owner], ["", *class_names(context.db, path)]):
        found = [
            (other, row)
            for name in owners
            for other in members(context.db, path, name)
            for row in held(context.db, other)
            if not row.guard.reads and shared.solution.same_lock(row.guard.identity, guard.identity)
        ]
        if found:
            return found
    return []


# A decorator


def _decorate(
    shared: Sharing,
    guard: Guard,
    function: FunctionId,
    examples: list[Example],
    context: FixContext,
) -> Fix | None:
    """Decorate a function as its siblings are, or return None where that would not do."""
    body, path = context.facts(function), context.path(function)
    lines = context.lines(path)
    if taken_inside(context, shared.solution, function, guard, range(FOREVER)):
        return None
    uses = Counter([_decorator(example, context).path for example in examples])
    for other, row in sorted(
        examples, key=lambda example: -uses[_decorator(example, context).path]
    ):
        sibling, decorator = context.facts(other), _decorator((other, row), context)
        if sibling.asynchronous is not body.asynchronous:
            continue
        if not _means_the_same(function, other, decorator.path, decorator.call, context):
            continue
        text = slice_text(lines, context.shifted(other, decorator.span))
        span = body.span if _is_outermost(body, examples, context) else body.name_span
        line = context.shifted(function, span).line
        edit = insert_line(path, lines, line, f"{indentation(lines[line])}@{text}")
        return Fix(f"Hold `{guard.label}` with `@{decorator.path}`", Safety.UNSAFE, (edit,))
    return None


def _is_outermost(body: Function, examples: list[Example], context: FixContext) -> bool:
    """Say whether siblings have the lock's decorator above the one that is a function's first."""
    first = body.decorators[0].path if body.decorators else ""
    return any(
        first in [item.path for item in context.facts(other).decorators[row.index + 1 :]]
        for other, row in examples
    )


def _decorator(example: Example, context: FixContext) -> Decorator:
    other, row = example
    return context.facts(other).decorators[row.index]


def _means_the_same(
    function: FunctionId, other: FunctionId, path: str, call: Call | None, context: FixContext
) -> bool:
    """Say whether a decorator of one function can be written above another."""
    if owner_of(context.db, function) == owner_of(context.db, other):
        return True
    around = class_around(context.db, other)
    names = [path, *(_paths(call) if call is not None else ())]
    return not around or not any(
        attribute_rows(context.db, around, root_of(name)) for name in names
    )


def _paths(call: Call) -> Iterator[str]:
    for value in (*call.args, *dict(call.keywords).values()):
        if isinstance(value, Path):
            yield value.text


# A `with` block


def _wrap(
    shared: Sharing,
    guard: Guard,
    function: FunctionId,
    events: tuple[Sequence[Event], Sequence[Event]],
    examples: list[Example],
    context: FixContext,
) -> Fix | Refusal:
    lock = _spelling(guard, function, examples, context)
    if not lock:
        return Refusal(f"how to take `{guard.label}` here is not clear from its other uses")
    run = best_run(shared, guard, function, events, context)
    if isinstance(run, Refusal):
        return run
    edits = joined(shared, guard, function, run, context)
    if not edits:
        path, word = context.path(function), "async with" if guard.kind == "async" else "with"
        lines, step = context.lines(path), step_of(function, context)
        edits = wrap(path, lines, run.top, run.end, f"{word} {lock}:", step)
    return Fix(f"Hold `{lock}` here", Safety.UNSAFE, tuple(edits))


def _spelling(
    guard: Guard, function: FunctionId, examples: list[Example], context: FixContext
) -> str:
    """Return the expression that takes a lock in a function, or ''."""
    spelled = [(other, _spelled(other, row, context)) for other, row in examples]
    # The lock itself, before functions that take it and may do more.
    for other, text in sorted(spelled, key=lambda row: row[1] is not None and "(" in row[1][0]):
        if text and _is_visible(text[1], other, function, context):
            return text[0]
    me, owner = self_name(context.db, function), class_around(context.db, function)
    name = guard.place.rpartition(".")[2]
    held_by_me = guard.place == guard.identity and me
    if held_by_me and attribute_place(context.db, owner, name) == guard.place:
        return f"{me}.{name}"
    return ""


def _spelled(
    other: FunctionId, row: Held, context: FixContext
) -> tuple[str, tuple[str, ...]] | None:
    """Return how a function takes a lock, and the access paths in that."""
    body = context.facts(other)
    if row.how == "acquire" and body.calls[row.index].callee.endswith(".acquire"):
        text = parent_of(body.calls[row.index].callee)
        return text, (text,)
    if row.how != "with":
        return None
    item = body.withs[row.index]
    text = slice_text(context.lines(context.path(other)), context.shifted(other, item.span))
    if isinstance(item.value, Path):
        return text, (item.value.text,)
    if isinstance(item.value, Result):
        call = body.calls[item.value.call]
        return text, (call.callee, *_paths(call))
    return None


def _is_visible(
    paths: tuple[str, ...], other: FunctionId, function: FunctionId, context: FixContext
) -> bool:
    """Say whether access paths mean in one function what they mean in another."""
    me, mine = self_name(context.db, other), self_name(context.db, function)
    for path in paths:
        root = root_of(path)
        if root == me:
            if me != mine or owner_of(context.db, other) != owner_of(context.db, function):
                return False
        elif (
            owner_of_name(context.db, other, root) is not None
            or owner_of_name(context.db, function, root) is not None
        ):
            return False
    return True
