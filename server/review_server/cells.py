"""The code cells of a notebook as one module, and the way back from its lines to the cells.

The texts of the cells stand one below the other, with an empty line after each, to which positions
behind the last line of a cell belong. What IPython makes of a line before Python sees it, such as
``%timeit`` and ``!ls``, is replaced by something harmless that takes the same lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from review_checks.model import Edit, Finding, Fix, Note, Refusal, Span
from review_checks.text.lines import content_length
from review_checks.text.logical import is_whole, read_logical_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CELL_MAGIC = re.compile(r"\s*%%(?!\w+\?)(?P<name>\S*)")

_OF_PYTHON = frozenset(
    {
        # IPython's own: they run the body in the notebook's namespace, the first two after having
        # it read as a cell. What is assigned below ``%%timeit`` stays there; what is changed, not.
        "capture", "time", "timeit", "prun", "debug",
        # memory_profiler, line_profiler, pyinstrument, snakeviz (through ``%%prun``), viztracer:
        # they measure the body, in the same namespace.
        "memit", "mprun", "lprun", "lprun_all", "pyinstrument", "snakeviz", "viztracer",
        # jupyternotify runs the body as a cell, and says when it is done.
        "notify",
    }
)  # fmt: skip
"""The cell magics whose body is Python that shares its names with the other cells.

The body of any other counts as empty. It is another language (``%%bash``, ``%%sql``, ``%%html``,
``%%cython``), a file (``%%writefile``), or Python that runs elsewhere, without the names of the
notebook and without leaving it any (``%%python``, ``%%script``, ``%%px``, ``%%heat``). Of one that
is not known it cannot be told, and a comment on what is no Python is worse than none.
"""

_ESCAPED = re.compile(r"(?P<indent>\s*)[%!?,;/]")
"""A line that IPython has its own ways with; no line of Python begins with any of these."""

_HELP = re.compile(r"(?P<indent>\s*)[^\s#'\"][^#'\"]*(?<=[\w*\])])\?{1,2}\s*$")
"""A line that asks what something is: ``name?``, ``x = name?``."""

_ASSIGNED = re.compile(
    r"""(?P<target>\s*+(?:\([\w., \t*]*\)|[\w., \t\[\]'":*-]*[\w\]'"])\s*=\s*)(?:%\s*\w|!)"""
)
"""An assignment of what a magic or a command comes to; a default or a keyword is none."""


def python_of(lines: Sequence[str]) -> list[str]:
    """Return the lines of a cell with those that are no Python replaced."""
    found = list(lines)
    at = _start_of_python(lines)
    found[:at] = [_end(line) for line in lines[:at]]
    while at < len(found):
        below = at + 1
        plain = _without_magic(found[at])
        if plain is not None:
            while below < len(found) and _goes_on(found[below - 1]):
                below += 1
            found[at] = plain
            found[at + 1 : below] = [_end(line) for line in found[at + 1 : below]]
        elif not is_whole(found[at]):
            # What begins with a sign inside a string or brackets is Python.
            below, _ = read_logical_line(found, at, len(found), -1)
        at = max(below, at + 1)
    return found


def _start_of_python(lines: Sequence[str]) -> int:
    """Return the line below the cell magics; the end of the cell when one of them takes the rest.

    A body that is run as a cell may begin with a cell magic itself.
    """
    start = 0
    while True:
        first = next((at for at in range(start, len(lines)) if lines[at].strip()), None)
        magic = _CELL_MAGIC.match(lines[first]) if first is not None else None
        if first is None or magic is None:
            return start
        if magic["name"] not in _OF_PYTHON:
            return len(lines)
        start = first + 1


def _without_magic(line: str) -> str | None:
    """Return what stands for a line that is no Python; None when it may be."""
    magic = _ESCAPED.match(line) or _HELP.match(line)
    if magic is not None:
        return f"{magic['indent']}pass{_end(line)}"
    assigned = _ASSIGNED.match(line)
    if assigned is not None:
        return f"{assigned['target']}None{_end(line)}"
    return None


def _goes_on(line: str) -> bool:
    """Say whether IPython takes the next line for a part of this one."""
    return line[: content_length(line)].endswith("\\")


def _end(line: str) -> str:
    return line[content_length(line) :]


class Cells:
    """The code cells of a notebook in their order, given by their paths and lines."""

    def __init__(self, cells: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Put the cells below each other."""
        self._paths: list[str] = []
        self._lines: list[list[str]] = []
        self._starts: list[int] = []
        self._foreign: set[int] = set()
        pieces: list[str] = []
        for path, given in cells:
            self._paths.append(path)
            self._lines.append(list(given))
            self._starts.append(len(pieces))
            for offset, (old, new) in enumerate(zip(given, python_of(given), strict=True)):
                if old != new:
                    self._foreign.add(len(pieces) + offset)
                pieces.append(new[: content_length(new)] + "\n")
            pieces.append("\n")
        self.text = "".join(pieces)

    def start(self, path: str) -> int:
        """Return the line of the module at which a cell begins."""
        return self._starts[self._paths.index(path)]

    def in_module(self, path: str, span: Span) -> Span:
        """Return a span of a cell as one of the module."""
        return span.shifted(self.start(path))

    def place(self, span: Span) -> tuple[str, Span] | None:
        """Return the cell of a span of the module, and where it stands there."""
        if not self._starts:
            return None
        index = max(0, bisect_right(self._starts, span.line) - 1)
        lines = self._lines[index]
        local = span.shifted(-self._starts[index])
        last = len(lines) - 1
        start = self._clamped(local.line, local.column, lines, last)
        end = self._clamped(local.end_line, local.end_column, lines, last)
        return self._paths[index], Span(*start, *end)

    @staticmethod
    def _clamped(line: int, column: int, lines: Sequence[str], last: int) -> tuple[int, int]:
        if line > last:
            return last, content_length(lines[last])
        return line, column

    def finding(self, finding: Finding) -> Finding | None:
        """Return a finding of the module as one of its cell."""
        found = self.place(finding.span)
        if found is None:
            return None
        notes = tuple([self._note(note, finding.path) for note in finding.notes])
        return msgspec.structs.replace(finding, path=found[0], span=found[1], notes=notes)

    def _note(self, note: Note, module: str) -> Note:
        found = self.place(note.span) if note.path == module else None
        return note if found is None else Note(*found, note.message)

    def fix(self, fix: Fix, module: str) -> Fix | Refusal:
        """Return a change of the module as one of its cells, or why it cannot be made there."""
        edits: list[Edit] = []
        for edit in fix.edits:
            if edit.path != module:
                edits.append(edit)
                continue
            found = self._edit(edit)
            if isinstance(found, Refusal):
                return found
            edits.append(found)
        return Fix(fix.title, fix.safety, tuple(edits))

    def _edit(self, edit: Edit) -> Edit | Refusal:
        span = edit.span
        index = max(0, bisect_right(self._starts, span.line) - 1)
        start, lines = self._starts[index], self._lines[index]
        if span.end_line > start + len(lines):
            return Refusal("it would change several cells at once")
        touched = range(span.line, span.end_line + (span.end_column > 0))
        if not self._foreign.isdisjoint(touched):
            return Refusal("it would change a line that is not Python")
        found = self.place(span)
        if found is None:
            return Refusal("the notebook has no cells")
        text = edit.text
        behind, ends_behind = span.line == start + len(lines), span.end_line == start + len(lines)
        if behind and text:
            # Its line comes last in the cell, which may have no line end of its own.
            text = "\n" + text
        if ends_behind and text.endswith("\n"):
            text = text.removesuffix("\n")
        return Edit(found[0], found[1], text)
