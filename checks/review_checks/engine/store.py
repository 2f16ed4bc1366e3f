"""Keeps the files under analysis and gives the database what they say."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from review_checks.engine.files import FactsMemo, File, UnitState
from review_checks.engine.source import Source
from review_checks.model import Span
from review_checks.summaries.incremental import Database, Input
from review_checks.summaries.index import (
    INDEXED,
    FileIndex,
    Key,
    ModuleInfo,
    module_info,
    outline,
    unit_scope,
)
from review_checks.summaries.inputs import layout, module_path, unit_facts, unit_path
from review_checks.summaries.outline import outline_of

_INDEXED = {entry.__name__: entry for entry in INDEXED}
_PER_UNIT: tuple[Input[Any], ...] = (unit_facts, unit_path, unit_scope, outline)
_UNREADABLE = FileIndex(ModuleInfo("", package=False))


class FileStore:
    """The files of a workspace: those given to it, and those read because something refers to them."""

    def __init__(self, db: Database, source: Source, max_file_size: int) -> None:
        """Serve the inputs of a database."""
        self.files: dict[str, File] = {}
        self.max_file_size = max_file_size
        self._db = db
        self._source = source
        self._memo = FactsMemo()
        self._tickets = [0]
        self._indexes: dict[str, FileIndex] = {}
        self._orders: dict[str, dict[int, int]] = {}
        db.provide(layout, self._provide_layout)
        db.provide(module_path, source.find_module)
        db.provide(module_info, lambda path: self._index(path).info)
        for entry in INDEXED:
            db.provide(entry, self._provider(entry.__name__))

    def put(self, path: str, text: str) -> None:
        """Take a text for a file, new or known."""
        file = self.files.get(path)
        if file is None:
            self._add(path, text)
            self._announce(path)
        else:
            self._apply(file, *file.replace(text))

    def edit(self, path: str, edits: Sequence[tuple[Span, str]]) -> None:
        """Apply edits to a known file, one after the other."""
        file = self.files[path]
        self._apply(file, *file.edit(edits))

    def ensure(self, path: str) -> File | None:
        """Return a file, read from the source when it is not known yet; None when it cannot be."""
        file = self.files.get(path)
        if file is None:
            text = self._source.read(path)
            if text is None or len(text) > self.max_file_size:
                return None
            file = self._add(path, text)
        return file

    def remove(self, path: str) -> None:
        """Forget a file that is no longer there."""
        file = self.files.pop(path, None)
        if file is None:
            return
        self._indexes.pop(path, None)
        self._orders.pop(path, None)
        self._announce(path)
        for state in file.states:
            self._release(state.unit)

    def refresh_modules(self) -> None:
        """Ask the source again where modules lie, after files came or went."""
        for (dotted,) in self._db.keys_of(module_path):
            module_path.give(self._db, dotted, value=self._source.find_module(str(dotted)))

    # Giving the inputs

    def _add(self, path: str, text: str) -> File:
        file = self.files[path] = File(path, text, self._memo, self._tickets)
        info = self._source.module_name(path)
        index = self._indexes[path] = FileIndex(ModuleInfo(info.name, info.package))
        for state, unit in zip(file.states, file.segmentation.units, strict=True):
            self._give(path, index, state, unit.scope)
        return file

    def _give(
        self, path: str, index: FileIndex, state: UnitState, scope: tuple[str, ...]
    ) -> Iterable[Key]:
        """Give the inputs of a unit; return the names that it touches."""
        declared = outline_of(state.facts)
        unit_path.give(self._db, state.unit, value=path)
        unit_scope.give(self._db, state.unit, value=scope)
        unit_facts.give(self._db, state.unit, value=state.facts)
        outline.give(self._db, state.unit, value=declared)
        return index.put(state.unit, declared, scope)

    def _apply(self, file: File, changed: Sequence[UnitState], gone: Sequence[int]) -> None:
        if not changed and not gone:
            return
        index = self._indexes[file.path]
        self._orders.pop(file.path, None)
        given = {state.unit for state in changed}
        touched: dict[Key, None] = {}
        for lost in gone:
            touched.update(dict.fromkeys(index.remove(lost)))
        for state, unit in zip(file.states, file.segmentation.units, strict=True):
            if state.unit in given:
                touched.update(dict.fromkeys(self._give(file.path, index, state, unit.scope)))
        order = self._order(file.path)
        for key in touched:
            entry, rest = _INDEXED[key[0]], key[1:]
            if self._db.given(entry, (file.path, *rest)):
                entry.give(self._db, file.path, *rest, value=index.value(key, order))
        layout.give(self._db, file.path, value=tuple([state.unit for state in file.states]))
        for lost in gone:
            self._release(lost)

    def _announce(self, path: str) -> None:
        """Give anew every input of a file that something has asked for."""
        if self._db.given(layout, (path,)):
            layout.give(self._db, path, value=self._provide_layout(path))
        if self._db.given(module_info, (path,)):
            module_info.give(self._db, path, value=self._index(path).info)
        for entry in INDEXED:
            provide = self._provider(entry.__name__)
            for key in self._db.keys_of(entry):
                if key[0] == path:
                    entry.give(self._db, *key, value=provide(*key))

    def _release(self, unit: int) -> None:
        for entry in _PER_UNIT:
            self._db.release(entry, (unit,))

    # Providing what is asked for

    def _provide_layout(self, path: str) -> tuple[int, ...] | None:
        file = self.ensure(path)
        return tuple([state.unit for state in file.states]) if file is not None else None

    def _index(self, path: str) -> FileIndex:
        return self._indexes[path] if self.ensure(path) is not None else _UNREADABLE

    def _order(self, path: str) -> dict[int, int]:
        order = self._orders.get(path)
        if order is None:
            states = self.files[path].states if path in self.files else []
            order = self._orders[path] = {state.unit: place for place, state in enumerate(states)}
        return order

    def _provider(self, kind: str) -> Any:
        def provide(path: Hashable, *rest: str) -> Any:
            index = self._index(str(path))
            return index.value((kind, *rest), self._order(str(path)))

        return provide
