"""Asks the same question of many texts, most of which were asked about before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


_MOST = 16_384
"""How many texts are remembered; who types makes ever new ones."""


class Sieve:
    """Finds the texts of which something holds, which are few.

    It remembers of which it does not, so that a whole list of those costs one look.
    """

    def __init__(self, holds: Callable[[str], object]) -> None:
        """Take the question, whose answer must depend on the text alone."""
        self._holds = holds
        self._found: set[str] = set()
        self._others: set[str] = set()

    def found(self, texts: Collection[str]) -> Collection[str]:
        """Return those of some texts of which the answer is true."""
        if self._others.issuperset(texts):
            return ()
        return [text for text in texts if text not in self._others and self._is_found(text)]

    def _is_found(self, text: str) -> bool:
        if text in self._found:
            return True
        holds = bool(self._holds(text))
        known = self._found if holds else self._others
        if len(known) >= _MOST:
            known.clear()
        known.add(text)
        return holds
