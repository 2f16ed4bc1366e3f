"""The fix *add an exception handler*: what fails is logged where it fails, and raised on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Function,
    FunctionKind,
    Result,
)
from review_checks.mending.exceptions import spelled
from review_checks.mending.loggers import failure_of, log_exception, logger_for
from review_checks.mending.runs import (
    Run,
    below,
    functions_of,
    run_around,
    step_of,
)
from review_checks.model import Fix, Refusal, Safety
from review_checks.summaries.failing.failures import call_failures
from review_checks.summaries.flow import is_inside
from review_checks.summaries.inputs import FunctionId, models
from review_checks.summaries.names import callees, owner_of_name
from review_checks.summaries.paths import root_of
from review_checks.text.editing import indentation, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.rule import Context, FixContext


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
    if yields(body, run):
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


def yields(body: Function, run: Run) -> bool:
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
