"""A handler of every exception does nothing about any of them.

## Why it matters

The failure happened, and nobody will know: not the caller, who takes the default for an answer, and
not the operator, who has no log to look into. What was meant for one harmless exception covers the
expired certificate, the full disk and the misspelt name as well.

## Example

```python bad
import logging

LOG = logging.getLogger(__name__)


class Inventory:
    def __init__(self, client):
        self.client = client

    def volumes(self, pool):
        try:
            return self.client.list_volumes(pool)
        except Exception:
            return []
```

```python fixed
import logging

LOG = logging.getLogger(__name__)


class Inventory:
    def __init__(self, client):
        self.client = client

    def volumes(self, pool):
        try:
            return self.client.list_volumes(pool)
        except Exception:
            LOG.exception("Failed to list volumes")
            return []
```

## When it stays silent

- The handler names the exceptions it means, or does anything: assigns a default, logs, returns a
  text.
- A comment or a text in its place explains it, at the handler, right below it or at the head of its
  `try`; or the function or module says so by its name or docstring (`try_`, `safe_`, "best effort",
  "None if it fails").
- The attempt is cleanup: all it does is to close, delete, cancel or the like; it stands in
  `finally`, in `__del__`, in a function that tears down, in a handler that logs or raises what
  happened first.
- The failure is an answer: predicates (`is_`, `has_`, `can_`, `_exists`, `check`, …), what is asked
  for only to return that it is there, conversions and look-ups in memory, imports, questions about
  versions; a `try` with an `else`, or one that notes its success.
- The failure leads to something else: the next candidate in a loop, code that runs only after it, a
  test of the result, the value that there was before.
- What fails has logged it already, or only counts, measures or logs itself; the function has logged
  what it was given as an error; or everyone who calls it, a private one, tells of the default.

## Fix

Logs the exception with the logger that the function, its class or its module uses, at the level for
debugging where all it is known to say is that something is not there. It is refused where there is no
logger.

## Options

None.

## References

- CWE-390: Detection of Error Condition Without Action.
- CWE-1069: Empty Exception Block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Const,
    Function,
    FunctionKind,
    Handler,
    Items,
    StatementKind,
    Value,
)
from review_checks.mending.handling import failure_message
from review_checks.mending.loggers import log_exception, log_quietly, logger_for, logs_quietly
from review_checks.mending.runs import step_of
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.errors._absence import is_ordinary
from review_checks.rules.errors._attempts import Attempt, attempts, tried_region
from review_checks.rules.errors._tolerance import is_nothing, is_tolerated
from review_checks.rules.errors._ways import label, origins
from review_checks.summaries.failing.failures import is_broad
from review_checks.summaries.flow import ancestry, statements_in
from review_checks.text.editing import indentation, insert_line, is_alone, line_end, slice_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.summaries.inputs import FunctionId

_SHOWN_CALLS = 2
_SHOWN_EXCEPTIONS = 3
_SHOWN_ORIGINS = 3


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at the handlers that do nothing."""
    body = context.facts(function)
    if body.kind is FunctionKind.LAMBDA:
        return
    for index, handler in enumerate(body.handlers):
        if handler.comment or not _does_nothing(body, handler):
            continue
        if not is_broad(context.db, function, handler):
            continue
        found = attempts(context, function, handler)
        if not is_tolerated(context, function, handler, found):
            yield _report(context, function, index, handler, found)


def _does_nothing(body: Function, handler: Handler) -> bool:
    return all(is_nothing(body, statement) for statement in statements_in(body, handler.region))


def _report(
    context: Context, function: FunctionId, index: int, handler: Handler, found: list[Attempt]
) -> Report:
    body = context.facts(function)
    shown = sorted(
        [attempt for attempt in found if not attempt.releases],
        key=lambda attempt: not attempt.names,
    )
    names = list(dict.fromkeys([label(body, attempt.call) for attempt in shown]))
    evidence = [
        row
        for attempt in shown[:_SHOWN_ORIGINS]
        for row in origins(context, function, attempt.call, attempt.exceptions, attempt.names)
    ]
    logger = logger_for(function, handler.statement, context)
    return Report(
        Place(function, "h", index),
        _message(body, handler, names, shown),
        _symbol(context, function, index, shown[0].call),
        tuple(dict.fromkeys(evidence)),
        data=(logger, tuple([attempt.call for attempt in shown])),
        fixable=bool(logger),
        refusal="" if logger else "the module has no logger to report the failure with",
        title=f"Log the exception with `{logger}`" if logger else "",
    )


def _message(body: Function, handler: Handler, names: list[str], shown: list[Attempt]) -> str:
    more = len(names) - _SHOWN_CALLS
    calls = ", ".join(names[:_SHOWN_CALLS]) if more > 0 else " and ".join(names)
    if more > 0:
        calls += f" and {more} other call{'s' if more > 1 else ''}"
    known = list(dict.fromkeys([name for attempt in shown for name in attempt.names]))
    examples = ", ".join([f"`{item}`" for item in known[:_SHOWN_EXCEPTIONS]])
    included = f", {examples} included," if examples else ""
    return f"any failure of {calls}{included} {_fate(body, handler)}, and nothing tells of it"


def _fate(body: Function, handler: Handler) -> str:
    statement = statements_in(body, handler.region)[-1]
    kind = body.statements[statement].kind
    if kind is StatementKind.RETURN:
        value = next(row.value for row in body.results if row.statement == statement)
        return f"becomes `return {_text(value)}`"
    if kind is StatementKind.CONTINUE:
        return "skips the rest of the round"
    return "is passed over"


def _text(value: Value) -> str:
    if isinstance(value, Const):
        return repr(value.value)
    if isinstance(value, Items):
        parts = [_text(part) for part in value.parts]
        if value.kind == "list":
            return f"[{', '.join(parts)}]"
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    return "{}"


def _symbol(context: Context, function: FunctionId, index: int, call: int) -> str:
    """Return what the finding is about: the call, with a number when it is tried repeatedly."""
    body = context.facts(function)
    callee = body.calls[call].callee
    around = {
        region
        for other in body.calls
        if other.callee == callee
        for region, _ in ancestry(body, other.statement)
    }
    before = sum(tried_region(body, handler) in around for handler in body.handlers[:index])
    name = f"{context.qualified(function)}.{callee}"
    return f"{name}#{before + 1}" if before else name


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Log the exception."""
    logger, calls = report.data
    function, index = report.place.function, report.place.index
    body = context.facts(function)
    path = context.path(function)
    lines = context.lines(path)
    message = failure_message(body, calls, context)
    quiet = is_ordinary(context, function, body.handlers[index], calls) and logs_quietly(
        context, function, logger
    )
    said = (log_quietly if quiet else log_exception)(logger, message, lines)
    statements = statements_in(body, body.handlers[index].region)
    first = context.shifted(function, body.statements[statements[0]].span)
    last = context.shifted(function, body.statements[statements[-1]].span)
    dropped = slice_text(lines, first) in ("pass", "...") and len(statements) == 1
    if lines[first.line][: first.column].strip():
        margin = indentation(lines[context.span(report.place).line]) + step_of(function, context)
        edit = _unfolded(path, lines, first, last, [said] if dropped else [said, ""], margin)
    elif dropped and is_alone(lines, first):
        edit = Edit(path, first, said)
    else:
        edit = insert_line(path, lines, first.line, indentation(lines[first.line]) + said)
    return Fix(f"Log the exception with `{logger}`", Safety.UNSAFE, (edit,))


def _unfolded(
    path: str, lines: Sequence[str], first: Span, last: Span, body: list[str], margin: str
) -> Edit:
    """Return the edit that gives a handler on one line a body of its own.

    A comment at the end of the line stays on that of the ``except``, since it may silence another
    tool there. An empty text in ``body`` stands for what the handler did before.
    """
    head = lines[first.line][: first.column].rstrip()
    line = lines[last.end_line].rstrip("\r\n")
    remark = line[last.end_column :].lstrip("; \t")
    done = slice_text(lines, Span(first.line, first.column, last.end_line, last.end_column))
    eol = line_end(lines, first.line)
    text = f"  {remark}" if remark else ""
    text += "".join([f"{eol}{margin}{row or done}" for row in body])
    return Edit(path, Span(first.line, len(head), last.end_line, len(line)), text)
