"""Edits that keep what they do not mean to change: comments, line ends, tabs, multi-line strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from review_checks.model import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STRING = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|'''(?:[^\\]|\\.)*?(?:'''|\Z)"
    r"|\"(?:[^\"\\\n]|\\(?:\r\n|.))*\"?|'(?:[^'\\\n]|\\(?:\r\n|.))*'?|#[^\r\n]*",
    re.DOTALL,
)
_LEAST_WIDTH = 79
"""So many columns are open to the lines of any file."""
_FEW = 100
"""One line of so many may be longer than is usual: an address, say, or a table."""


def line_end(lines: Sequence[str], near: int) -> str:
    """Return the line end in use at a line; that of the line above when it has none."""
    for index in (near, near - 1, 0):
        if 0 <= index < len(lines):
            stripped = lines[index].rstrip("\r\n")
            if len(stripped) < len(lines[index]):
                return lines[index][len(stripped) :]
    return "\n"


def indentation(line: str) -> str:
    """Return the white space at the start of a line."""
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def indent_unit(lines: Sequence[str], outer: int, inner: int) -> str:
    """Return one level of indentation: what ``inner`` has more than ``outer``, else the usual."""
    above, below = indentation(lines[outer]), indentation(lines[inner])
    if below.startswith(above) and len(below) > len(above):
        return below[len(above) :]
    return "\t" if "\t" in below else "    "


def lines_inside_strings(lines: Sequence[str], first: int, last: int) -> frozenset[int]:
    """Return the lines of ``first`` … ``last`` that begin inside a string literal.

    ``first`` must begin outside of one.
    """
    text = "".join(lines[first : last + 1])
    found: set[int] = set()
    for match in _STRING.finditer(text):
        start = first + text.count("\n", 0, match.start())
        found.update(range(start + 1, start + 1 + match.group().count("\n")))
    return frozenset(found)


def comments_in(text: str) -> list[str]:
    """Return the comments of a text, in order."""
    return [match.group() for match in _STRING.finditer(text) if match.group().startswith("#")]


def width(line: str) -> int:
    """Return how many columns a line takes, its end aside; a tab is as wide as four blanks."""
    return len(line.rstrip().expandtabs(4))


def usual_width(lines: Sequence[str]) -> int:
    """Return how many columns the lines of a file may take, but for a few."""
    widths = sorted(map(width, lines))
    return max(_LEAST_WIDTH, widths[-1 - len(widths) // _FEW] if widths else 0)


def insert_line(path: str, lines: Sequence[str], line: int, text: str) -> Edit:
    """Return the edit that puts a line of its own before ``line``."""
    return Edit(path, Span(line, 0, line, 0), text + line_end(lines, line))


def insert_clause(path: str, lines: Sequence[str], line: int, text: str) -> Edit:
    """Return the edit that puts a clause, such as ``finally:``, before ``line``.

    It takes the place of blank lines there, which would part it from the block that it belongs to.
    """
    first = _first_blank(lines, line)
    return Edit(path, Span(first, 0, line, 0), text + line_end(lines, line))


def delete_lines(path: str, lines: Sequence[str], first: int, last: int) -> Edit:
    """Return the edit that deletes whole lines.

    Blank lines above them go as well where others follow.
    """
    if last + 1 >= len(lines) or not lines[last + 1].strip():
        first = _first_blank(lines, first)
    if last + 1 < len(lines):
        return Edit(path, Span(first, 0, last + 1, 0), "")
    end = len(lines[first - 1].rstrip("\r\n")) if first else 0
    return Edit(path, Span(max(first - 1, 0), end, last, len(lines[last])), "")


def _first_blank(lines: Sequence[str], line: int) -> int:
    """Return the first of the blank lines right above a line, or the line itself."""
    while line > 0 and not lines[line - 1].strip():
        line -= 1
    return line


def wrap(
    path: str, lines: Sequence[str], first: int, last: int, header: str, unit: str
) -> list[Edit]:
    """Return the edits that put whole lines under a header, one level deeper.

    Args:
        path: the file.
        lines: its lines.
        first: the first line to indent; it gives the header its indentation.
        last: the last line to indent.
        header: the text of the new line, such as ``with lock:``.
        unit: one level of indentation.
    """
    edits = [insert_line(path, lines, first, indentation(lines[first]) + header)]
    return [*edits, *indent(path, lines, first, last, unit)]


def indent(path: str, lines: Sequence[str], first: int, last: int, unit: str) -> list[Edit]:
    """Return the edits that move whole lines one level deeper; strings keep their text."""
    inside = lines_inside_strings(lines, first, last)
    return [
        Edit(path, Span(line, 0, line, 0), unit)
        for line in range(first, last + 1)
        if line not in inside and lines[line].strip()
    ]


def is_alone(lines: Sequence[str], span: Span) -> bool:
    """Say whether nothing but a comment shares the lines of a statement."""
    before = lines[span.line][: span.column]
    after = lines[span.end_line][span.end_column :].strip()
    return not before.strip() and (not after or after.startswith("#"))


def slice_text(lines: Sequence[str], span: Span) -> str:
    """Return the text of a span."""
    if span.line == span.end_line:
        return lines[span.line][span.column : span.end_column]
    middle = lines[span.line + 1 : span.end_line]
    return "".join(
        [lines[span.line][span.column :], *middle, lines[span.end_line][: span.end_column]]
    )


def apply(lines: Sequence[str], edits: Iterable[Edit]) -> str:
    """Return the text after edits of one file, which must not overlap.

    Edits at the same place are made in the order given.
    """
    text = "".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(line: int, column: int) -> int:
        return starts[min(line, len(starts) - 1)] + column

    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda item: (item.span.line, item.span.column)):
        start = offset(edit.span.line, edit.span.column)
        pieces += [text[at:start], edit.text]
        at = offset(edit.span.end_line, edit.span.end_column)
    pieces.append(text[at:])
    return "".join(pieces)
