"""Keeps the answers to questions that lead back to themselves independent of who asked first.

A query may say that a question which leads back to itself has no answer. Then *all* cells of the
cycle have none: would one that is met in the middle keep what it came to while another was still
unknown, its value would depend on where the questions began. Which cells form a cycle is found out
while they are computed, as the strongly connected components of what they read (Tarjan, 1972): a
cell that has read, however indirectly, one that is still being computed waits, and the cycle is
complete when the first of its cells ends.

The cells of a cycle depend on all that any of them read outside of it, and not on each other, so
that no reader is ever below what it reads. When any of that changes, all are computed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from review_checks.summaries.cells import Cell


class Waiting(NamedTuple):
    """A cell that was computed and waits for the end of a cycle.

    Attributes:
        low: the place of the lowest running cell that it leads to.
        value: what it came to while the cells of the cycle had no answer.
    """

    low: int
    value: Any


class Cycles:
    """The cells that are being computed, those that wait for others, and the cycles that were found.

    ``waiting`` is in the order in which the cells ended; those of a cycle are its last ones.
    """

    def __init__(self) -> None:
        self.running: list[Cell] = []
        self.waiting: dict[Cell, Waiting] = {}
        self.found: dict[Cell, tuple[Cell, ...]] = {}
        self._lows: list[int] = []

    def begin(self, cell: Cell) -> None:
        """Note that a cell is being computed."""
        self._lows.append(len(self.running))
        self.running.append(cell)

    def end(self) -> int:
        """Note that the last cell that began has ended; return the lowest place it leads to."""
        self.running.pop()
        return self._lows.pop()

    def meet(self, cell: Cell) -> Any:
        """Have the running cell read one that runs, too, or waits; return what it gets."""
        known = self.waiting.get(cell)
        low = known.low if known is not None else self.running.index(cell)
        self._lows[-1] = min(self._lows[-1], low)
        return known.value if known is not None else None

    def wait(self, cell: Cell, low: int, value: Any, mark: int) -> None:
        """Have a cell wait that ended; those that wait since there were so many lead to it."""
        for other, known in list(self.waiting.items())[mark:]:
            self.waiting[other] = known._replace(low=min(low, known.low))
        self.waiting[cell] = Waiting(low, value)

    def since(self, mark: int) -> list[tuple[Cell, Waiting]]:
        """Return the cells that wait since there were so many, which wait no longer."""
        rows = list(self.waiting.items())[mark:]
        for cell, _ in rows:
            del self.waiting[cell]
        return rows

    def others(self, cell: Cell) -> tuple[Cell, ...]:
        """Return the other cells of the cycle of a cell; it is no cycle any more."""
        cells = self.found.pop(cell, ())
        for other in cells:
            self.found.pop(other, None)
        return tuple([other for other in cells if other is not cell])
