"""Keeps derived values up to date while their inputs change, doing no more work than needed.

A *query* is a pure function of a database and a key. Each pair of a query and a key is one *cell*:
it remembers its value and the cells that were read to compute it. When an input changes, the cells
that read it are computed again in order of *height* (one more than the highest cell they read), and
a cell whose new value equals the old one stops the change there ("early cut-off"). Nothing else is
visited: an edit costs what it changes, however large the file.

A question that leads back to itself is an error, or has no answer where its query says so; see
``cycles``.

A query that raises has an outcome like any other: it is remembered, whoever asks meets the error,
and who catches it is computed again when the error may be gone.

The scheme is that of Jane Street's Incremental (heights, cut-off) with the implicit dependency
tracking of salsa, and its verification of a value by what it read, in the order it was read, where
a query turns to a cell that the order of heights has not come to yet.
"""

from __future__ import annotations

import functools
import heapq
import operator
import sys
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from review_checks.summaries.cells import NEVER, Cell, CycleError, Failure, Given
from review_checks.summaries.cycles import Cycles, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

Key = ParamSpec("Key")
T = TypeVar("T")


_TOP = sys.maxsize
"""No cell is as high as this."""

_HEIGHT = operator.attrgetter("height")

_PAUSE_MASK = 15
"""There is a pause once in so many computations and one, a power of two less one."""


class Database:
    """The cells of one workspace. Not for use by several threads at once.

    ``reads`` are the cells that were read by the one that is being computed, ``waiting`` is the heap
    of those that must be, and cells below ``level`` depend on none of these. These, and ``cells``,
    are for queries' own use, so that a question that has its answer costs as little as possible.
    """

    def __init__(self) -> None:
        self.cells: dict[Any, dict[tuple[Hashable, ...], Cell]] = {}
        self.reads: dict[Cell, None] | None = None
        self.waiting: list[tuple[int, int, Cell]] = []
        self.level = _TOP
        self._cycles = Cycles()
        self._ticket = 0
        self._changes = 0
        self._orphans: dict[Cell, None] = {}
        self._providers: dict[Input[Any], Callable[..., Any]] = {}
        self.changed: Callable[[Cell], None] | None = None
        """Is called with each input that had a value and was given another one."""
        self.pause: Callable[[], None] | None = None
        """Is called between computations, and may raise a ``BaseException`` to stop them for now."""
        self.computed = 0
        """How many cells were computed so far; tests use it to show that work was spared."""

    def read(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> Any:
        """Return the value of a query, computing it when needed, and note who asked.

        Raises:
            KeyError: an input that was never given is read.
            CycleError: the query depends on its own value.
        """
        cell = self._cell(query, key)
        if cell.reads is not None:
            if is_unknown_on_cycle(cell):
                return self._cycles.meet(cell)
            raise CycleError(f"{query.__name__}{key} depends on itself")
        if cell.is_given:
            if not cell.ready:
                self._fetch(cell)
        elif self.reads is None:
            self._settle()
            outdated = not self._stands(cell)
            while outdated:
                self._run(cell)
                self._settle()
                # An input that was fetched on the way may have changed what this one read.
                outdated = cell.dirty
        else:
            if cell not in self._cycles.waiting:
                self._refresh(cell)
            if cell in self._cycles.waiting:
                return self._cycles.meet(cell)
        if self.reads is not None:
            self.reads[cell] = None
        elif cell.is_given and not cell.ready:
            self._orphans[cell] = None
        if cell.failure is not None:
            raise cell.failure.error()
        return cell.value

    def _cell(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> Cell:
        known = self.cells.get(query)
        if known is None:
            known = self.cells[query] = {}
        cell = known.get(key)
        if cell is None:
            cell = known[key] = Cell(query, key)
        return cell

    # Inputs

    def set(self, query: Input[Any], key: tuple[Hashable, ...], value: Any) -> None:
        """Give an input its value; equal values change nothing."""
        cell = self._cell(query, key)
        if not cell.ready or (cell.value is not value and cell.value != value):
            self._give(cell, value)

    def _give(self, cell: Cell, value: Any) -> None:
        if cell.ready and self.changed is not None:
            self.changed(cell)
        if cell.ready or cell.failure is not None or cell.dependents:
            self._changes += 1
        cell.value, cell.failure = value, None
        cell.ready, cell.dirty = True, False
        self._invalidate(cell)

    def provide(self, query: Input[Any], provider: Callable[..., Any]) -> None:
        """Have values of an input that were not given fetched from ``provider(*key)``."""
        self._providers[query] = provider

    def _fetch(self, cell: Cell) -> None:
        """Get the value of an input from its provider; a failure is tried again when asked anew."""
        provider = self._providers.get(cell.query)  # type: ignore[call-overload]
        try:
            if provider is None:
                # Who reads it is told when it is given.
                raise KeyError(f"{cell.query.__name__}{cell.key} is not given")  # noqa: TRY301
            value = provider(*cell.key)
        except Exception as error:  # noqa: BLE001 -- whoever asked gets it
            cell.failure = Failure(error)
        else:
            self._give(cell, value)

    def given(self, query: Input[Any], key: tuple[Hashable, ...]) -> bool:
        """Say whether an input has a value."""
        cell = self.cells.get(query, {}).get(key)
        return cell is not None and cell.ready

    def keys_of(self, query: Input[Any]) -> list[tuple[Hashable, ...]]:
        """Return the keys for which an input has a value."""
        return [key for key, cell in self.cells.get(query, {}).items() if cell.ready]

    # Forgetting

    def release(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> None:
        """Let go of a cell that was read or given from outside; ``sweep`` forgets it."""
        cell = self.cells.get(query, {}).get(key)
        if cell is not None:
            self._orphans[cell] = None

    def sweep(self, most: int = sys.maxsize) -> None:
        """Forget released cells that nothing reads, and what only they read, up to some number."""
        while self._orphans and most:
            most -= 1
            cell, _ = self._orphans.popitem()
            together = self._cycles.found.get(cell, (cell,))
            if self.cells[cell.query].get(cell.key) is not cell:
                continue
            # Who meets one cell of a cycle meets all of them.
            if not any(one.dependents for one in together):
                self._cycles.others(cell)
                for one in together:
                    self._forget(one)

    def _forget(self, cell: Cell) -> None:
        del self.cells[cell.query][cell.key]
        for dependency in cell.dependencies:
            self._detach(dependency, cell)
        cell.dependencies = ()

    @property
    def size(self) -> int:
        """How many cells there are."""
        return sum(map(len, self.cells.values()))

    def reached(self, query: Callable[..., Any], key: tuple[Hashable, ...]) -> frozenset[Cell]:
        """Return a cell and all that it came from; nothing when nobody has asked for it."""
        # Cells are known by what computes them, and not by what the asker calls.
        cell = self.cells.get(getattr(query, "__wrapped__", query), {}).get(key)
        found: dict[Cell, None] = {}
        todo = [cell] if cell is not None else []
        while todo:
            one = todo.pop()
            if one not in found:
                found[one] = None
                todo.extend(one.dependencies)
                todo.extend(self._cycles.found.get(one, ()))
        return frozenset(found)

    def keep(self, wanted: Collection[Cell], lasts: Callable[[Cell], bool]) -> None:
        """Forget all cells but some. What is forgotten is computed, or fetched, when asked for again.

        Args:
            wanted: cells to keep; with each, all that it came from.
            lasts: says of an input that is not among them whether it stays all the same.
        """
        everything = [cell for known in self.cells.values() for cell in known.values()]
        kept = {cell for cell in everything if cell in wanted or (cell.is_given and lasts(cell))}
        for cell in kept:
            cell.keep_dependents(kept)
        for cell in everything:
            if cell not in kept:
                self._cycles.others(cell)
                # Without each other they are gone at once, and wait for no collector of cycles.
                cell.dependencies, cell.dependents = (), ()
                del self.cells[cell.query][cell.key]
        self._orphans = {cell: None for cell in self._orphans if cell in kept}

    def _detach(self, dependency: Cell, reader: Cell) -> None:
        dependency.drop_dependent(reader)
        if not dependency.dependents and not (dependency.ready and dependency.is_given):
            self._orphans[dependency] = None

    # Computing

    def _stands(self, cell: Cell) -> bool:
        """Say whether the outcome of a cell holds, when nothing that it read is waiting."""
        failure = cell.failure
        return not cell.dirty and (failure is None or not failure.passing)

    def _invalidate(self, cell: Cell) -> None:
        for dependent in cell.dependents:
            if not dependent.dirty and dependent.reads is None:
                self._enqueue(dependent)
        if cell.checked == NEVER and not cell.is_given:
            # Nobody can have read it before.
            return
        # Those that are being computed are concerned if they have read this already, and are told
        # here: they depend on what they read when they have ended.
        for running in self._cycles.running:
            if not running.dirty and running.reads is not None and cell in running.reads:
                self._enqueue(running)

    def _enqueue(self, cell: Cell) -> None:
        cell.dirty, cell.ready = True, False
        self.level = min(self.level, cell.height)
        self._ticket += 1
        heapq.heappush(self.waiting, (cell.height, self._ticket, cell))

    def _settle(self) -> None:
        """Compute the dirty cells that something reads, from the lowest to the highest."""
        waiting = self.waiting
        try:
            while waiting:
                height, _, cell = heapq.heappop(waiting)
                if not cell.dirty or not cell.dependents:
                    continue
                if height < cell.height:
                    # It was lifted in the meantime.
                    self._enqueue(cell)
                else:
                    self.level = height
                    self._recompute(cell)
        finally:
            self.level = waiting[0][0] if waiting else _TOP

    def _recompute(self, cell: Cell) -> None:
        """Compute a cell for those that read it; nobody waits for the answer now."""
        try:
            self._run(cell)
        except CycleError:
            # Whoever still needs it computes it again, and meets the error then.
            self._invalidate(cell)

    def _refresh(self, cell: Cell) -> None:
        """Bring a cell up to date while another one, which reads it, is computed.

        What it read is brought up to date first, in the order in which it was read: if all that
        comes before is as it was, then it would read the next one, too.
        """
        if not cell.dirty and cell.checked != self._changes and self._may_wait(cell):
            for dependency in cell.dependencies:
                if self._leads_back(dependency):
                    # It leads back to what is being computed, and has to find out.
                    self._enqueue(cell)
                if not self._stands(cell):
                    break
        if not self._stands(cell):
            self._run(cell)
        cell.checked = self._changes

    def _leads_back(self, dependency: Cell) -> bool:
        """Bring what a cell read up to date; say whether it depends on what is being computed."""
        waiting = self._cycles.waiting
        if dependency.reads is not None or dependency in waiting:
            return True
        mark = len(waiting)
        if dependency.dirty and not dependency.is_given:
            self._recompute(dependency)
        elif self._may_wait(dependency):
            self._refresh(dependency)
        if len(waiting) == mark:
            return False
        # Nobody has read it this time, so it is no part of a cycle yet.
        self._abandon(mark)
        return True

    def _may_wait(self, cell: Cell) -> bool:
        """Say whether a cell may depend on one that waits to be computed, or is being computed."""
        return cell.height >= self.level

    def _run(self, cell: Cell) -> None:
        if cell in self._cycles.found:
            self._dissolve(cell)
        reads = cell.reads = {}
        cell.dirty, cell.ready = False, False
        outer, self.reads = self.reads, reads
        self.computed += 1
        value, failure = None, None
        cycles = self._cycles
        place, mark = len(cycles.running), len(cycles.waiting)
        cycles.begin(cell)
        try:
            if self.pause is not None and not self.computed & _PAUSE_MASK:
                self.pause()
            value = cell.query(self, *cell.key)
        except CycleError:
            self._postpone(cell, reads)
            self._abandon(mark)
            raise
        except Exception as error:  # noqa: BLE001 -- whoever asks gets it
            failure = Failure(error)
        except BaseException:
            self._postpone(cell, reads)
            self._abandon(mark)
            self._enqueue(cell)
            raise
        finally:
            low = cycles.end()
            self.reads = outer
            cell.reads = None
            self._connect(cell, reads)
        if low < place:
            cycles.wait(cell, low, None if is_unknown_on_cycle(cell) else value, mark)
        elif len(cycles.waiting) > mark:
            self._close([*cycles.since(mark), (cell, Waiting(low, value))])
        else:
            self._take(cell, value, failure)

    def _connect(self, cell: Cell, reads: dict[Cell, None]) -> None:
        """Have a cell depend on what was read to compute it.

        Most often a cell reads the same again, and nothing needs to be touched.
        """
        before, after = cell.dependencies, tuple(reads)
        height = max(map(_HEIGHT, after)) + 1 if after else 0
        rises, cell.height = height > cell.height, height
        if after != before:
            cell.dependencies = after
            gone = dict.fromkeys(before)
            for dependency in after:
                if dependency in gone:
                    del gone[dependency]
                else:
                    dependency.add_dependent(cell)
            for dependency in gone:
                self._detach(dependency, cell)
        if rises:
            self._lift(cell)

    def _take(self, cell: Cell, value: Any, failure: Failure | None) -> None:
        """Give a cell that was computed its outcome."""
        # An input that was fetched on the way may have changed what was read before.
        cell.ready = failure is None and not cell.dirty
        if failure is not None or cell.failure is not None:
            cell.value, cell.failure = value, failure
            self._invalidate(cell)
        elif cell.value is not value and cell.value != value:
            cell.value = value
            self._invalidate(cell)
        if cell.checked == NEVER:
            cell.checked = -1

    # Cycles

    def _close(self, rows: list[tuple[Cell, Waiting]]) -> None:
        """Have the cells of a cycle depend on what they read outside of it."""
        cells = tuple([cell for cell, _ in rows])
        inside = frozenset(cells)
        outside = dict.fromkeys(
            [one for cell in cells for one in cell.dependencies if one not in inside]
        )
        for cell, known in rows:
            self._connect(cell, outside)
            self._cycles.found[cell] = cells
            self._take(cell, None if is_unknown_on_cycle(cell) else known.value, None)
            cell.checked = self._changes

    def _dissolve(self, cell: Cell) -> None:
        """Have all cells of a cycle computed again when one of them is."""
        for other in self._cycles.others(cell):
            if not other.dirty and other.reads is None:
                self._enqueue(other)

    def _abandon(self, mark: int) -> None:
        """Have the cells computed again that wait for a cycle that does not come about."""
        for cell, _ in self._cycles.since(mark):
            self._enqueue(cell)

    def _postpone(self, cell: Cell, reads: dict[Cell, None]) -> None:
        """Leave a cell as it was before it was computed in vain."""
        cell.dirty = True
        # It stays where it was, or it would be forgotten, or be computed too early.
        again = dict.fromkeys((*cell.dependencies, *reads))
        reads.clear()
        reads.update(again)

    def _lift(self, cell: Cell) -> None:
        """Keep every reader higher than what it reads."""
        todo = [cell]
        while todo:
            lower = todo.pop()
            for dependent in lower.dependents:
                # One that is being computed finds out in the end.
                if dependent.height <= lower.height and dependent.reads is None:
                    dependent.height = lower.height + 1
                    todo.append(dependent)


def is_unknown_on_cycle(cell: Cell) -> bool:
    """Say whether the question of a cell has no answer where it leads back to itself."""
    return getattr(cell.query, "unknown_on_cycle", False)


def _asking(query: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives the value of a query; most often it is there already."""

    def ask(db: Database, *key: Hashable) -> Any:
        try:
            cell = db.cells[query][key]
        except KeyError:
            return db.read(query, key)
        if not cell.ready or cell.height >= db.level:
            return db.read(query, key)
        reads = db.reads
        if reads is not None:
            reads[cell] = None
        return cell.value

    return ask


class Input(Given, Generic[T]):
    """A value given from outside, one for each key."""

    def __init__(self, name: str) -> None:
        """Name the input, for messages."""
        self.__name__ = name
        self._ask = _asking(self)

    def __call__(self, db: Database, *key: Hashable) -> T:
        """Return the value; it must have been set."""
        value: T = self._ask(db, *key)
        return value

    def give(self, db: Database, *key: Hashable, value: T) -> None:
        """Give the input a value."""
        db.set(self, key, value)


def query(
    compute: Callable[Concatenate[Database, Key], T],
) -> Callable[Concatenate[Database, Key], T]:
    """Make a pure function of a database and a key a query, whose values are remembered."""
    ask = functools.wraps(compute)(_asking(compute))
    return cast("Callable[Concatenate[Database, Key], T]", ask)


def query_or_unknown(
    compute: Callable[Concatenate[Database, Key], T],
) -> Callable[Concatenate[Database, Key], T | None]:
    """Make a query whose answer is None where the question leads back to itself through others.

    Where it asks just itself, it is given None there, and goes on; see ``cycles`` for the rest.
    """
    compute.unknown_on_cycle = True  # type: ignore[attr-defined]
    return query(compute)
