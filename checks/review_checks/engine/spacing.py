"""Edits of blank lines: they move what a function says, and change nothing of it.

Enter is the key that is pressed most, and it has to cost nothing. The facts of the function stay,
and with them everything that was concluded; only their lines are mapped, as they are while a text
does not parse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import StatementKind
from review_checks.summaries.flow import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from review_checks.engine.files import UnitState
    from review_checks.facts.schema import Function
    from review_checks.text.lines import Change

_COMPOUND = frozenset(
    {
        StatementKind.IF,
        StatementKind.FOR,
        StatementKind.WHILE,
        StatementKind.TRY,
        StatementKind.WITH,
        StatementKind.MATCH,
        StatementKind.DEFINITION,
    }
)


def keeps_facts(lines: Sequence[str], start: int, state: UnitState, change: Change) -> bool:
    """Say whether all that an edit of blank lines inside a function does is to move its lines.

    Args:
        lines: the lines after the edit.
        start: the first line of the function.
        state: its state, which knows where its facts stood before the edit.
        change: the edit.
    """
    if state.is_pending or state.reason:
        return False
    above, below = change.first - 1, change.first + change.added
    while lines[above].isspace():
        above -= 1
    while lines[below].isspace():
        below += 1
    functions = state.facts.functions
    handles = any(body.handlers for body in functions)
    if (handles or state.facts.comments) and "#" in lines[above]:
        # How many lines lie between a comment and what it speaks of may matter.
        return False
    line = _known_line(state, above - start)
    if lines[above].rstrip().endswith("\\") or not _ends_statement(functions, line):
        return False
    # A comment below the last statement of a handler may be about it.
    return not (handles and "#" in lines[below] and _is_in_handler(functions, line))


def _known_line(state: UnitState, line: int) -> int:
    """Return where a line of a unit was when its facts were found, or -1 if it is new."""
    if state.lines is None:
        return line
    return state.lines.index(line) if line in state.lines else -1


def _ends_statement(functions: Iterable[Function], line: int) -> bool:
    """Say whether a simple statement ends on a line of a unit, and none goes on.

    What comes next is in no string, then, and continues nothing.
    """
    ends = False
    for body in functions:
        for statement in body.statements:
            span = statement.span
            if span.line <= line <= span.end_line and statement.kind not in _COMPOUND:
                if line < span.end_line:
                    return False
                ends = True
    return ends


def _is_in_handler(functions: Iterable[Function], line: int) -> bool:
    """Say whether a line of a unit lies in an exception handler."""
    return any(
        statement.span.line <= line <= statement.span.end_line
        and any(is_inside(body, index, handler.region) for handler in body.handlers)
        for body in functions
        for index, statement in enumerate(body.statements)
    )
