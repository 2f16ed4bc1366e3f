"""Keeps derived values up to date while their inputs change, doing no more work than needed.

A *query* is a pure function of a database and a key. Each pair of a query and a key is one *cell*:
it remembers its value and the cells that were read to compute it. When an input changes, the cells
that read it are computed again in order of *height* (one more than the highest cell they read), and
a cell whose new value equals the old one stops the change there ("early cut-off"). Nothing else is
visited: an edit costs what it changes, however large the file.

The scheme is that of Jane Street's Incremental (heights, cut-off) with the implicit dependency
tracking of salsa.
"""

from __future__ import annotations

import functools
import heapq
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Key = ParamSpec("Key")
T = TypeVar("T")


class CycleError(RuntimeError):
    """A query asked for its own value; queries that recurse must be one cell instead."""


class _TooEarly(BaseException):
    """A cell is being computed before something that it turned out to read."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self.height = height


class Cell:
    """One derived or given value, and its place in the graph of dependencies."""

    __slots__ = (
        "dependencies",
        "dependents",
        "dirty",
        "height",
        "key",
        "query",
        "running",
        "value",
    )

    def __init__(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> None:
        """Make a cell that has no value yet."""
        self.query = query
        self.key = key
        self.value: Any = None
        self.dependencies: dict[Cell, None] = {}
        self.dependents: dict[Cell, None] = {}
        self.height = 0
        self.dirty = False
        self.running = False


class Database:
    """The cells of one workspace. Not for use by several threads at once."""

    def __init__(self) -> None:
        self._cells: dict[tuple[Any, tuple[Hashable, ...]], Cell] = {}
        self._stack: list[Cell] = []
        self._queue: list[tuple[int, int, Cell]] = []
        self._ticket = 0
        self._level = 0
        self._orphans: dict[Cell, None] = {}
        self._providers: dict[Input[Any], Callable[..., Any]] = {}
        self.computed = 0
        """How many cells were computed so far; tests use it to show that work was spared."""

    def read(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> Any:
        """Return the value of a query, computing it when needed, and note who asked.

        Raises:
            KeyError: an input that was never given is read.
            CycleError: the query depends on its own value.
        """
        cell = self._cells.get((query, key))
        if cell is None:
            cell = self._cells[query, key] = Cell(query, key)
            if isinstance(query, Input):
                cell.value = self._provided(query, key)
            else:
                self._answer(cell)
        else:
            if cell.running:
                if getattr(query, "unknown_on_cycle", False):
                    return None
                raise CycleError(f"{query.__name__}{key} depends on itself")
            if self._queue:
                self._freshen(cell)
            if cell.dirty:
                self._answer(cell)
        if self._stack:
            reader = self._stack[-1]
            if cell not in reader.dependencies:
                reader.dependencies[cell] = None
                cell.dependents[reader] = None
                if reader.height <= cell.height:
                    reader.height = cell.height + 1
        return cell.value

    def _answer(self, cell: Cell) -> None:
        """Compute a cell for whoever asked; from outside, when nothing waits any more."""
        while not self._stack:
            self._settle()
            try:
                self._run(cell)
            except _TooEarly:
                # An input that was fetched on the way changed what this one reads.
                continue
            else:
                return
        self._run(cell)

    def set(self, query: Input[Any], key: tuple[Hashable, ...], value: Any) -> None:
        """Give an input its value; equal values change nothing."""
        cell = self._cells.get((query, key))
        if cell is None:
            cell = self._cells[query, key] = Cell(query, key)
            cell.value = value
        elif cell.value is not value and cell.value != value:
            cell.value = value
            self._invalidate(cell)

    def provide(self, query: Input[Any], provider: Callable[..., Any]) -> None:
        """Have values of an input that were not given fetched from ``provider(*key)``."""
        self._providers[query] = provider

    def _provided(self, query: Input[Any], key: tuple[Hashable, ...]) -> Any:
        provider = self._providers.get(query)
        if provider is None:
            del self._cells[query, key]
            raise KeyError(f"{query.__name__}{key} is not given")
        return provider(*key)

    def given(self, query: Input[Any], key: tuple[Hashable, ...]) -> bool:
        """Say whether an input has a value."""
        return (query, key) in self._cells

    def keys_of(self, query: Input[Any]) -> list[tuple[Hashable, ...]]:
        """Return the keys for which an input has a value."""
        return [key for known, key in self._cells if known is query]

    def release(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> None:
        """Let go of a cell that was read or given from outside; ``sweep`` forgets it."""
        cell = self._cells.get((query, key))
        if cell is not None:
            self._orphans[cell] = None

    def sweep(self) -> None:
        """Forget released cells that nothing reads, and what only they read."""
        while self._orphans:
            cell, _ = self._orphans.popitem()
            if cell.dependents or self._cells.get((cell.query, cell.key)) is not cell:
                continue
            del self._cells[cell.query, cell.key]
            for dependency in cell.dependencies:
                self._detach(dependency, cell)
            cell.dependencies = {}

    def _detach(self, dependency: Cell, reader: Cell) -> None:
        dependency.dependents.pop(reader, None)
        if not dependency.dependents and not isinstance(dependency.query, Input):
            self._orphans[dependency] = None

    def _invalidate(self, cell: Cell) -> None:
        for dependent in cell.dependents:
            if not dependent.dirty:
                self._enqueue(dependent)

    def _freshen(self, cell: Cell) -> None:
        """Make sure that nothing which waits to be computed can still change a cell."""
        if not self._stack:
            self._settle()
        elif cell.height >= self._level:
            # While lower cells are computed in order, a reader may turn to a higher one that is
            # still waiting, or waits for others. The reader's turn comes after it, then.
            queue = self._queue
            while queue and not queue[0][2].dirty:
                heapq.heappop(queue)
            if queue and queue[0][0] <= cell.height:
                raise _TooEarly(cell.height + 1)

    def _settle(self) -> None:
        """Compute the dirty cells that something reads, from the lowest to the highest."""
        queue = self._queue
        while queue:
            _, _, cell = heapq.heappop(queue)
            if not cell.dirty or not cell.dependents:
                continue
            self._level = cell.height
            try:
                self._run(cell)
            except _TooEarly as early:
                cell.height = max(cell.height, early.height)
                self._lift(cell)
                self._enqueue(cell)
            except Exception:  # noqa: BLE001 -- see below
                # What it is about may be gone, such as a nested function that was deleted. Whoever
                # still needs it computes it again, and meets the error then.
                self._invalidate(cell)
        self._level = 0

    def _enqueue(self, cell: Cell) -> None:
        cell.dirty = True
        self._ticket += 1
        heapq.heappush(self._queue, (cell.height, self._ticket, cell))

    def _run(self, cell: Cell) -> None:
        before, height = cell.dependencies, cell.height
        cell.dependencies = {}
        cell.height = 0
        cell.running, cell.dirty = True, False
        self._stack.append(cell)
        self.computed += 1
        try:
            value = cell.query(self, *cell.key)
        except BaseException:
            cell.dirty = True
            # It stays where it was, or it would be forgotten, or be computed too early.
            cell.height = max(cell.height, height)
            cell.dependencies = {**before, **cell.dependencies}
            raise
        finally:
            self._stack.pop()
            cell.running = False
            for dependency in before:
                if dependency not in cell.dependencies:
                    self._detach(dependency, cell)
        self._lift(cell)
        if cell.value is not value and cell.value != value:
            cell.value = value
            self._invalidate(cell)

    def _lift(self, cell: Cell) -> None:
        """Keep every reader higher than what it reads."""
        todo = [cell]
        while todo:
            lower = todo.pop()
            for dependent in lower.dependents:
                if dependent.height <= lower.height and not dependent.running:
                    dependent.height = lower.height + 1
                    todo.append(dependent)


class Input(Generic[T]):
    """A value given from outside, one for each key."""

    def __init__(self, name: str) -> None:
        """Name the input, for messages."""
        self.__name__ = name

    def __call__(self, db: Database, *key: Hashable) -> T:
        """Return the value; it must have been set."""
        value: T = db.read(self, key)
        return value

    def give(self, db: Database, *key: Hashable, value: T) -> None:
        """Give the input a value."""
        db.set(self, key, value)


def query(
    compute: Callable[Concatenate[Database, Key], T],
) -> Callable[Concatenate[Database, Key], T]:
    """Make a pure function of a database and a key a query, whose values are remembered."""

    @functools.wraps(compute)
    def ask(db: Database, *key: Key.args, **_: Key.kwargs) -> T:
        value: T = db.read(compute, key)
        return value

    return cast("Callable[Concatenate[Database, Key], T]", ask)


def query_or_unknown(
    compute: Callable[Concatenate[Database, Key], T],
) -> Callable[Concatenate[Database, Key], T | None]:
    """Make a query that gives None to a question that leads back to itself."""
    compute.unknown_on_cycle = True  # type: ignore[attr-defined]
    return query(compute)
