"""Keeps the files under analysis and gives the database what they say."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from review_checks.engine.files import File, UnitState
from review_checks.engine.keeping import FactsMemo, NoShelf, Shelf
from review_checks.engine.mentions import Mentions
from review_checks.engine.traces import Traces, of_file, of_input, of_text
from review_checks.summaries.index import (
    INDEXED,
    FileIndex,
    Key,
    ModuleInfo,
    mentioned_in,
    module_info,
    outline,
    unit_scope,
)
from review_checks.summaries.inputs import layout, module_path, unit_facts, unit_path
from review_checks.summaries.outline import Outline, outline_of
from review_checks.text.units import UnitKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from review_checks.engine.source import Source
    from review_checks.engine.traces import Source as Trace
    from review_checks.facts.schema import UnitFacts
    from review_checks.model import Span
    from review_checks.summaries.cells import Cell
    from review_checks.summaries.incremental import Database, Input

Surveyed = tuple[str, "Sequence[str]"]
"""A file, and the names that it uses."""

_INDEXED = {entry.__name__: entry for entry in INDEXED}
_PER_UNIT: tuple[Input[Any], ...] = (unit_facts, unit_path, unit_scope, outline)
_PER_FILE: tuple[Input[Any], ...] = (layout, module_info, *INDEXED)
_NO_IDENTIFIER = re.compile(r"\W")
_UNREADABLE = FileIndex(ModuleInfo("", package=False), lambda _: Outline((), (), (), ()))


class FileStore:
    """The files of a workspace: those given to it, and those read because something refers to them."""

    def __init__(
        self, db: Database, source: Source, max_file_size: int, shelf: Shelf | None = None
    ) -> None:
        """Serve the inputs of a database."""
        self.files: dict[str, File] = {}
        self.max_file_size = max_file_size
        self._db = db
        self._source = source
        self._memo = FactsMemo()
        self._tickets = [0]
        self._indexes: dict[str, FileIndex] = {}
        self._orders: dict[str, dict[int, int]] = {}
        self._asked: dict[str, dict[tuple[Input[Any], tuple[str, ...]], None]] = {}
        self._unlisted: dict[str, str] = {}
        self._states: dict[int, UnitState] = {}
        self._places: dict[int, str] = {}
        # What was given of a unit last.
        self._given: dict[int, tuple[UnitFacts, tuple[str, ...]]] = {}
        self._shelf: Shelf = shelf or NoShelf()
        self._mentions = Mentions()
        self._renamed: set[str] = set()
        # The texts of files that were let go of, by their hashes.
        self._seen: dict[str, int] = {}
        self.traces = Traces()
        db.changed = lambda cell: self.traces.change(of_input(cell))
        self.survey: Callable[[], Iterable[Surveyed]] | None = None
        db.provide(unit_facts, lambda unit: self._states[unit].facts)
        db.provide(unit_path, lambda unit: self._places[unit])
        db.provide(unit_scope, self._scope_of)
        db.provide(outline, self._outline_of)
        db.provide(module_path, self._find_module)
        db.provide(mentioned_in, self._users)
        for entry in _PER_FILE:
            db.provide(entry, functools.partial(self._provide, entry))

    def glance_with(self, glance: Callable[[], object]) -> None:
        """Call a function before each text that is lowered; it must not raise."""
        self._memo.glance = glance

    def put(self, path: str, text: str) -> None:
        """Take a text for a file, new or known."""
        file = self.files.get(path)
        if file is None:
            self._add(path, text)
            self._announce(path)
        elif file.document.text != text:
            self.traces.change(of_text(path))
            self._apply(file, *file.replace(text))

    def edit(self, path: str, edits: Iterable[tuple[Span, str]]) -> None:
        """Apply edits to a known file, one after the other."""
        file = self.files[path]
        self.traces.change(of_text(path))
        self._apply(file, *file.edit(edits))

    def catch_up(self) -> None:
        """Have all facts say where things stand, instead of where they stood."""
        for file in self.files.values():
            for state in file.catch_up():
                self._apply(file, [state], [])

    def ensure(self, path: str) -> File | None:
        """Return a file, read from the source when it is not known yet; None when it cannot be."""
        file = self.files.get(path)
        if file is None:
            text = self._source.read(path)
            if text is None or len(text) > self.max_file_size:
                return None
            file = self._add(path, text, lazy=True)
        return file

    def remove(self, path: str) -> None:
        """Forget a file that is no longer there."""
        self._tell_users(self._mentions.forget(path))
        self.traces.change(of_file(path))
        file = self.files.pop(path, None)
        if file is None:
            return
        self._indexes.pop(path, None)
        self._orders.pop(path, None)
        self._announce(path)
        for state in file.states:
            self._release(state.unit)
        for name, place in list(self._unlisted.items()):
            if place == path:
                del self._unlisted[name]
                self._tell_module(name)

    def locate(self, unit: int) -> tuple[str, UnitState, int]:
        """Return the file of a unit, its state, and the line on which it begins."""
        state = self._states[unit]
        path = self._places[unit]
        file = self.files[path]
        return path, state, file.segmentation.starts[self._order(path)[unit]]

    # Letting go

    def sources(self, cells: Iterable[Cell], held: Collection[str]) -> Iterator[Trace]:
        """Yield what some cells came from; see ``traces``.

        Args:
            cells: the cells.
            held: files that are edited here. Single inputs are yielded for them, so that what does
                not depend on an edit stands; for others that would take much memory.
        """
        paths: set[str] = set()
        for cell in cells:
            if cell.is_given:
                path = self._file_of(cell)
                if path is None or path in held:
                    yield of_input(cell)
                if path is not None:
                    paths.add(path)
        for path in paths:
            yield of_file(path)
            if path not in held:
                yield of_text(path)

    def let_go(self, wanted: Collection[Cell], held: Collection[str]) -> None:
        """Forget all cells that are not wanted, and the files that none of the others is about.

        Args:
            wanted: cells, and all that they came from.
            held: files that stay in any case.
        """
        needed = {self._file_of(cell) for cell in wanted if cell.is_given}
        for path in self.files.keys() - needed - frozenset(held):
            self._drop(path)
        self._db.keep(wanted, self._lasts)

    def _drop(self, path: str) -> None:
        file = self.files.pop(path)
        self._seen[path] = hash(file.document.text)
        for known in (self._indexes, self._orders, self._asked):
            known.pop(path, None)
        for state in file.states:
            state.abandon()
            del self._states[state.unit], self._places[state.unit]
            self._given.pop(state.unit, None)

    def _file_of(self, cell: Cell) -> str | None:
        """Return the file that an input is about."""
        if cell.query in _PER_UNIT:
            return self._places.get(cell.key[0])  # type: ignore[call-overload, no-any-return]
        return str(cell.key[0]) if cell.query in _PER_FILE else None

    def _lasts(self, cell: Cell) -> bool:
        """Say whether an input stays although nothing reads it."""
        # Those about no single file show when they change; they are small.
        if cell.query in _PER_UNIT or cell.query in _PER_FILE:
            return self._file_of(cell) in self.files
        return True

    # Who uses which name

    def note(self, rows: Iterable[Surveyed]) -> None:
        """Take what a survey says of files; ``announce`` tells those who asked."""
        for path, names in rows:
            self._renamed |= self._mentions.note(path, names)

    def announce(self) -> bool:
        """Tell who asked for the users of a name what surveys said since; return whether any did."""
        renamed, self._renamed = self._renamed, set()
        return self._tell_users(renamed)

    def follow(self, path: str) -> None:
        """Have the text of a known file count, in the place of what a survey said of it."""
        if not self._mentions.follows(path):
            self._tell_users(self._mentions.follow(path, self.files[path].states))

    def unfollow(self, path: str) -> None:
        """Go back to what surveys say of a file; until the next one, its text is taken for that."""
        self._mentions.unfollow(path)

    def _tell_users(self, names: Iterable[str]) -> bool:
        asked = [name for name in names if self._db.given(mentioned_in, (name,))]
        for name in asked:
            mentioned_in.give(self._db, name, value=self._mentions.users(name))
        return bool(asked)

    def _users(self, name: str) -> tuple[str, ...]:
        survey, self.survey = self.survey, None
        if survey is not None:
            self.note(survey())
            self._renamed.clear()
        return self._mentions.users(name)

    # Modules

    def refresh_modules(self) -> None:
        """Ask the source again where modules lie, after files came or went."""
        for (dotted,) in self._db.keys_of(module_path):
            self._tell_module(str(dotted))

    def _find_module(self, dotted: str) -> str:
        return self._unlisted.get(dotted) or self._source.find_module(dotted)

    def _tell_module(self, dotted: str) -> None:
        if self._db.given(module_path, (dotted,)):
            module_path.give(self._db, dotted, value=self._find_module(dotted))

    def _name(self, path: str) -> ModuleInfo:
        """Return the name of the module of a file, by which the file is found again.

        The source does not find a file that was never saved, or a script whose name is no
        identifier, and of two scripts of one name it finds one.
        """
        info = self._source.module_name(path)
        name = info.name
        found = self._find_module(name)
        if found != path:
            package = name.rpartition(".")[0]
            if found or not (name.isidentifier() or self._find_module(package)):
                name = _NO_IDENTIFIER.sub("_", path)
            self._unlisted[name] = path
            self._tell_module(name)
        return ModuleInfo(name, info.package)

    # Giving the inputs

    def _add(self, path: str, text: str, *, lazy: bool = False) -> File:
        seen = self._seen.pop(path, None)
        if seen is None or seen != hash(text):
            self.traces.change(of_file(path))
        kept = self._shelf.get(text)
        file = File(path, text, self._memo, self._tickets, lazy=lazy, kept=kept)
        self.files[path] = file
        self._orders.pop(path, None)
        index = self._indexes[path] = FileIndex(self._name(path), self._outline_of)
        for state, unit in zip(file.states, file.segmentation.units, strict=True):
            self._states[state.unit] = state
            self._places[state.unit] = path
            if not state.is_pending:
                index.put(state.unit, self._outline_of(state.unit), unit.scope)
                self._given[state.unit] = state.facts, unit.scope
            elif unit.kind is UnitKind.CLASS:
                index.put_off_class(state.unit, unit.scope, unit.name)
            else:
                index.put_off_function(state.unit, unit.scope, unit.name)
        return file

    def _outline_of(self, unit: int) -> Outline:
        return outline_of(self._states[unit].facts)

    def _scope_of(self, unit: int) -> tuple[str, ...]:
        path = self._places[unit]
        return self.files[path].segmentation.units[self._order(path)[unit]].scope

    def _give(
        self, path: str, index: FileIndex, state: UnitState, scope: tuple[str, ...]
    ) -> Iterable[Key]:
        """Give the inputs of a unit; return the names that it touches."""
        declared = outline_of(state.facts)
        self._given[state.unit] = state.facts, scope
        self._states[state.unit] = state
        self._places[state.unit] = path
        unit_path.give(self._db, state.unit, value=path)
        unit_scope.give(self._db, state.unit, value=scope)
        unit_facts.give(self._db, state.unit, value=state.facts)
        outline.give(self._db, state.unit, value=declared)
        return index.put(state.unit, declared, scope)

    def _apply(self, file: File, changed: Sequence[UnitState], gone: Sequence[int]) -> None:
        if not changed and not gone:
            return
        index = self._indexes[file.path]
        first = file.states.index(changed[0]) if changed else 0
        known = self._orders.get(file.path, {})
        in_place = len(known) == len(file.states) and all(
            known.get(state.unit) == at for at, state in enumerate(changed, first)
        )
        places = [known[state.unit] for state in changed if state.unit in known]
        moved = not in_place and places != sorted(places)
        if gone or not in_place:
            self._orders.pop(file.path, None)
        fresh = self._fresh(file, first, changed, keep_order=in_place or len(changed) == 1)
        if self._mentions.follows(file.path):
            states = [state for state, _ in fresh]
            self._tell_users(self._mentions.follow(file.path, states, gone))
        touched: dict[Key, None] = {}
        for lost in gone:
            touched.update(dict.fromkeys(index.remove(lost)))
        for state, scope in fresh:
            touched.update(dict.fromkeys(self._give(file.path, index, state, scope)))
        order = self._order(file.path)
        for key in touched:
            entry, rest = _INDEXED[key[0]], key[1:]
            if self._db.given(entry, (file.path, *rest)):
                entry.give(self._db, file.path, *rest, value=index.value(key, order))
        if gone or not in_place:
            layout.give(self._db, file.path, value=tuple([state.unit for state in file.states]))
        if moved:
            # What several units contribute to is in their order.
            self._announce(file.path)
        for lost in gone:
            self._release(lost)

    def _fresh(
        self, file: File, first: int, changed: Sequence[UnitState], *, keep_order: bool
    ) -> list[tuple[UnitState, tuple[str, ...]]]:
        """Return the states of which anything is to be given anew, with their scopes.

        While a unit does not parse, and while only its end moves, its facts stay what they were.
        """
        rows = []
        for at, state in enumerate(changed, first):
            scope = file.segmentation.units[at].scope
            facts, where = self._given.get(state.unit, (None, ()))
            if not keep_order or facts is not state.facts or where != scope:
                rows.append((state, scope))
        return rows

    def _announce(self, path: str) -> None:
        """Give anew every input of a file that something has asked for."""
        asked = self._asked.get(path, {})
        for entry, key in list(asked):
            if self._db.given(entry, key):
                entry.give(self._db, *key, value=self._answer(entry, key))
            else:
                del asked[entry, key]

    def _release(self, unit: int) -> None:
        self._states.pop(unit, None)
        self._places.pop(unit, None)
        self._given.pop(unit, None)
        for entry in _PER_UNIT:
            self._db.release(entry, (unit,))

    # Providing what is asked for

    def _provide(self, entry: Input[Any], *key: str) -> Any:
        self._asked.setdefault(key[0], {})[entry, key] = None
        return self._answer(entry, key)

    def _answer(self, entry: Input[Any], key: tuple[str, ...]) -> Any:
        """Return what an input about a file is now."""
        path, rest = key[0], key[1:]
        if entry is layout:
            file = self.ensure(path)
            return tuple([state.unit for state in file.states]) if file is not None else None
        index = self._index(path)
        if entry is module_info:
            return index.info
        return index.value((entry.__name__, *rest), self._order(path))

    def _index(self, path: str) -> FileIndex:
        return self._indexes[path] if self.ensure(path) is not None else _UNREADABLE

    def _order(self, path: str) -> dict[int, int]:
        order = self._orders.get(path)
        if order is None:
            states = self.files[path].states if path in self.files else []
            order = self._orders[path] = {state.unit: place for place, state in enumerate(states)}
        return order
