"""Remembers what the outcomes of files came from, without keeping how they came about.

All cells of a large project take more memory than an editor's helper should. Of a file that is not
open its *sources* are enough to tell when its outcome may be another one; they are few.

A source has a name and a key. There are three kinds:

- an input of the database, by its name and key: it has another value;
- ``file`` and a path: whatever is known of the file may be different;
- ``text`` and a path: its text was edited while the file was under analysis. What that comes to is
  told by the inputs, but where things stand is told by no input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from review_checks.summaries.cells import Cell

Source = tuple["Hashable", ...]


def of_file(path: str) -> Source:
    """Return the source that a file is as a whole."""
    return ("file", path)


def of_text(path: str) -> Source:
    """Return the source that the text of a file is."""
    return ("text", path)


def of_input(cell: Cell) -> Source:
    """Return the source that an input is."""
    return (cell.query.__name__, *cell.key)


class Traces:
    """The sources of outcomes, and which of the outcomes stand."""

    def __init__(self) -> None:
        """Begin without any."""
        self._sources: dict[str, frozenset[Source]] = {}
        self._changed: set[Source] = set()

    def put(self, path: str, sources: Iterable[Source]) -> None:
        """Take the outcome of a file to stand as long as none of its sources changes."""
        self._settle()
        self._sources[path] = frozenset(sources)

    def change(self, source: Source) -> None:
        """Note that a source is not what it was."""
        # This happens with each key; what follows from it is left for when somebody asks.
        if self._sources:
            self._changed.add(source)

    def clear(self) -> None:
        """Take no outcome to stand."""
        self._sources.clear()
        self._changed.clear()

    def stands(self, path: str) -> bool:
        """Say whether the outcome of a file is what it was when its sources were taken."""
        self._settle()
        return path in self._sources

    def _settle(self) -> None:
        """Drop the outcomes that may be others."""
        changed, self._changed = self._changed, set()
        if changed:
            kept = [row for row in self._sources.items() if row[1].isdisjoint(changed)]
            self._sources = dict(kept)
