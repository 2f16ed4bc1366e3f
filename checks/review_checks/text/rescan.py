"""Finds which units an edit changed by reading no more lines than it must.

Reading starts at the unit before the edit and stops at the first known boundary below it that
is reached in the same state. That is all there is to it while the text is well formed.

An open bracket or triple quote would swallow the units below. So the first known boundary that
gets swallowed is remembered, and as soon as anything proves that the file does not parse, the
text is cut there: the unit that was cut is marked as not intact, and those below stay. Without
such a proof what is read is right, however much it changes.

Each unit that is intact is what the scanner reads from its start, in its state; only units that
are not may be wrong. So they are read again with every edit until a proof is found. Without a
proof, then, every unit is right again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from review_checks.text.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.text.lines import Change
    from review_checks.text.scanner import Frames, Unit


class Known(NamedTuple):
    """The units before the edit, the line and state at the start of each, and which are torn."""

    units: list[Unit]
    starts: list[int]
    frames: list[Frames]
    torn: list[int]


def rescan(
    known: Known, lines: Sequence[str], change: Change
) -> tuple[int, int, list[Unit], list[Frames]]:
    """Read the units that ``change`` touched.

    Args:
        known: the units before the change.
        lines: the lines after it.
        change: the change.

    Returns:
        The index of the first unit replaced, how many are, and the units and states to replace
        them with.
    """
    scan = _Rescan(known, lines, change)
    target = scan.next_target()
    first = scan.done = target if target is not None else 0
    while target is not None:
        scan.keep_until(target)
        scan.read_from(target)
        target = scan.next_target()
    return _trimmed(known, change, first, scan)


class _Mark(NamedTuple):
    """Where the unit started that swallowed a known boundary, after how many other new units."""

    kept: int
    at: int
    frames: Frames
    boundary: int


class _Rescan:
    """The state of one rescan.

    Attributes:
        units: the new units from the first one read on.
        frames: the state at the start of each.
        done: the index of the known unit that follows them.
    """

    def __init__(self, known: Known, lines: Sequence[str], change: Change) -> None:
        self.units: list[Unit] = []
        self.frames: list[Frames] = []
        self.done = 0
        self._known = known
        self._lines = lines
        self._change = change
        self._edit_end = change.first + change.removed
        self._proven = False
        touched = max(0, bisect_right(known.starts, change.first) - 1)
        # A line at the start of a unit may now belong to the unit before.
        if touched and known.starts[touched] == change.first:
            touched -= 1
        self._touched = touched

    def next_target(self) -> int | None:
        """Return the index of the next known unit to read, if any is left."""
        touched = self._touched if self.done <= self._touched else None
        if self._proven or not self._known.torn:
            return touched
        torn = bisect_left(self._known.torn, self.done)
        if torn == len(self._known.torn):
            return touched
        return self._known.torn[torn] if touched is None else min(touched, self._known.torn[torn])

    def keep_until(self, target: int) -> None:
        """Take over the known units up to ``target``."""
        self.units += self._known.units[self.done : target]
        self.frames += self._known.frames[self.done : target]
        self.done = target

    def read_from(self, target: int) -> None:
        """Read from a known unit up to a known boundary, below the edit if that is reached."""
        scanner = Scanner(self._lines, self._moved(target), self._known.frames[target])
        mark: _Mark | None = None
        may_cut = True
        if target == 0:
            self.frames.append(scanner.frames)
            self.units.append(scanner.preamble())
            if self._arrived(scanner):
                return
        while scanner.at < len(self._lines):
            kept, at, frames = len(self.units), scanner.at, scanner.frames
            self.frames.append(frames)
            self.units.append(scanner.unit())
            if may_cut:
                boundary = None if mark else self._swallowed(scanner, at)
                if boundary is not None:
                    mark = _Mark(kept, at, frames, boundary)
                if mark and (self._proven or scanner.flawed):
                    if self._cut(mark):
                        return
                    may_cut = False
            if self._arrived(scanner):
                break
        else:
            self.done = len(self._known.units)
        self._proven |= scanner.flawed

    def _moved(self, index: int) -> int:
        """Return the line at which a known unit starts now."""
        start = self._known.starts[index]
        # The preamble stays at the top even when lines are put above it.
        return start + self._change.delta if index and start >= self._edit_end else start

    def _arrived(self, scanner: Scanner) -> bool:
        """Say whether the scanner is at a known boundary in the same state, and note which."""
        line, change = scanner.at, self._change
        if line >= len(self._lines):
            return False
        if line >= change.first + change.added:
            line -= change.delta
        elif line >= change.first:
            return False
        index = bisect_right(self._known.starts, line) - 1
        if not index or self._known.starts[index] != line:
            return False
        if self._known.frames[index] != scanner.frames:
            return False
        self.done = index
        return True

    def _swallowed(self, scanner: Scanner, start: int) -> int | None:
        """Return the first known boundary inside a logical line of the unit read last."""
        if self._boundary_between(start, scanner.at) is None:
            return None
        for first, end in scanner.spans:
            boundary = self._boundary_between(first, end)
            if boundary is not None:
                return boundary
        return None

    def _boundary_between(self, first: int, end: int) -> int | None:
        """Return the first known unit that starts after line ``first`` and before ``end``."""
        starts, change = self._known.starts, self._change
        index = bisect_right(starts, first)
        if index < len(starts) and starts[index] < min(end, change.first):
            return index
        index = bisect_left(starts, max(self._edit_end, first + 1 - change.delta), lo=1)
        return index if index < len(starts) and starts[index] + change.delta < end else None

    def _cut(self, mark: _Mark) -> bool:
        """Read again from ``mark``, up to the boundary that was swallowed, and go on there.

        Nothing is done when the units below would have other classes around them.
        """
        end = self._moved(mark.boundary)
        scanner = Scanner(self._lines, mark.at, mark.frames, end)
        units: list[Unit] = []
        frames: list[Frames] = []
        while scanner.at < end:
            frames.append(scanner.frames)
            units.append(scanner.unit())
        if scanner.frames != self._known.frames[mark.boundary]:
            return False
        units[-1] = msgspec.structs.replace(units[-1], intact=False)
        self.units[mark.kept :] = units
        self.frames[mark.kept :] = frames
        self.done = mark.boundary
        self._proven = True
        return True


def _trimmed(
    known: Known, change: Change, first: int, scan: _Rescan
) -> tuple[int, int, list[Unit], list[Frames]]:
    """Leave out the units at both ends that the change left as they were."""
    starts, units, frames = known.starts, scan.units, scan.frames
    edit_end = change.first + change.removed
    old, new, same = scan.done, len(units), 0

    def equal(index: int, other: int) -> bool:
        return known.units[index] == units[other] and known.frames[index] == frames[other]

    while first + same < old and same < new and equal(first + same, same):
        start = starts[first + same]
        above = start + units[same].size <= change.first
        if not above and (change.delta or start < edit_end):
            break
        same += 1
    while first + same < old and same < new and equal(old - 1, new - 1):
        if starts[old - 1] < edit_end:
            break
        old, new = old - 1, new - 1
    return first + same, old - first - same, units[same:new], frames[same:new]
