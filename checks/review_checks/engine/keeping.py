"""Facts that are kept: those of texts seen lately, and, on a shelf, those of earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from review_checks.facts.lower import lower_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from review_checks.facts.schema import UnitFacts

_MEMO_SIZE = 8192
UNREADABLE = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)
"""What parsing and lowering a text may raise."""


class Shelf(Protocol):
    """Facts that are kept from one run to the next, for the texts of whole files."""

    def names(self, text: str) -> Sequence[str] | None:
        """Return the names that a text uses, or None when its facts are not kept."""

    def get(self, text: str) -> Sequence[bytes] | None:
        """Return the encoded facts of each unit of a text, or None when they are not kept."""

    def put(self, text: str, facts: Sequence[bytes], names: Sequence[str]) -> None:
        """Keep the encoded facts of each unit of a text, and the names that it uses."""


class NoShelf:
    """Keeps nothing."""

    def names(self, text: str) -> None:
        """Find nothing."""

    def get(self, text: str) -> None:
        """Find nothing."""

    def put(self, text: str, facts: Sequence[bytes], names: Sequence[str]) -> None:
        """Keep nothing."""


class FactsMemo:
    """The facts of unit texts seen lately: undoing an edit costs no parse."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], UnitFacts] = {}
        self._failed: tuple[tuple[str, int], Exception] | None = None
        self.glance: Callable[[], object] | None = None
        """Is called before a text is lowered."""

    def lower(self, text: str, before: int, *, keep: bool = True) -> UnitFacts:
        """Return the facts of a text, and remember them unless ``keep`` is false.

        See ``facts.lower.lower_unit`` for what it may raise.
        """
        key = (text, before)
        found = self._known.get(key)
        if found is None:
            if self._failed is not None and self._failed[0] == key:
                raise self._failed[1]
            if self.glance is not None:
                self.glance()
            try:
                found = lower_unit(text, before)
            except UNREADABLE as error:
                self._failed = key, error.with_traceback(None)
                raise
            if not keep:
                return found
            if len(self._known) >= _MEMO_SIZE:
                # The oldest half goes; a dictionary keeps the order of insertion.
                for old in list(self._known)[: _MEMO_SIZE // 2]:
                    del self._known[old]
            self._known[key] = found
        return found
