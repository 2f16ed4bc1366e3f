"""The cells in which derived values are kept; ``incremental`` has them computed."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable
    from types import TracebackType

NEVER = -2
"""What ``checked`` is of a cell that has had no value yet; -1 when it had one and was not checked."""

_FEW = 6
"""Up to how many readers of a cell are kept in a tuple, which takes far less memory than more does."""


class Given:
    """What is a query by its form, but has its values given from outside."""


class CycleError(RuntimeError):
    """A query asked for its own value; queries that recurse must be one cell instead."""


class Failure:
    """What a query raised, in the place of a value."""

    __slots__ = ("_error", "_trace")

    def __init__(self, error: Exception) -> None:
        """Keep an error and where it came from, but not what was at hand there."""
        trace = error.__traceback__
        traceback.clear_frames(trace)
        self._error = error
        # The first frame is that of the database.
        self._trace: TracebackType | None = trace.tb_next if trace is not None else None

    @property
    def passing(self) -> bool:
        """Whether the error is due to who asked, and not to what was asked."""
        return isinstance(self._error, RecursionError | MemoryError)

    def error(self) -> Exception:
        """Return the error, to be raised as if it had happened now."""
        return self._error.with_traceback(self._trace)


class Cell:
    """One derived or given value, and its place in the graph of dependencies.

    ``ready`` says that the value may be used as it is, but for cells that wait to be computed and
    that it depends on; ``checked`` is the last state of the inputs for which that was ruled out.
    ``reads`` is what was read so far while the cell is being computed, and None at other times.

    There are tens of thousands of cells, most of which few others read.
    """

    __slots__ = (
        "checked",
        "dependencies",
        "dependents",
        "dirty",
        "failure",
        "height",
        "key",
        "query",
        "reads",
        "ready",
        "value",
    )

    def __init__(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> None:
        """Make a cell that has no value yet."""
        self.query = query
        self.key = key
        self.value: Any = None
        self.failure: Failure | None = None
        self.dependencies: tuple[Cell, ...] = ()
        self.dependents: tuple[Cell, ...] | dict[Cell, None] = ()
        self.reads: dict[Cell, None] | None = None
        self.height = 0
        self.checked = NEVER
        self.ready = False
        self.dirty = True

    @property
    def is_given(self) -> bool:
        """Whether this is an input."""
        return isinstance(self.query, Given)

    def add_dependent(self, reader: Cell) -> None:
        """Note that another cell reads this one from now on."""
        known = self.dependents
        if isinstance(known, dict):
            known[reader] = None
        elif len(known) < _FEW:
            self.dependents = (*known, reader)
        else:
            self.dependents = dict.fromkeys((*known, reader))

    def drop_dependent(self, reader: Cell) -> None:
        """Note that another cell does not read this one any more."""
        known = self.dependents
        if isinstance(known, dict):
            known.pop(reader, None)
        else:
            self.dependents = tuple([one for one in known if one is not reader])

    def keep_dependents(self, kept: Container[Cell]) -> None:
        """Note that no other cells than some of those that read this one will do so any more."""
        left = [one for one in self.dependents if one in kept]
        self.dependents = tuple(left) if len(left) <= _FEW else dict.fromkeys(left)
