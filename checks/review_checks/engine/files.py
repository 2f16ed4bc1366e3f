"""One file under analysis: its text, its units, and the facts of each."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import msgspec

from review_checks.engine.keeping import UNREADABLE, FactsMemo
from review_checks.engine.spacing import keeps_facts
from review_checks.facts.lower import unread_function
from review_checks.facts.schema import FunctionKind, UnitFacts
from review_checks.model import Span
from review_checks.text.lines import Change, Document, merge
from review_checks.text.units import Segmentation, Unit, UnitKind, parse_text, stretched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

NO_FACTS = UnitFacts((), (), ())
MAX_UNIT_CHARACTERS = 256 * 1024
MAX_UNIT_TOKENS = 20_000

_TOKEN = re.compile(r"\w+|[^\w\s]")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(UnitFacts)
_DOES_NOT_PARSE = "it does not parse"

_NAMED = frozenset({UnitKind.FUNCTION, UnitKind.CLASS})
"""Units of which the name is known, and all that others need to know as long as nobody uses it."""


class Unread(msgspec.Struct, frozen=True):
    """Why a unit is not analysed as it stands.

    ``line`` is that of the unit, 0-based; ``syntax`` says that the text is at fault, of which
    other tools tell the user, too.
    """

    line: int
    reason: str
    syntax: bool = False


class UnitState:
    """The facts of one unit, and how their lines map to the text while it does not parse.

    ``remarks`` are the comments below the unit's content that speak to this tool: the line within
    the unit, and the text.
    """

    __slots__ = ("_facts", "_later", "lines", "reason", "remarks", "unit")

    def __init__(self, unit: int) -> None:
        self.unit = unit
        self._facts = NO_FACTS
        self._later: Callable[[], None] | None = None
        self.lines: list[int] | None = None
        self.reason = ""
        self.remarks: tuple[tuple[int, str], ...] = ()

    @property
    def facts(self) -> UnitFacts:
        """The facts of the unit; where that was put off, it is lowered now."""
        if self._later is not None:
            lower, self._later = self._later, None
            lower()
        return self._facts

    @facts.setter
    def facts(self, facts: UnitFacts) -> None:
        self._facts, self._later = facts, None

    @property
    def is_pending(self) -> bool:
        """Whether nobody has needed the facts yet."""
        return self._later is not None

    def put_off(self, lower: Callable[[], None]) -> None:
        """Have the facts made when they are needed."""
        self._later = lower

    def abandon(self) -> None:
        """Make no facts any more: what would make them holds this state, as this one holds it."""
        self._later = None

    def place(self, span: Span, start: int) -> Span:
        """Return a span of the facts as a span of the file, whose unit begins at ``start``."""
        lines = self.lines
        if lines is None or not lines:
            return span.shifted(start)
        last = len(lines) - 1
        first, end = lines[min(span.line, last)], lines[min(span.end_line, last)]
        return Span(start + first, span.column, start + end, span.end_column)

    def follow(self, change: Change, size: int, left: int) -> None:
        """Keep the old facts through an edit, which is relative to the unit of ``size`` lines.

        ``left`` is how many lines the unit has after it; where the edit reaches beyond the unit,
        that is not to be told from the edit.
        """
        lines = self.lines if self.lines is not None else list(range(size + 1))
        below = change.first + change.removed
        last = change.first + max(change.added - 1, 0)
        moved = [
            line
            if line < change.first
            else line + change.delta
            if line >= below
            else min(line, last)
            for line in lines
        ]
        self.lines = [max(min(line, left - 1), 0) for line in moved]


class _Picked:
    """The units of a file for which something holds, known without looking at all of them."""

    def __init__(self, holds: Callable[[UnitState], bool]) -> None:
        self._holds = holds
        self._units: set[int] | None = None

    def among(self, states: Sequence[UnitState]) -> list[int]:
        """Return the places of these units among the states of the file."""
        if self._units is None:
            self._units = {state.unit for state in states if self._holds(state)}
        found = self._units
        return [at for at, state in enumerate(states) if state.unit in found] if found else []

    def follow(self, changed: Sequence[UnitState], gone: Iterable[int]) -> None:
        """Look again at the units that an edit changed."""
        if self._units is not None:
            self._units.difference_update(gone)
            self._units.difference_update(state.unit for state in changed)
            self._units.update(state.unit for state in changed if self._holds(state))


class File:
    """A text in units. ``states`` runs parallel to ``segmentation.units``."""

    def __init__(
        self,
        path: str,
        text: str,
        memo: FactsMemo,
        tickets: list[int],
        *,
        lazy: bool = False,
        kept: Sequence[bytes] | None = None,
    ) -> None:
        """Analyse a text from scratch.

        Args:
            path: the file.
            text: its text.
            memo: the facts of texts seen lately.
            tickets: holds the next free number of a unit.
            lazy: put off lowering functions and classes until their facts are needed. Of a file
                that is not open, but only referred to, most are never.
            kept: the encoded facts of its units, from a shelf.
        """
        self.path = path
        self._memo = memo
        self._tickets = tickets
        self._unread = _Picked(_is_unread)
        self._spoken = _Picked(_speaks)
        self.document = Document(text)
        self.segmentation = Segmentation.of(self.document.lines)
        self.states: list[UnitState] = []
        units = self.segmentation.units
        known = kept if kept is not None and len(kept) == len(units) else [b""] * len(units)
        for index, (unit, encoded) in enumerate(zip(units, known, strict=True)):
            state = self._new_state()
            if encoded:
                self._remark(state, index)
                state.put_off(functools.partial(_decode, state, encoded))
                if unit.kind not in _NAMED:
                    _ = state.facts
            elif lazy and unit.kind in _NAMED:
                self._put_off(state, index)
            else:
                self._lower(state, index, keep=not lazy)
            self.states.append(state)

    def encoded(self) -> list[bytes]:
        """Return the facts of each unit, encoded; empty for those that could not be lowered."""
        return [
            _encoder.encode(state.facts)
            if state.facts is not NO_FACTS and not state.reason and state.lines is None
            else b""
            for state in self.states
        ]

    @property
    def lines(self) -> Sequence[str]:
        """The lines of the text, with their ends."""
        return self.document.lines

    def unread(self) -> list[Unread]:
        """Return the units that could not be analysed as they stand."""
        starts = self.segmentation.starts
        rows = [(starts[at], self.states[at].reason) for at in self._unread.among(self.states)]
        return [Unread(line, why, why.startswith(_DOES_NOT_PARSE)) for line, why in rows]

    def comments(self) -> Iterator[tuple[int, str]]:
        """Yield the comments that speak to this tool, with their lines."""
        for at in self._spoken.among(self.states):
            state, start = self.states[at], self.segmentation.starts[at]
            for comment in state.facts.comments:
                line = state.lines[comment.line] if state.lines is not None else comment.line
                yield start + line, comment.text
            for line, text in state.remarks:
                yield start + line, text

    def edit(self, edits: Iterable[tuple[Span, str]]) -> tuple[list[UnitState], list[int]]:
        """Apply edits in order; return the states that were made or changed and the units gone.

        Each is asked for when those before it are done, so that it may be worked out from
        ``lines`` as they are then.
        """
        change = merge([self.document.edit(span, text) for span, text in edits])
        return self._follow(change)

    def replace(self, text: str) -> tuple[list[UnitState], list[int]]:
        """Replace the whole text; lines that stay the same cost nothing."""
        return self._follow(self.document.replace_all(text))

    def catch_up(self) -> list[UnitState]:
        """Give those units new facts whose lines were only mapped; return their states."""
        found = []
        for index, state in enumerate(self.states):
            if state.lines is not None and not state.reason:
                self._lower(state, index)
                found.append(state)
        return found

    def _follow_inside(self, index: int, change: Change) -> list[UnitState] | None:
        """Follow an edit inside a function without asking where it ends.

        Returns its state if it has new facts, or None when more than the function may have changed.
        """
        unit, start = self.segmentation.units[index], self.segmentation.starts[index]
        state = self.states[index]
        if change.blank and keeps_facts(self.lines, start, state, change):
            local = Change(change.first - start, change.removed, change.added)
            state.follow(local, unit.size, unit.size + change.delta)
            changed = []
        else:
            facts = self._as_function(stretched(unit, change.delta), start)
            if facts is None:
                return None
            state.facts, state.lines, state.reason = facts, None, ""
            changed = [state]
        self.segmentation.stretch(index, change.delta)
        self._remark(state, index)
        return changed

    def _as_function(self, unit: Unit, start: int) -> UnitFacts | None:
        """Return the facts of the lines of a unit if they are one function, of the unit's name.

        What parses as one function is read as one unit, too.
        """
        text, before = parse_text(self.document.lines[start : start + unit.content], unit)
        if len(text) > MAX_UNIT_TOKENS:
            return None
        try:
            facts = self._memo.lower(text, before)
        except UNREADABLE:
            return None
        body = facts.functions[0]
        same = body.kind is FunctionKind.FUNCTION and body.name == unit.name
        return facts if same else None

    def _follow(self, change: Change) -> tuple[list[UnitState], list[int]]:
        around = self.segmentation.around(self.document.lines, change)
        inside = self._follow_inside(around, change) if around is not None else None
        if inside is not None:
            self._unread.follow(inside, ())
            self._spoken.follow(inside, ())
            return inside, []
        starts, units = list(self.segmentation.starts), list(self.segmentation.units)
        splice = self.segmentation.update(self.document.lines, change)
        end = splice.first + splice.removed
        replaced = self.states[splice.first : end]
        known = units[splice.first : end]
        names = [(unit.kind, unit.scope, unit.name) for unit in known]
        sizes = [unit.size for unit in known]
        offsets = list(zip(starts[splice.first : end], sizes, strict=True))
        states: list[UnitState] = []
        changed: list[UnitState] = []
        taken = [False] * len(replaced)
        for offset in range(splice.added):
            index = splice.first + offset
            unit = self.segmentation.units[index]
            match = self._match(unit, names, taken, offset, splice.added)
            if match is None:
                state = self._new_state()
            else:
                taken[match] = True
                state = replaced[match]
                start, size = offsets[match]
                local = Change(max(change.first - start, 0), change.removed, change.added)
                # Facts that were put off are those of the text before.
                _ = state.facts
                state.follow(local, size, unit.size)
            self._lower(state, index)
            states.append(state)
            changed.append(state)
        self.states[splice.first : end] = states
        gone = [state.unit for state, used in zip(replaced, taken, strict=True) if not used]
        self._unread.follow(changed, gone)
        self._spoken.follow(changed, gone)
        return changed, gone

    def _match(
        self,
        unit: Unit,
        names: Sequence[tuple[object, tuple[str, ...], str]],
        taken: list[bool],
        offset: int,
        added: int,
    ) -> int | None:
        """Return which replaced unit this one continues: the same name, else the same position."""
        wanted = (unit.kind, unit.scope, unit.name)
        for index, name in enumerate(names):
            if not taken[index] and name == wanted:
                return index
        if added == len(names) and not taken[offset] and names[offset][0] == unit.kind:
            return offset
        return None

    def _new_state(self) -> UnitState:
        self._tickets[0] += 1
        return UnitState(self._tickets[0])

    def _lower(self, state: UnitState, index: int, *, keep: bool = True) -> None:
        """Give a unit its facts, or keep its last good ones when it does not parse.

        ``keep`` says whether the same text is likely to come again, as it does with edits.
        """
        unit = self.segmentation.units[index]
        start = self.segmentation.starts[index]
        self._remark(state, index)
        if not unit.content:
            state.facts, state.lines, state.reason = NO_FACTS, None, ""
            return
        if not unit.intact and state.facts is not NO_FACTS:
            # Something is left open in it, which the parser would take twice as long to find out.
            state.reason = _DOES_NOT_PARSE
            return
        text, before = parse_text(self.document.lines[start : start + unit.content], unit)
        self._lower_text(state, text, before, unit, keep=keep)

    def _remark(self, state: UnitState, index: int) -> None:
        unit, start = self.segmentation.units[index], self.segmentation.starts[index]
        state.remarks = tuple(
            [
                (line, self.document.lines[start + line].strip())
                for line in range(unit.content, unit.size)
                if "review" in self.document.lines[start + line]
            ]
        )

    def _put_off(self, state: UnitState, index: int) -> None:
        unit, start = self.segmentation.units[index], self.segmentation.starts[index]
        # The lines are those of the document, so that keeping them takes no memory.
        lines = self.document.lines[start : start + unit.content]

        def lower() -> None:
            text, before = parse_text(lines, unit)
            self._lower_text(state, text, before, unit, keep=False)

        state.put_off(lower)

    def _lower_text(
        self, state: UnitState, text: str, before: int, unit: Unit, *, keep: bool
    ) -> None:
        if excess := _excess(text):
            state.facts, state.lines = _unread(unit), None
            state.reason = f"it is too large, with {excess}"
            return
        try:
            state.facts = self._memo.lower(text, before, keep=keep)
        except SyntaxError as error:
            state.reason = f"{_DOES_NOT_PARSE}: {error.msg}"
        except (ValueError, OverflowError, MemoryError) as error:
            state.reason = f"{_DOES_NOT_PARSE}: {error}"
        except RecursionError:
            state.reason = "it is nested too deeply to be analysed"
        else:
            state.lines, state.reason = None, ""
            return
        if state.facts is NO_FACTS:
            state.facts, state.lines = _unread(unit), None


def _is_unread(state: UnitState) -> bool:
    # Whether a unit can be read is known once that was tried.
    _ = state.facts
    return bool(state.reason)


def _speaks(state: UnitState) -> bool:
    return bool(state.remarks) or any(
        "review" in comment.text.lower() for comment in state.facts.comments
    )


def _unread(unit: Unit) -> UnitFacts:
    """Return what is known of a unit that was never read: a function is there, by its name."""
    return unread_function(unit.name) if unit.kind is UnitKind.FUNCTION else NO_FACTS


def _excess(text: str) -> str:
    """Say of what a text has more than a unit may have, or return ''."""
    if len(text) > MAX_UNIT_CHARACTERS:
        return f"more than {MAX_UNIT_CHARACTERS:,} characters"
    if len(text) > MAX_UNIT_TOKENS and any(
        count >= MAX_UNIT_TOKENS for count, _ in enumerate(_TOKEN.finditer(text))
    ):
        return f"more than {MAX_UNIT_TOKENS:,} tokens"
    return ""


def _decode(state: UnitState, encoded: bytes) -> None:
    state.facts = _decoder.decode(encoded)
