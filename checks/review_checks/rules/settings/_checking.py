"""The fix *check the setting*: raises the project's usual error before a value is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from review_checks.facts.schema import StatementKind
from review_checks.mending.loggers import usual_quote
from review_checks.mending.runs import below, step_of
from review_checks.model import Fix, Refusal, Safety
from review_checks.summaries.configuring.settings import module_imports
from review_checks.summaries.index import class_names, module_info, outline
from review_checks.summaries.inputs import module_path, unit_path
from review_checks.summaries.names import class_of, method_of
from review_checks.summaries.words import words_of
from review_checks.text.editing import indentation, insert_line, line_end, usual_width, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.facts.schema import Function, Statement
    from review_checks.rule import FixContext
    from review_checks.summaries.incremental import Database
    from review_checks.summaries.inputs import FunctionId

_CONFIGURATION = frozenset({"config", "configuration", "configured", "option", "setting"})
_WRONG = frozenset({"invalid", "incorrect", "improperly", "bad", "error"})
_FILLERS = frozenset({"value", "error", "exception"})
_MESSAGES = frozenset({"message", "msg", "reason", "detail"})
_SIMPLE = frozenset(
    {
        StatementKind.EXPRESSION,
        StatementKind.ASSIGN,
        StatementKind.RETURN,
        StatementKind.FOR,
        StatementKind.WITH,
    }
)


class Check(NamedTuple):
    """What is to be checked.

    Attributes:
        amount: an expression of the function, which is compared.
        comparison: the rest of the comparison, which is true when something is wrong.
        problem: what is wrong then, in one clause without quotes.
        optional: whether the amount may be None, which is not compared.
    """

    amount: str
    comparison: str
    problem: str
    optional: bool = False


def raise_before(
    function: FunctionId, statement: int, check: Check, context: FixContext
) -> Fix | Refusal:
    """Raise an error before a statement when a condition holds.

    Args:
        function: where the statement stands.
        statement: its index.
        check: the condition.
        context: the analysis and the text.
    """
    path = context.path(function)
    lines = context.lines(path)
    body = context.facts(function)
    row = body.statements[statement]
    span = context.shifted(function, row.span)
    if row.kind not in _SIMPLE or lines[span.line][: span.column].strip():
        return Refusal("a check cannot stand right before the statement that uses the value")
    line = _above_comments(body, row, lines, span.line)
    rows, error = _raising(function, span.line, check, context)
    edit = insert_line(path, lines, line, line_end(lines, line).join(rows))
    return Fix(f"Check `{check.amount}` first, raising `{error}`", Safety.UNSAFE, (edit,))


def raise_after(
    function: FunctionId, statement: int, check: Check, context: FixContext
) -> Fix | Refusal:
    """Raise an error behind an assignment when a condition holds; the arguments as above."""
    path = context.path(function)
    lines = context.lines(path)
    span = context.shifted(function, context.facts(function).statements[statement].span)
    around = (lines[span.line][: span.column], lines[span.end_line][span.end_column :])
    if around[0].strip() or around[1].partition("#")[0].strip():
        return Refusal("the assignment that keeps the value does not stand alone on its lines")
    rows, error = _raising(function, span.line, check, context)
    edit = below(path, lines, span.end_line, rows)
    return Fix(f"Check `{check.amount}` there, raising `{error}`", Safety.UNSAFE, (edit,))


def _raising(
    function: FunctionId, line: int, check: Check, context: FixContext
) -> tuple[list[str], str]:
    """Return the lines of a check beside a line, and the error that it raises."""
    lines = context.lines(context.path(function))
    margin = indentation(lines[line])
    step = step_of(function, context)
    error = usual_error(context.db, function)
    problem = check.problem
    quote = '"' if "'" in problem else "'" if '"' in problem else usual_quote(lines)
    raising = f"{margin}{step}raise {error}({quote}{problem}{quote})"
    broken = [raising]
    if width(raising) > usual_width(lines):
        head, _, rest = raising.partition("(")
        broken = [f"{head}(", f"{margin}{step}{step}{rest}"]
    given = f"{check.amount} is not None and " if check.optional else ""
    return [f"{margin}if {given}{check.amount} {check.comparison}:", *broken], error


def _above_comments(body: Function, row: Statement, lines: Sequence[str], line: int) -> int:
    """Return the first of the comment lines that belong to a statement, else its own line."""
    shift = line - row.span.line
    ends = [other.span.end_line for other in body.statements if other.span.end_line < row.span.line]
    floor = shift + max(ends, default=body.span.line)
    margin = indentation(lines[line])
    while line - 1 > floor and lines[line - 1].startswith(f"{margin}#"):
        line -= 1
    return line


# The error to raise


def usual_error(db: Database, function: FunctionId) -> str:
    """Return how a function names an error about the configuration, else ``ValueError``.

    Such an error is a class that the module imports, or that a module of errors imported by it
    defines, whose name says that a setting is wrong and which takes a message.
    """
    path = unit_path(db, function[0])
    for name, target in module_imports(db, path):
        if not name:
            continue
        if _speaks_of_settings(name) and _takes_message(db, target):
            return name
        place = module_path(db, target)
        if place and target.rpartition(".")[2].startswith(("exc", "error")):
            module = module_info(db, place).name
            for inner in class_names(db, place):
                if _speaks_of_settings(inner) and _takes_message(db, f"{module}.{inner}"):
                    return f"{name}.{inner}"
    return "ValueError"


def _speaks_of_settings(name: str) -> bool:
    words = set(words_of(name))
    known = words <= _CONFIGURATION | _WRONG | _FILLERS
    return known and bool(words & _CONFIGURATION) and bool(words & _WRONG)


def _takes_message(db: Database, canonical: str) -> bool:
    """Say whether a project's class can be called with a message alone."""
    if class_of(db, canonical) is None:
        return False
    maker = method_of(db, canonical, "__init__")
    if maker is None:
        return True
    parameters = outline(db, maker[0]).functions[maker[1]].parameters[1:]
    given = bool(parameters) and (parameters[0].kind == "*" or parameters[0].name in _MESSAGES)
    return given and all(item.kind or item.default is not None for item in parameters[1:])
