"""The units of a document, kept up to date while it is edited."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from review_checks.text.logical import code_of, column_of, head, is_whole, read_logical_line
from review_checks.text.rescan import Known, rescan
from review_checks.text.scanner import Frames, Scanner, Unit, UnitKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.text.lines import Change

__all__ = ["Segmentation", "Splice", "Unit", "UnitKind", "parse_text", "stretched"]


_FUNCTION = UnitKind.FUNCTION
_MEMBERS = (UnitKind.FUNCTION, UnitKind.CLASS)


class Splice(NamedTuple):
    """Units ``[first, first + removed)`` became units ``[first, first + added)``."""

    first: int
    removed: int
    added: int


class Segmentation:
    """The units of a document, which follow one another without a gap.

    After an update it equals the segmentation from scratch whenever the document parses. While
    it does not, units whose lines did not change stay as they are where that is possible.

    Attributes:
        units: the units; the first is the preamble.
        starts: the first line of each unit.
    """

    __slots__ = ("_frames", "_torn", "starts", "units")

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.starts: list[int] = []
        self._frames: list[Frames] = []
        self._torn = 0

    @classmethod
    def of(cls, lines: Sequence[str]) -> Segmentation:
        """Read the units of ``lines``, which ``split_lines`` made."""
        self = cls()
        scanner = Scanner(lines)
        end = len(lines)
        self.units.append(scanner.preamble())
        self._frames.append(Frames())
        while scanner.at < end:
            self._frames.append(scanner.frames)
            self.units.append(scanner.unit())
        self.starts = [0, *accumulate(unit.size for unit in self.units)]
        self.starts.pop()
        self._torn = sum(not unit.intact for unit in self.units)
        return self

    @property
    def intact(self) -> bool:
        """Whether no unit was torn; only then is a segmentation from scratch sure to be equal."""
        return not self._torn

    def index_at(self, line: int) -> int:
        """Return the index of the unit that contains ``line``, clamped to the document."""
        return max(0, bisect_right(self.starts, line) - 1)

    def around(self, lines: Sequence[str], change: Change) -> int | None:
        """Return the function inside of which a change took place; None where it is not that simple.

        Its first line is not inside, and its content must still end where the change does, if not
        below it. Everything must have been well formed, and nothing may be left open on the new
        lines, which ``lines`` have, unless it was so before.
        """
        index = self.index_at(change.first)
        unit, start = self.units[index], self.starts[index]
        if unit.kind is not UnitKind.FUNCTION or self._torn or change.first <= start:
            return None
        below = start + unit.content - change.first - change.removed
        if change.closed and below >= 0:
            return index
        new = lines[change.first : change.first + change.added]
        if below < 0 or not all(map(is_whole, new)):
            return None
        if below:
            # A blank line is content only below a continuation, which may be gone.
            ends = bool(lines[start + unit.content + change.delta - 1].strip())
        else:
            ends = bool(change.removed and new) and head(new[-1]).lastgroup != "trivia"
        return index if ends else None

    def stretch(self, index: int, lines: int) -> None:
        """Follow a change inside a function that is still one: it became some lines longer.

        It takes nothing else, for where a function ends is told by what lies below it.
        """
        if not lines:
            return
        self.units[index] = stretched(self.units[index], lines)
        below = index + 1
        self.starts[below:] = [at + lines for at in self.starts[below:]]

    def update(self, lines: Sequence[str], change: Change) -> Splice:
        """Follow one change of the document.

        Args:
            lines: the lines after the change.
            change: which lines it replaced; see ``merge`` for several edits at once.

        Returns:
            Which units were replaced. A unit outside that range kept its lines, though they may
            have moved.
        """
        removal = self._remove(lines, change)
        if removal is not None:
            return removal
        torn = [at for at, unit in enumerate(self.units) if not unit.intact] if self._torn else []
        known = Known(self.units, self.starts, self._frames, torn)
        first, removed, units, frames = rescan(known, lines, change)
        end = first + removed
        start = self.starts[first - 1] + self.units[first - 1].size if first else 0
        self._torn += sum(not unit.intact for unit in units)
        self._torn -= sum(not unit.intact for unit in self.units[first:end])
        self.units[first:end] = units
        self._frames[first:end] = frames
        starts = list(accumulate((unit.size for unit in units), initial=start))
        starts.pop()
        if change.delta:
            self.starts[first:] = starts + [at + change.delta for at in self.starts[end:]]
        else:
            self.starts[first:end] = starts
        return Splice(first, removed, len(units))

    def _remove(self, lines: Sequence[str], change: Change) -> Splice | None:
        """Follow the removal of one whole function between two others; None for any other change.

        What follows it, and ended it, ends the function before it as well. Blank lines and comments
        below it now stand below that one.
        """
        index = self.index_at(change.first)
        if self._torn or self.starts[index] != change.first or not 0 < index < len(self.units) - 1:
            return None
        before, unit, after = self.units[index - 1 : index + 2]
        if not unit.kind is before.kind is _FUNCTION or after.kind not in _MEMBERS:
            return None
        new = lines[change.first : change.first + change.added]
        if change.removed != unit.content or not all(map(str.isspace, new)):
            return None
        if self._frames[index] != self._frames[index + 1]:
            return None
        size = before.size + unit.size + change.delta
        self.units[index - 1 : index + 1] = [msgspec.structs.replace(before, size=size)]
        del self._frames[index]
        self.starts[index:] = [at + change.delta for at in self.starts[index + 1 :]]
        return Splice(index - 1, 2, 1)


def stretched(unit: Unit, lines: int) -> Unit:
    """Return a unit whose content is some lines longer, or shorter if negative."""
    if not lines:
        return unit
    return msgspec.structs.replace(unit, size=unit.size + lines, content=unit.content + lines)


def parse_text(lines: Sequence[str], unit: Unit) -> tuple[str, int]:
    """Return a text that Python parses as it parses the unit's content inside its file.

    Args:
        lines: the lines of the unit, or of the document from the unit's first line on.
        unit: the unit.

    Returns:
        The text, and how many lines precede the content in it: one, ``if 1:``, when the unit is
        indented. Columns are unchanged. A class whose body lies in other units gets a ``pass``
        on a line of its own below.
    """
    content = list(lines[: unit.content])
    if not content:
        return "", 0
    indentation = head(content[0])[1]
    # Python reads a byte order mark in bytes only. Form feeds are as invisible, and three of
    # them leave the columns, which it counts in bytes, where they are.
    content[0] = (
        content[0].replace("\ufeff", "\f\f\f", 1) if "\ufeff" in indentation else content[0]
    )
    if unit.kind is UnitKind.CLASS and _lacks_body(content):
        if not content[-1].endswith(("\n", "\r")):
            content.append("\n")
        content.append(f"{indentation.replace(chr(0xFEFF), '')} pass\n")
    if not column_of(indentation):
        return "".join(content), 0
    return "if 1:\n" + "".join(content), 1


def _lacks_body(content: Sequence[str]) -> bool:
    """Say whether a class ends with its colon."""
    at, end, kind = 0, len(content), None
    while at < end and kind != "class":
        kind = head(content[at]).lastgroup
        at = at + 1 if kind == "trivia" else read_logical_line(content, at, end, -1)[0]
    if any(head(line).lastgroup != "trivia" for line in content[at:]):
        return False
    head_code = (code_of(line) for line in reversed(content[:at]))
    return next(filter(None, head_code), "").endswith(":")
