r"""A document is a list of lines, and an edit replaces a few of them.

Only the line ends of the Language Server Protocol count: ``\n``, ``\r\n`` and ``\r``. Form feeds
and Unicode's separators, which ``str.splitlines`` also obeys, are ordinary characters.
"""

from __future__ import annotations

import functools
import io
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from review_checks.model import Span


_OPENS = re.compile(r"""[()\[\]{}'"\\#\r\n\f]""")


class Change(NamedTuple):
    """Lines ``[first, first + removed)`` became lines ``[first, first + added)``.

    ``blank`` says that none of them, before and after, has anything but white space; ``closed``
    that the change lies within one line, and that a bracket, string, comment or logical line ends
    where it ended before, and is indented as it was.
    """

    first: int
    removed: int
    added: int
    blank: bool = False
    closed: bool = False

    @property
    def delta(self) -> int:
        """By how many lines the text below moved down."""
        return self.added - self.removed

    def then(self, later: Change) -> Change:
        """Return one change that covers this one and ``later``, which was made after it."""
        first = min(self.first, later.first)
        middle = max(self.first + self.added, later.first + later.removed)
        return Change(first, middle - self.delta - first, middle + later.delta - first)


def merge(changes: Iterable[Change]) -> Change:
    """Return one change that covers ``changes``, which were made one after the other.

    Raises:
        TypeError: ``changes`` is empty; there is no change that touches nothing.
    """
    return functools.reduce(Change.then, changes)


def split_lines(text: str) -> list[str]:
    """Split ``text`` into lines that keep their ends, and a last one that has none.

    The last line is there even when it is empty, so that every position of the document lies on
    a line.
    """
    # StringIO finds exactly the protocol's line ends when told not to translate them, in C.
    lines = list(io.StringIO(text, newline=""))
    if not lines or lines[-1].endswith(("\n", "\r")):
        lines.append("")
    return lines


def content_length(line: str) -> int:
    """Return the length of ``line`` in code points without its line end."""
    if line.endswith("\n"):
        return len(line) - (2 if line.endswith("\r\n") else 1)
    return len(line) - line.endswith("\r")


class Document:
    """A text that is edited in place; ``lines`` always equals ``split_lines`` of it."""

    __slots__ = ("lines",)

    def __init__(self, text: str = "") -> None:
        self.lines = split_lines(text)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.lines)

    def edit(self, span: Span, new: str) -> Change:
        """Replace the text of ``span`` by ``new``.

        Args:
            span: what to replace; 0-based lines, columns in code points. Positions outside the
                document are clamped to it, a column past the end of its line to the place before
                the line end. The ends of a reversed span are swapped.
            new: the text to put there.

        Returns:
            The lines that were replaced.
        """
        lines = self.lines
        start = self._clamp(span.line, span.column)
        end = self._clamp(span.end_line, span.end_column)
        if end < start:
            start, end = end, start
        first, stop = start[0], end[0] + 1
        before, after = lines[first][: start[1]], lines[end[0]][end[1] :]
        if first == end[0] and _is_closed(before, lines[first][start[1] : end[1]] + new, after):
            lines[first] = before + new + after
            return Change(first, 1, 1, closed=True)
        text = before + new + after
        # The lines of this edit may begin with the second half of a line break whose first half
        # ends the line above.
        if first and text.startswith("\n") and lines[first - 1].endswith("\r"):
            first -= 1
            text = lines[first] + text
        replacement = split_lines(text)
        if stop < len(lines):
            # The last line touched keeps its line end, so what follows it here is empty.
            replacement.pop()
        change = _of_blank_lines(first, lines[first:stop], replacement)
        # What is removed down to the start of a line leaves that line as it was.
        kept = int(bool(replacement) and replacement[-1] == lines[stop - 1])
        lines[first:stop] = replacement
        return change or Change(first, stop - first - kept, len(replacement) - kept)

    def replace_all(self, text: str) -> Change:
        """Replace the whole text, and report only the lines between the unchanged ends."""
        old, new = self.lines, split_lines(text)
        shorter = min(len(old), len(new))
        head = _common(old, new, shorter)
        tail = _common(reversed(old), reversed(new), shorter - head)
        removed, added = len(old) - head - tail, len(new) - head - tail
        change = _of_blank_lines(head, old[head : head + removed], new[head : head + added])
        old[head : head + removed] = new[head : head + added]
        return change or Change(head, removed, added)

    def _clamp(self, line: int, column: int) -> tuple[int, int]:
        if line < 0:
            return 0, 0
        if line >= len(self.lines):
            last = len(self.lines) - 1
            return last, len(self.lines[last])
        return line, max(0, min(column, content_length(self.lines[line])))


def _is_closed(before: str, touched: str, after: str) -> bool:
    """Say whether text that is inserted or removed within a line leaves open or ends nothing.

    Two quotes must not meet, or part, and a backslash must stay before what it was before.
    """
    return (
        not _OPENS.search(touched)
        and bool(before.strip())
        and before[-1] != "\\"
        and after[:1] not in ("'", '"')
    )


def _of_blank_lines(first: int, old: list[str], new: list[str]) -> Change | None:
    """Return the change if all that differs are blank lines, those that stay left out."""
    shorter = min(len(old), len(new))
    if len(old) == len(new) or shorter > 1:
        return None
    head = int(bool(shorter) and old[0] == new[0])
    tail = int(not head and bool(shorter) and old[-1] == new[-1])
    removed, added = old[head : len(old) - tail], new[head : len(new) - tail]
    if not all(line.isspace() for line in removed) or not all(line.isspace() for line in added):
        return None
    return Change(first + head, len(removed), len(added), blank=True)


def _common(left: Iterable[str], right: Iterable[str], limit: int) -> int:
    """Count the leading lines that are equal, ``limit`` at most."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if count == limit or one != other:
            break
        count += 1
    return count
