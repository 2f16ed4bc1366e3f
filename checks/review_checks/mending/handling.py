"""The fix *add an exception handler*: what fails is logged where it fails, and raised on.

Two forms: a ``try`` around the smallest run of statements, and one inside a loop that lets the
other items have their turn and raises the first failure at the end.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Exit,
    Function,
    FunctionKind,
    Mode,
    RegionKind,
    Result,
    StatementKind,
)
from review_checks.mending.exceptions import EVERYTHING, spelled
from review_checks.mending.loggers import failure_of, log_exception, logger_for
from review_checks.mending.runs import (
    Run,
    below,
    functions_of,
    run_around,
    run_from,
    step_of,
)
from review_checks.model import Fix, Refusal, Safety
from review_checks.summaries.failing.failures import call_failures
from review_checks.summaries.flow import ancestry, is_inside, regions_of, statements_in
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import bound_names, callees, owner_of_name
from review_checks.summaries.paths import root_of
from review_checks.summaries.words import words_of
from review_checks.text.editing import indentation, insert_line, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.rule import Context, FixContext

_IDENTIFYING = frozenset({"filename", "id", "name", "number", "path", "uuid"})


def add_handler(
    function: FunctionId,
    calls: Sequence[int],
    context: FixContext,
    exceptions: Sequence[str] = (),
) -> Fix | Refusal:
    """Wrap the smallest run of statements around some calls in a handler that logs and raises on.

    Args:
        function: the function that makes the calls.
        calls: their indexes, at least one.
        context: the text and the analysis.
        exceptions: what is to be caught, as canonical names; when empty, what the calls are known
            to raise.
    """
    body = context.facts(function)
    if body.kind is FunctionKind.LAMBDA:
        return Refusal("a lambda has no room for a handler")
    run = run_around(function, {body.calls[index].statement for index in calls}, context)
    if run is None:
        return Refusal("the call shares its line with the head of a block")
    if _yields(body, run):
        return Refusal("a `yield` stands among the statements, whose failures would be caught, too")
    logger = logger_for(function, run.first, context)
    if not logger:
        return Refusal("the module has no logger to report the failure with")
    known = exceptions or [
        exception for index in calls for exception in call_failures(context.db, function, index)
    ]
    clause = spelled(function, known, context)
    path = context.path(function)
    lines, step = context.lines(path), step_of(function, context)
    margin = indentation(lines[run.top])
    said = log_exception(logger, failure_message(body, calls, context), lines)
    manager = _reraiser(function, context)
    handler = [f"with {manager}():", step + said] if manager else [said, "raise"]
    edits = [
        *wrap(path, lines, run.top, run.end, "try:", step),
        below(
            path,
            lines,
            run.end,
            [f"{margin}except {clause}:", *[margin + step + text for text in handler]],
        ),
    ]
    return Fix(f"Log `{clause}` and raise it on", Safety.UNSAFE, tuple(edits))


def failure_message(body: Function, calls: Sequence[int], context: Context) -> str:
    """Return what a log says when one of some calls failed."""
    name = body.name if body.name.isidentifier() else ""
    if len({body.calls[index].callee for index in calls}) == 1:
        said = failure_of(body.calls[calls[0]], name, context.models.lexicon.release)
        if said:
            return said
    return f"Failure in {name}" if name else "Failure at import"


def _yields(body: Function, run: Run) -> bool:
    """Say whether a run hands control out of a generator."""
    orders = range(body.statements[run.first].at, body.statements[run.last].end)
    return any(result.yields and result.at in orders for result in body.results)


def _reraiser(function: FunctionId, context: FixContext) -> str:
    """Return the context manager in which the handlers of a module log before they raise on, or ''."""
    found: Counter[str] = Counter()
    for other in functions_of(context.path(function), context):
        body = context.facts(other)
        handled = [handler.region for handler in body.handlers]
        targets = callees(context.db, other[0])[other[1]]
        for item in body.withs:
            if not isinstance(item.value, Result) or item.asynchronous:
                continue
            target, callee = targets[item.value.call], body.calls[item.value.call].callee
            if target is None or not models(context.db).knowledge(target).reraises:
                continue
            if any(is_inside(body, item.statement, region) for region in handled):
                found[callee] += 1
    for callee, _ in found.most_common():
        if owner_of_name(context.db, function, root_of(callee)) is None:
            return callee
    return ""


def per_item_handler(
    function: FunctionId, loop: int, calls: Sequence[int], context: FixContext
) -> Fix | Refusal:
    """Let a loop go on after the failure of an item, and raise the first failure at its end.

    What follows the calls in the body of the loop is skipped for an item that failed, as it was.
    Without a logger the later failures are lost, as they were: the loop did not come to them.
    Where another failure is under way that the handler around the loop raises on, those of the
    items are but logged: they must not take its place.

    Args:
        function: the function with the loop.
        loop: its statement.
        calls: the indexes of the calls inside the loop that may fail, at least one.
        context: the text and the analysis.
    """
    found = _runs_of(function, loop, calls, context)
    if isinstance(found, Refusal):
        return found
    whole, run = found
    path = context.path(function)
    lines, step = context.lines(path), step_of(function, context)
    failed = _new_name("first_error", function, context)
    error = _new_name("error", function, context)
    outside, inside = indentation(lines[whole.top]), indentation(lines[run.top])
    logs = _item_logs(function, loop, calls, context)
    if logs and _raises_on(context.facts(function), loop):
        handled = [f"except {EVERYTHING}:", *[step + text for text in logs]]
        edits = [
            *wrap(path, lines, run.top, run.end, "try:", step),
            below(path, lines, run.end, [inside + text for text in handled]),
        ]
        return Fix("Go on with the other items", Safety.UNSAFE, tuple(edits))
    handled = [
        f"except {EVERYTHING} as {error}:",
        *[step + text for text in logs],
        f"{step}if {failed} is None:",
        f"{step}{step}{failed} = {error}",
    ]
    handled = [inside + text for text in handled]
    raised = [f"{outside}if {failed} is not None:", f"{outside}{step}raise {failed}"]
    edits = [
        insert_line(path, lines, _above_remarks(lines, whole.top), f"{outside}{failed} = None"),
        *wrap(path, lines, run.top, run.end, "try:", step),
    ]
    if run.end == whole.end:
        edits.append(below(path, lines, run.end, [*handled, *raised]))
    else:
        edits.append(below(path, lines, run.end, handled))
        edits.append(below(path, lines, whole.end, raised))
    return Fix(
        "Go on with the other items, and raise the first failure at the end",
        Safety.UNSAFE,
        tuple(edits),
    )


def _runs_of(
    function: FunctionId, loop: int, calls: Sequence[int], context: FixContext
) -> tuple[Run, Run] | Refusal:
    """Return the run that is a loop, and the one in its body from the first of some calls on."""
    body = context.facts(function)
    inner = next(
        region for region in regions_of(body, loop) if body.regions[region].kind is RegionKind.LOOP
    )
    only = body.calls[calls[0]].statement
    if len(calls) == 1 and _ends_round(body, only, inner):
        # Nothing in the round depends on the call, so that the handler need not reach further.
        first = last = only
    else:
        first = min(dict(ancestry(body, body.calls[index].statement))[inner] for index in calls)
        last = statements_in(body, inner)[-1]
    whole, run = run_from(function, loop, loop, context), run_from(function, first, last, context)
    if whole is None or run is None:
        return Refusal("the loop shares its line with its body")
    if _yields(body, run):
        return Refusal("a `yield` stands in the loop, whose failures would be caught, too")
    if body.regions[inner].exits & Exit.RETURN:
        return Refusal(
            "the loop may return, past the place where its first failure would be raised"
        )
    return whole, run


def _raises_on(body: Function, loop: int) -> bool:
    """Say whether a loop stands in a handler that always raises in the end."""
    for region, _ in ancestry(body, loop):
        block = body.regions[region]
        if block.kind is RegionKind.HANDLER:
            return not block.falls and not block.exits & ~Exit.RAISE
        if block.kind in (RegionKind.LOOP, RegionKind.TRY, RegionKind.FINALLY):
            return False
    return False


def _ends_round(body: Function, statement: int, loop_body: int) -> bool:
    """Say whether a call that stands for itself is the last thing that a round of a loop does."""
    if body.statements[statement].kind is not StatementKind.EXPRESSION:
        return False
    for region, ancestor in ancestry(body, statement):
        after = [row for row in statements_in(body, region) if row > ancestor]
        if after:
            return body.statements[after[0]].kind is StatementKind.CONTINUE
        if body.regions[region].kind in (RegionKind.TRY, RegionKind.WITH, RegionKind.LOOP):
            # What comes behind such a block may be more than its next statement.
            return region == loop_body
    return False


def _item_logs(
    function: FunctionId, loop: int, calls: Sequence[int], context: FixContext
) -> list[str]:
    """Return the call that logs the failure of one item, with the item when its name is one.

    A whole object may show more than a log should hold. Without a logger there is no call.
    """
    logger = logger_for(function, loop, context)
    if not logger:
        return []
    body = context.facts(function)
    lines = context.lines(context.path(function))
    message = failure_message(body, calls, context)
    items = [
        write.path
        for write in body.writes
        if write.statement == loop and write.mode is Mode.ITERATE and write.path.isidentifier()
    ]
    told = [item for item in items if words_of(item)[-1:] and words_of(item)[-1] in _IDENTIFYING]
    if not told:
        return [log_exception(logger, message, lines)]
    return [log_exception(logger, f"{message} %s", lines, told[:1])]


def _new_name(name: str, function: FunctionId, context: FixContext) -> str:
    """Return a name that a function and those around it do not use, made from a wished one."""
    used: set[str] = set()
    for bound, body in zip(
        bound_names(context.db, function[0]),
        unit_facts(context.db, function[0]).functions,
        strict=True,
    ):
        used |= bound | set(body.scoped)
        used |= {root_of(write.path) for write in body.writes}
        used |= {root_of(read.path) for read in body.reads}
        used |= {root_of(call.callee) for call in body.calls}
    while name in used:
        name += "_"
    return name


def _above_remarks(lines: Sequence[str], line: int) -> int:
    """Return the first line of the comments that stand right above a line, at its indentation."""
    margin = indentation(lines[line])
    while line > 0 and lines[line - 1].startswith(f"{margin}#"):
        line -= 1
    return line
