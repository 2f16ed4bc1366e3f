"""Reads the units of a file from left to right.

A unit is one member: a function, a class header, or a run of statements at module or class
level. The scanner is a deterministic automaton whose whole state at the start of a unit is its
line and the classes around it, so that reading may start at any unit and may stop as soon as it
arrives at a known unit in a known state.
"""

from __future__ import annotations

import enum
import sys
import zlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from review_checks.text.logical import (
    Flaw,
    column_of,
    head,
    is_whole,
    name_after,
    read_logical_line,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

SHORTEST_RUN = 60
LONGEST_RUN = 120
_ONE_CUT_IN = 16
_MEMBERS = frozenset({"def", "class", "decorator"})


class UnitKind(enum.IntEnum):
    """What a unit is."""

    PREAMBLE = 0
    """The blank and comment lines before the first statement; the first unit, maybe empty."""
    RUN = 1
    """Statements of the module or of a class body."""
    CLASS = 2
    """The head of a class, with its decorators, and its statements up to its first member."""
    FUNCTION = 3
    """A function or method with its decorators and everything nested in it."""


class Unit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Some consecutive lines that parse by themselves; it does not say where they are.

    Attributes:
        kind: what it is.
        scope: the names of the classes around it, outermost first, without its own.
        name: the name of the function or class; empty otherwise, and when the code has none yet.
        indent: how many whitespace characters precede its first line's code.
        size: how many lines it has.
        content: how many leading lines are code, with the comments inside its body. The rest are
            blank lines and the comments that precede the next member.
        intact: false when the scanner gave up an open bracket or string in it.
    """

    kind: UnitKind
    scope: tuple[str, ...]
    name: str
    indent: int
    size: int
    content: int
    intact: bool = True


class Frames(NamedTuple):
    """The classes around a line: their names, and the columns of their ``class`` keywords."""

    scope: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()

    def enter(self, name: str, column: int) -> Frames:
        """Return the frames inside a class."""
        return Frames((*self.scope, name), (*self.columns, column))

    def around(self, line: str) -> Frames:
        """Return those frames that the code of ``line`` is indented into."""
        depth = len(self.columns)
        if not depth:
            return self
        column = column_of(head(line)[1])
        while depth and column <= self.columns[depth - 1]:
            depth -= 1
        return Frames(self.scope[:depth], self.columns[:depth])


class Scanner:
    """Reads one unit after the other.

    Attributes:
        at: the line at which the next unit starts.
        frames: the classes around that line.
        flawed: whether anything read so far proves that the file does not parse.
        spans: first line and end of each logical line of several lines in the last unit.
    """

    __slots__ = ("_content", "_end", "_lines", "_start", "_torn", "at", "flawed", "frames", "spans")

    def __init__(
        self,
        lines: Sequence[str],
        at: int = 0,
        frames: Frames | None = None,
        end: int | None = None,
    ) -> None:
        """Start at line ``at`` inside ``frames``, and read up to line ``end``."""
        self._lines = lines
        self._end = len(lines) if end is None else end
        self._start = at
        self._content = at
        self._torn = False
        self.at = at
        self.frames = frames or Frames()
        self.flawed = False
        self.spans: list[tuple[int, int]] = []

    def preamble(self) -> Unit:
        """Read the unit that every file begins with."""
        self._begin()
        self._skip_trivia()
        return self._finish(UnitKind.PREAMBLE, "", 0)

    def unit(self) -> Unit:
        """Read the unit that starts at line ``at``, which has code and lies before the end."""
        self._begin()
        indentation = head(self._lines[self.at])[1]
        column = column_of(indentation)
        match = self._skip_decorators(column)
        kind, name, inner = UnitKind.RUN, "", None
        if match is not None and match.lastgroup == "def":
            kind, name = UnitKind.FUNCTION, name_after(match)
            self._read_line(column)
            self._read_block(column)
        elif match is not None and match.lastgroup == "class":
            kind, name = UnitKind.CLASS, name_after(match)
            inner = self.frames.enter(name, column)
            self._read_class_head(column)
        else:
            self._read_run(column)
        return self._finish(kind, name, len(indentation), inner)

    def _begin(self) -> None:
        self._start = self._content = self.at
        self._torn = False
        self.spans.clear()

    def _finish(self, kind: UnitKind, name: str, indent: int, inner: Frames | None = None) -> Unit:
        size, content = self.at - self._start, self._content - self._start
        unit = Unit(kind, self.frames.scope, name, indent, size, content, not self._torn)
        frames = inner or self.frames
        self.frames = frames.around(self._lines[self.at]) if self.at < len(self._lines) else frames
        return unit

    def _skip_decorators(self, column: int) -> re.Match[str] | None:
        """Read decorators and return the match of the line they lead to, if it belongs to them."""
        while True:
            match = head(self._lines[self.at])
            if column_of(match[1]) != column:
                return None
            if match.lastgroup != "decorator":
                return match
            self._read_line(column)
            self._skip_trivia()
            if self.at >= self._end:
                return None

    def _read_class_head(self, column: int) -> None:
        # The column of the members is not known yet, so a definition at any column interrupts.
        self._read_line(sys.maxsize)
        self._skip_trivia()
        if self.at >= self._end:
            return
        match = head(self._lines[self.at])
        if match.lastgroup in _MEMBERS:
            return
        body = column_of(match[1])
        if body > column:
            self._read_run(body)

    def _read_run(self, column: int) -> None:
        """Read statements at ``column`` up to a member, a dedent, or a good place to stop."""
        while self.at < self._end:
            line = self._lines[self.at]
            match = head(line)
            if self.at > self._start:
                if match.lastgroup in _MEMBERS or column_of(match[1]) < column:
                    return
                if match.lastgroup != "clause" and self._is_long_enough(line):
                    return
            self._read_line(column)
            self._read_block(column)

    def _is_long_enough(self, line: str) -> bool:
        """Say whether a long run ends before ``line``.

        The line's own text decides, within limits, so that the cuts further down stay where they
        are when a line is inserted above.
        """
        size = self._content - self._start
        if size < SHORTEST_RUN:
            return False
        digest = zlib.crc32(line.encode("utf-8", "surrogatepass"))
        return size >= LONGEST_RUN or digest % _ONE_CUT_IN == 0

    def _read_block(self, column: int) -> None:
        """Read the lines that are indented deeper than ``column``, and the gap that follows."""
        lines, end = self._lines, self._end
        deeper = " " * (column + 1)
        at = self.at
        while at < end:
            line = lines[at]
            if line.startswith(deeper) and is_whole(line):
                at += 1
                if not line.isspace():
                    self._content = at
                continue
            match = head(line)
            if match.lastgroup == "trivia":
                at += 1
                if "#" in line and column_of(match[1]) > column:
                    self._content = at
                continue
            if column_of(match[1]) <= column:
                break
            self.at = at
            self._read_line(column)
            at = self.at
        self.at = at

    def _skip_trivia(self) -> None:
        while self.at < self._end:
            if head(self._lines[self.at]).lastgroup != "trivia":
                break
            self.at += 1

    def _read_line(self, limit: int) -> None:
        start = self.at
        if is_whole(self._lines[start]):
            self.at = start + 1
        else:
            self.at, flaw = read_logical_line(self._lines, start, self._end, limit)
            if self.at > start + 1:
                self.spans.append((start, self.at))
            if flaw:
                self.flawed = True
                self._torn |= flaw is Flaw.TORN
        self._content = self.at
