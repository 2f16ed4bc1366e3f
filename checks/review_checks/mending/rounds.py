"""The fix *go on with the other items*: each round of a loop handles its own failure.

Each failure is logged, and the first one is raised when the cleanup is over: at the end of what
follows the loop, as long as that may run although an item failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Exit,
    Function,
    Mode,
    Path,
    RegionKind,
    Result,
    StatementKind,
)
from review_checks.mending.exceptions import EVERYTHING
from review_checks.mending.handling import failure_message, yields
from review_checks.mending.loggers import log_exception, logger_for
from review_checks.mending.runs import Run, below, run_from, step_of
from review_checks.model import Fix, Refusal, Safety
from review_checks.summaries.failing.failures import persistence
from review_checks.summaries.failing.releasing import withdraws
from review_checks.summaries.flow import ancestry, loops_around, regions_of, statements_in
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import bound_names, callees
from review_checks.summaries.paths import root_of
from review_checks.summaries.words import words_of
from review_checks.text.editing import indentation, insert_line, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.rule import FixContext

_IDENTIFYING = frozenset({"filename", "id", "name", "number", "path", "uuid"})
_BRANCHES = (RegionKind.THEN, RegionKind.ELSE, RegionKind.CASE)


def per_item_handler(
    function: FunctionId, loop: int, calls: Sequence[int], context: FixContext
) -> Fix | Refusal:
    """Let a loop go on after the failure of an item, and raise the first failure when all is done.

    What follows the calls in the body of the loop is skipped for an item that failed, as it was.
    Where another failure is under way that the handler around the loop raises on, those of the
    items are but logged: they must not take its place.

    Args:
        function: the function with the loop.
        loop: its statement.
        calls: the indexes of the calls inside the loop that may fail, at least one.
        context: the text and the analysis.
    """
    run = _round_of(function, loop, calls, context)
    if isinstance(run, Refusal):
        return run
    logger = logger_for(function, loop, context)
    if not logger:
        return Refusal("the module has no logger to report the failures with")
    path = context.path(function)
    lines, step = context.lines(path), step_of(function, context)
    said = _item_log(logger, function, loop, calls, context)
    inside = indentation(lines[run.top])
    wrapped = wrap(path, lines, run.top, run.end, "try:", step)
    if _is_failing(function, loop, context):
        handled = [f"{inside}except {EVERYTHING}:", f"{inside}{step}{said}"]
        edits = [*wrapped, below(path, lines, run.end, handled)]
        return Fix("Go on with the other items", Safety.UNSAFE, tuple(edits))
    whole = run_from(function, *_cleanup_around(function, loop, context), context)
    if whole is None:
        return Refusal("the cleanup shares its line with another statement")
    failed = _new_name("first_error", function, context)
    error = _new_name("error", function, context)
    outside = indentation(lines[whole.top])
    handled = [
        f"{inside}except {EVERYTHING} as {error}:",
        f"{inside}{step}{said}",
        f"{inside}{step}if {failed} is None:",
        f"{inside}{step}{step}{failed} = {error}",
    ]
    raised = [f"{outside}if {failed} is not None:", f"{outside}{step}raise {failed}"]
    edits = [
        insert_line(path, lines, _above_remarks(lines, whole.top), f"{outside}{failed} = None"),
        *wrapped,
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


def _cleanup_around(function: FunctionId, loop: int, context: FixContext) -> tuple[int, int]:
    """Return the first and last statement of the cleanup that a loop is part of.

    The first is the loop or a compound statement around it; after the last, in the same block, the
    first failure is raised. What comes before that had no chance to run before.
    """
    body = context.facts(function)
    statement = loop
    while True:
        region = body.statements[statement].region
        last = statement
        for after in statements_in(body, region):
            if after <= statement:
                continue
            if _must_wait(function, after, context):
                return statement, last
            last = after
        if not _opens(body, region):
            return statement, last
        statement = body.regions[region].owner


def _must_wait(function: FunctionId, statement: int, context: FixContext) -> bool:
    """Say whether a statement must not run after a failure, or could hide it."""
    body = context.facts(function)
    leaving = (StatementKind.RETURN, StatementKind.RAISE)
    if any(
        row.kind in leaving and _is_part(body, index, statement)
        for index, row in enumerate(body.statements)
    ):
        return True
    orders = range(body.statements[statement].at, body.statements[statement].end)
    if any(result.yields and result.at in orders for result in body.results):
        return True
    return _is_final(function, statement, context)


def _is_final(function: FunctionId, statement: int, context: FixContext) -> bool:
    """Say whether a statement builds on all that comes before it.

    It makes a change durable, or takes away what the items may have been parts of. That a loop
    takes more items away is no such thing.
    """
    body = context.facts(function)
    orders = range(body.statements[statement].at, body.statements[statement].end)
    return any(
        call.at in orders
        and (
            persistence(context.db, function, index)
            or (
                withdraws(context.db, call)
                and not any(
                    _is_part(body, loop, statement) for loop in loops_around(body, call.statement)
                )
            )
        )
        for index, call in enumerate(body.calls)
    )


def _is_part(body: Function, statement: int, whole: int) -> bool:
    return any(ancestor == whole for _, ancestor in ancestry(body, statement))


def _opens(body: Function, region: int) -> bool:
    """Say whether a failure may be raised behind a block as well as at its end."""
    block = body.regions[region]
    if block.kind is RegionKind.LOOP:
        return body.statements[block.owner].kind is StatementKind.FOR
    if block.kind is RegionKind.WITH:
        # What is not called here but held, such as a lock, takes no failure in.
        return all(isinstance(item.value, Path) for item in body.withs if item.region == region)
    return block.kind in _BRANCHES


def _round_of(
    function: FunctionId, loop: int, calls: Sequence[int], context: FixContext
) -> Run | Refusal:
    """Return the run in the body of a loop from the first of some calls on."""
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
    run = run_from(function, first, last, context)
    if run is None or run_from(function, loop, loop, context) is None:
        return Refusal("the loop shares its line with its body")
    if yields(body, run):
        return Refusal("a `yield` stands in the loop, whose failures would be caught, too")
    if body.regions[inner].exits & Exit.RETURN:
        return Refusal(
            "the loop may return, past the place where its first failure would be raised"
        )
    return run


def _is_failing(function: FunctionId, loop: int, context: FixContext) -> bool:
    """Say whether a failure is under way around a loop that is raised on whatever the loop does."""
    body = context.facts(function)
    for region, statement in ancestry(body, loop):
        block = body.regions[region]
        after = [row for row in statements_in(body, region) if row > statement]
        if any(_is_final(function, row, context) for row in after):
            return False
        if block.kind is RegionKind.HANDLER:
            return not block.falls and not block.exits & ~Exit.RAISE
        if block.kind is RegionKind.WITH and _reraises(function, region, context):
            return True
        if block.kind in (RegionKind.LOOP, RegionKind.TRY, RegionKind.FINALLY):
            return False
    return False


def _reraises(function: FunctionId, region: int, context: FixContext) -> bool:
    """Say whether a block is that of a context manager which raises the failure being handled on."""
    targets = callees(context.db, function[0])[function[1]]
    for item in context.facts(function).withs:
        if item.region == region and isinstance(item.value, Result):
            target = targets[item.value.call]
            if target is not None and models(context.db).knowledge(target).reraises:
                return True
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


def _item_log(
    logger: str, function: FunctionId, loop: int, calls: Sequence[int], context: FixContext
) -> str:
    """Return the call that logs the failure of one item, with the item when its name is one.

    A whole object may show more than a log should hold.
    """
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
        return log_exception(logger, message, lines)
    return log_exception(logger, f"{message} %s", lines, told[:1])


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
