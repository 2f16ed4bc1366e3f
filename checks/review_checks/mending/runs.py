"""Finds runs of whole lines that can be moved as one: what a fix can wrap or indent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.model import Edit, Span
from review_checks.summaries.flow import ancestry, statements_in
from review_checks.summaries.inputs import FunctionId, layout, unit_facts
from review_checks.text.editing import indent_unit, indentation, line_end

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from review_checks.rule import Context, FixContext


class Run(msgspec.Struct, frozen=True, array_like=True):
    """Statements of one block that share their lines with nothing else.

    ``first`` and ``last`` are statements of the function, ``top`` and ``end`` the lines of the file
    on which the first begins and the last ends.
    """

    first: int
    last: int
    top: int
    end: int


def run_around(
    function: FunctionId, statements: Collection[int], context: FixContext
) -> Run | None:
    """Return the smallest run around some statements, or None when there is none."""
    body = context.facts(function)
    chains = [dict(ancestry(body, statement)) for statement in statements]
    for region, _ in ancestry(body, min(statements)):
        if all(region in chain for chain in chains):
            members = [chain[region] for chain in chains]
            run = run_from(function, min(members), max(members), context)
            if run is not None:
                return run
    return None


def run_from(function: FunctionId, first: int, last: int, context: FixContext) -> Run | None:
    """Return the run from one statement of a block to another, widened to whole lines.

    None means that the block begins or ends in the middle of a line.
    """
    body = context.facts(function)
    siblings = statements_in(body, body.statements[first].region)
    low, high = siblings.index(first), siblings.index(last)
    spans = [body.statements[index].span for index in siblings]
    while low > 0 and spans[low - 1].end_line == spans[low].line:
        low -= 1
    while high < len(spans) - 1 and spans[high + 1].line == spans[high].end_line:
        high += 1
    lines = context.lines(context.path(function))
    top, bottom = context.shifted(function, spans[low]), context.shifted(function, spans[high])
    if not _begins(lines, top) or not _ends(lines, bottom):
        return None
    depth = len(indentation(lines[top.line])) + (high < len(spans) - 1)
    end = _last_remark(lines, bottom.end_line, depth)
    return Run(siblings[low], siblings[high], top.line, end)


def _begins(lines: Sequence[str], span: Span) -> bool:
    """Say whether a statement begins its logical line, and is not the rest of an ``if``."""
    line = lines[span.line]
    if line[: span.column].strip() or line[span.column :].startswith("elif"):
        return False
    return span.line == 0 or not lines[span.line - 1].rstrip("\r\n").endswith("\\")


def _ends(lines: Sequence[str], span: Span) -> bool:
    after = lines[span.end_line][span.end_column :].strip().lstrip("; \t")
    return not after or after.startswith("#")


def _last_remark(lines: Sequence[str], end: int, depth: int) -> int:
    """Return the last line of the comments below a line that are indented by a depth at least.

    They belong to what stands above them: to a block inside the last statement, or to the block
    whose last statement it is.
    """
    while end + 1 < len(lines):
        line = lines[end + 1]
        if not line.lstrip().startswith("#") or len(indentation(line)) < depth:
            break
        end += 1
    return end


def step_of(function: FunctionId, context: FixContext) -> str:
    """Return one level of indentation, as a function has it or as another one of its file has it."""
    path = context.path(function)
    lines = context.lines(path)
    for other in (function, *functions_of(path, context)):
        body = context.facts(other)
        outer = context.shifted(other, body.name_span).line
        inner = context.shifted(other, Span(body.body_line, 0, body.body_line, 0)).line
        if inner > outer and len(indentation(lines[inner])) > len(indentation(lines[outer])):
            return indent_unit(lines, outer, inner)
    return "    "


def below(path: str, lines: Sequence[str], line: int, added: Sequence[str]) -> Edit:
    """Return the edit that puts whole lines, given without their ends, below a line."""
    end = len(lines[line].rstrip("\r\n"))
    eol = line_end(lines, line)
    return Edit(path, Span(line, end, line, end), "".join([eol + text for text in added]))


def functions_of(path: str, context: Context) -> list[FunctionId]:
    """Return all functions of a file, module and class bodies included."""
    return [
        (unit, index)
        for unit in layout(context.db, path) or ()
        for index in range(len(unit_facts(context.db, unit).functions))
    ]
