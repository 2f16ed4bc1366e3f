"""What each name of a file is declared as, kept name by name.

A file's index is made of what its units contribute. When a unit changes, only the names that it
declares, or declared before, are looked at again, and whatever asked for another name is not
disturbed: an edit of one method costs the same in a class of four methods and of four hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.summaries.incremental import Database, Input, query
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.outline import Outline, owners_of, resolve_import

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = tuple[FunctionId, Any]
"""An assignment: the function that makes it, and the portable value."""

Key = tuple[str, ...]


class ClassDeclaration(msgspec.Struct, frozen=True, array_like=True):
    """A class statement: its qualified name, and its bases and decorators as access paths."""

    name: str
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    body: FunctionId


class ModuleInfo(msgspec.Struct, frozen=True, array_like=True):
    """The dotted name of a file's module, and whether it is a package."""

    name: str
    package: bool


outline: Input[Outline] = Input("outline")
"""unit → what it declares."""

unit_scope: Input[tuple[str, ...]] = Input("unit_scope")
"""unit → the names of the classes around it."""

module_info: Input[ModuleInfo] = Input("module_info")
"""path → the name of its module; '' when the file cannot be read."""

declared_function: Input[FunctionId | None] = Input("function")
"""path, qualified name → the function of that name, the last one when there are several."""

declared_class: Input[ClassDeclaration | None] = Input("class")
"""path, qualified name → the class of that name."""

assigned: Input[tuple[Row, ...]] = Input("assigned")
"""path, class or '', name → all assignments to that attribute or module variable, in order."""

imported: Input[str] = Input("imported")
"""path, name → the absolute dotted name that the module imports under a name, or ''."""

members: Input[tuple[FunctionId, ...]] = Input("members")
"""path, class or '' → the functions that see its ``self``, nested ones included, in order."""

class_names: Input[tuple[str, ...]] = Input("class_names")
"""path → the qualified names of the classes of a file, in order."""

variable_names: Input[tuple[str, ...]] = Input("variable_names")
"""path → the names of the module's variables, in order of their first assignment."""

mentioned_in: Input[tuple[str, ...]] = Input("mentioned_in")
"""name → the files of the project that use the name anywhere, in order; see ``facts.naming``.

Whoever wants to know all callers of a function looks for calls in these files, and in no others.
Where a project was not surveyed, only files that are open count."""

INDEXED: tuple[Input[Any], ...] = (
    declared_function,
    declared_class,
    assigned,
    imported,
    members,
    class_names,
    variable_names,
)

_NOTHING: dict[str, Any] = {"function": None, "class": None, "imported": ""}
_LAST = frozenset(_NOTHING)


class FileIndex:
    """The names of one file. A key is the name of an input and its key without the path."""

    def __init__(self, info: ModuleInfo, outline_of: Callable[[int], Outline]) -> None:
        """Begin without units; ``outline_of`` is asked for those that were put off."""
        self.info = info
        self._outline_of = outline_of
        # Most keys have one unit, and a pair takes far less memory than a dictionary.
        self._rows: dict[Key, tuple[int, Any] | dict[int, Any]] = {}
        self._keys: dict[int, tuple[Key, ...]] = {}
        self._pending: dict[int, tuple[str, ...]] = {}
        self._pending_owners: dict[str, set[int]] = {}
        self._pending_classes: dict[str, tuple[int, ...]] = {}

    def put_off_function(self, unit: int, scope: tuple[str, ...], name: str) -> None:
        """Take a unit that is one function, of which only the name is known yet.

        What else it declares is looked up when somebody asks for the functions or attributes of
        its class, or for a name inside it.
        """
        key: Key = ("function", ".".join((*scope, name)))
        self._set(key, unit, (unit, 0))
        self._keys[unit] = (key,)
        self._pending[unit] = scope
        self._pending_owners.setdefault(".".join(scope), set()).add(unit)

    def put_off_class(self, unit: int, scope: tuple[str, ...], name: str) -> None:
        """Take a unit that begins a class, of which only the name is known yet.

        What it declares is looked up when somebody asks for the class or for something in it.
        """
        qualified = ".".join((*scope, name))
        self._pending[unit] = scope
        for owner in (".".join(scope), qualified):
            self._pending_owners.setdefault(owner, set()).add(unit)
        self._pending_classes[qualified] = (*self._pending_classes.get(qualified, ()), unit)

    def _settle(self, key: Key) -> None:
        """Look up what the units that were put off declare, where it matters for a key."""
        units: set[int] = set()
        if key[0] == "members" or (key[0] == "assigned" and key[1]):
            units = self._pending_owners.pop(key[1], units)
        elif key[0] == "class_names":
            units = {unit for found in self._pending_classes.values() for unit in found}
        elif key[0] in ("function", "class"):
            around = key[1] if key[0] == "class" else key[1].rpartition(".")[0]
            while around:
                units.update(self._pending_classes.get(around, ()))
                units.update(self._units(("function", around)))
                around = around.rpartition(".")[0]
        for unit in sorted(units):
            scope = self._pending.get(unit)
            if scope is not None:
                self.put(unit, self._outline_of(unit), scope)

    def put(self, unit: int, found: Outline, scope: tuple[str, ...]) -> frozenset[Key]:
        """Take what a unit declares, in place of what it declared before; return the keys touched."""
        self._pending.pop(unit, None)
        given = _contributions(unit, found, scope, self.info)
        touched = {key for key, value in given.items() if self._set(key, unit, value)}
        for key in self._keys.get(unit, ()):
            if key not in given:
                self._drop(key, unit)
                touched.add(key)
        self._keys[unit] = tuple(given)
        return frozenset(touched)

    def remove(self, unit: int) -> frozenset[Key]:
        """Forget a unit; return the keys touched."""
        self._pending.pop(unit, None)
        keys = self._keys.pop(unit, ())
        for key in keys:
            self._drop(key, unit)
        return frozenset(keys)

    def _units(self, key: Key) -> tuple[int, ...]:
        rows = self._rows.get(key, ())
        return rows[:1] if isinstance(rows, tuple) else tuple(rows)

    def _set(self, key: Key, unit: int, value: Any) -> bool:
        """Note what a unit declares under a key; return whether that is news."""
        rows = self._rows.get(key)
        if isinstance(rows, dict):
            known = rows.get(unit)
            rows[unit] = value
        elif rows is None or rows[0] == unit:
            known = rows and rows[1]
            self._rows[key] = (unit, value)
        else:
            known = None
            self._rows[key] = {rows[0]: rows[1], unit: value}
        return bool(known != value)

    def _drop(self, key: Key, unit: int) -> None:
        rows = self._rows[key]
        if isinstance(rows, dict) and len(rows) > 1:
            rows.pop(unit, None)
        else:
            del self._rows[key]

    def value(self, key: Key, order: Mapping[int, int]) -> Any:
        """Return what all units together declare under a key; ``order`` is the units' position."""
        if self._pending:
            self._settle(key)
        rows = self._rows.get(key)
        if rows is None:
            return _NOTHING.get(key[0], ())
        if isinstance(rows, tuple):
            rows = dict([rows])
        units = sorted(rows, key=order.__getitem__) if len(rows) > 1 else list(rows)
        if key[0] in _LAST:
            return rows[units[-1]]
        merged = [row for unit in units for row in rows[unit]]
        return tuple(merged if key[0] in ("assigned", "members") else dict.fromkeys(merged))


def _contributions(
    unit: int, found: Outline, scope: tuple[str, ...], info: ModuleInfo
) -> dict[Key, Any]:
    owners = owners_of(found, scope)
    given: dict[Key, Any] = {}
    lists: dict[Key, list[Any]] = {}
    for item, body in zip(found.classes, (item.body for item in found.classes), strict=True):
        if not item.local:
            name = owners[body][1]
            given["class", name] = ClassDeclaration(name, item.bases, item.decorators, (unit, body))
            lists.setdefault(("class_names",), []).append(name)
    for index, (owner, name) in enumerate(owners):
        function = found.functions[index]
        lists.setdefault(("members", owner), []).append((unit, index))
        if function.kind == 0:
            given["function", name] = (unit, index)
        if function.kind == 2:
            for imported_name in function.imports:
                target = resolve_import(info.name, imported_name, package=info.package)
                if imported_name.name and target:
                    given["imported", imported_name.name] = target
    for declared in found.variables:
        owner = owners[declared.function][0]
        row = ((unit, declared.function), declared.value)
        lists.setdefault(("assigned", owner, declared.name), []).append(row)
        if not owner:
            lists.setdefault(("variable_names",), []).append(declared.name)
    for declared in found.attributes:
        owner = owners[declared.function][0]
        if owner:
            row = ((unit, declared.function), declared.value)
            lists.setdefault(("assigned", owner, declared.name), []).append(row)
    given.update({key: tuple(rows) for key, rows in lists.items()})
    return given


@query
def unit_owners(db: Database, unit: int) -> tuple[tuple[str, str], ...]:
    """Return, for each function of a unit, the class whose ``self`` it sees and its qualified name."""
    return owners_of(outline(db, unit), unit_scope(db, unit))


def owner_of(db: Database, function: FunctionId) -> str:
    """Return the qualified name of the class whose ``self`` a function sees, or ''."""
    return unit_owners(db, function[0])[function[1]][0]


def qualified_name(db: Database, function: FunctionId) -> str:
    """Return the name of a function within its module, such as ``Class.method``."""
    return unit_owners(db, function[0])[function[1]][1]


def module_of(db: Database, function: FunctionId) -> str:
    """Return the dotted name of the module that a function stands in."""
    return module_info(db, unit_path(db, function[0])).name
