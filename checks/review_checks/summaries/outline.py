"""What a unit and a module declare, without positions, so that most edits leave it as it is."""

from __future__ import annotations

from typing import Any

import msgspec

from review_checks.facts.schema import (
    Binary,
    Call,
    Compare,
    Decorator,
    Format,
    Function,
    FunctionKind,
    Import,
    Items,
    Logic,
    Mode,
    Opaque,
    Parameter,
    Path,
    Result,
    Table,
    Value,
)
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, layout, unit_facts

_MAX_PARTS = 2000
_MAX_DEPTH = 5


class Made(msgspec.Struct, frozen=True, array_like=True):
    """What a call returns, told by the call itself, followed by the steps of ``rest``."""

    callee: str
    args: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]
    rest: str = ""


class Declared(msgspec.Struct, frozen=True, array_like=True):
    """One assignment to a module variable, class variable or ``self`` attribute.

    ``function`` is the index in the unit of the function that assigns it; ``value`` may hold
    ``Made`` in place of ``Result``.
    """

    name: str
    value: Any
    function: int


class FunctionOutline(msgspec.Struct, frozen=True, array_like=True):
    """How a function is declared. ``parent`` and ``owner`` are indexes in the unit."""

    name: str
    kind: FunctionKind
    parent: int
    owner: int
    asynchronous: bool
    parameters: tuple[Parameter, ...]
    decorators: tuple[tuple[str, Made | None], ...]
    returns: str
    docstring: str
    imports: tuple[Import, ...]


class ClassOutline(msgspec.Struct, frozen=True, array_like=True):
    """How a class is declared; ``scope`` are the names around it within its unit."""

    name: str
    scope: tuple[str, ...]
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    body: int
    local: bool


class Outline(msgspec.Struct, frozen=True, array_like=True):
    """What one unit declares."""

    functions: tuple[FunctionOutline, ...]
    classes: tuple[ClassOutline, ...]
    variables: tuple[Declared, ...]
    attributes: tuple[Declared, ...]


class ClassEntry(msgspec.Struct, frozen=True, array_like=True):
    """A class of a module: its methods by name, and everything assigned to its attributes."""

    name: str
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    methods: dict[str, FunctionId]
    attributes: dict[str, tuple[tuple[FunctionId, Any], ...]]


class ModuleTable(msgspec.Struct, frozen=True, array_like=True):
    """What a module declares. Keys are qualified names such as ``Outer.Inner.method``.

    When a name is declared twice, the last one counts; ``owners`` names every function.
    """

    path: str
    name: str
    package: bool
    functions: dict[str, FunctionId]
    classes: dict[str, ClassEntry]
    variables: dict[str, tuple[tuple[FunctionId, Any], ...]]
    imports: dict[str, str]
    owners: dict[FunctionId, tuple[str, str]]

    def owner(self, function: FunctionId) -> str:
        """Return the class whose ``self`` a function sees, or ''."""
        return self.owners.get(function, ("", ""))[0]

    def qualified(self, function: FunctionId) -> str:
        """Return the qualified name of a function, or '' when it is no longer there."""
        return self.owners.get(function, ("", ""))[1]


def portable(value: Value, calls: tuple[Call, ...], depth: int = 0) -> Any:
    """Return a value that means the same outside its function: results become ``Made``."""
    if isinstance(value, Result):
        if depth >= _MAX_DEPTH:
            return Opaque()
        call = calls[value.call]
        return _made(call, calls, value.rest, depth)
    if isinstance(value, Items):
        if len(value.parts) > _MAX_PARTS or depth >= _MAX_DEPTH:
            return Items(value.kind, (), value.comprehension)
        parts = tuple([portable(part, calls, depth + 1) for part in value.parts])
        return Items(value.kind, parts, value.comprehension)
    if isinstance(value, Table):
        if len(value.keys) > _MAX_PARTS or depth >= _MAX_DEPTH:
            return Table((), ())
        return Table(value.keys, tuple([portable(part, calls, depth + 1) for part in value.values]))
    if isinstance(value, Binary):
        if depth >= _MAX_DEPTH:
            return Opaque()
        left, right = portable(value.left, calls, depth + 1), portable(value.right, calls, depth + 1)
        return Binary(value.op, left, right)
    if isinstance(value, Logic | Format | Opaque):
        if depth >= _MAX_DEPTH:
            return Opaque()
        parts = tuple([portable(part, calls, depth + 1) for part in value.parts])
        return Logic(value.op, parts) if isinstance(value, Logic) else type(value)(parts)
    if isinstance(value, Compare):
        return Opaque()
    return value


def _made(call: Call, calls: tuple[Call, ...], rest: str, depth: int) -> Made:
    return Made(
        call.callee,
        tuple([portable(arg, calls, depth + 1) for arg in call.args]),
        tuple([(name, portable(arg, calls, depth + 1)) for name, arg in call.keywords]),
        rest,
    )


def _decorator(decorator: Decorator) -> tuple[str, Made | None]:
    call = decorator.call
    return decorator.path, None if call is None else _made(call, (), "", _MAX_DEPTH - 1)


@query
def outline(db: Database, unit: int) -> Outline:
    """Return what a unit declares."""
    facts = unit_facts(db, unit)
    functions, variables, attributes = [], [], []
    for index, function in enumerate(facts.functions):
        functions.append(
            FunctionOutline(
                function.name,
                function.kind,
                function.parent,
                function.owner,
                function.asynchronous,
                function.parameters,
                tuple([_decorator(item) for item in function.decorators]),
                function.returns,
                function.docstring,
                function.imports,
            )
        )
        if function.kind in (FunctionKind.MODULE, FunctionKind.CLASS):
            variables += _variables(function, index)
        else:
            attributes += _attributes(function, index)
    classes = [
        ClassOutline(
            item.name,
            _scope(facts.classes, item.parent),
            item.bases,
            tuple([decorator.path for decorator in item.decorators]),
            item.body,
            _is_local(facts.functions, item.body),
        )
        for item in facts.classes
    ]
    return Outline(tuple(functions), tuple(classes), tuple(variables), tuple(attributes))


def _scope(classes: tuple[Any, ...], parent: int) -> tuple[str, ...]:
    names: list[str] = []
    while parent >= 0:
        names.append(classes[parent].name)
        parent = classes[parent].parent
    return tuple(reversed(names))


def _is_local(functions: tuple[Function, ...], body: int) -> bool:
    parent = functions[body].parent
    while parent >= 0:
        if functions[parent].kind in (FunctionKind.FUNCTION, FunctionKind.LAMBDA):
            return True
        parent = functions[parent].parent
    return False


def _variables(function: Function, index: int) -> list[Declared]:
    return [
        Declared(write.path, portable(write.value, function.calls), index)
        for write in function.writes
        if write.mode in (Mode.ASSIGN, Mode.AUGMENT) and "." not in write.path and "[" not in write.path
    ]


def _attributes(function: Function, index: int) -> list[Declared]:
    """Return the assignments to attributes of the first parameter of a method."""
    if not function.parameters or function.parameters[0].kind:
        return []
    prefix = function.parameters[0].name + "."
    start = len(prefix)
    return [
        Declared(write.path[start:], portable(write.value, function.calls), index)
        for write in function.writes
        if write.mode == Mode.ASSIGN and write.path.startswith(prefix) and _is_plain(write.path[start:])
    ]


def _is_plain(text: str) -> bool:
    return "." not in text and "[" not in text and "(" not in text


@query
def table(db: Database, path: str) -> ModuleTable | None:
    """Return what the module at ``path`` declares, or None when it cannot be read."""
    units = layout(db, path)
    if units is None:
        return None
    builder = _TableBuilder(path, units.module, units.package)
    for place in units.units:
        builder.add(place.unit, place.scope, outline(db, place.unit))
    return builder.finish()


class _TableBuilder:
    """Collects the declarations of a module, unit by unit."""

    def __init__(self, path: str, module: str, package: bool) -> None:  # noqa: FBT001
        self.path, self.module, self.package = path, module, package
        self.functions: dict[str, FunctionId] = {}
        self.bases: dict[str, ClassOutline] = {}
        self.methods: dict[str, dict[str, FunctionId]] = {}
        self.attributes: dict[str, dict[str, list[tuple[FunctionId, Any]]]] = {}
        self.variables: dict[str, list[tuple[FunctionId, Any]]] = {}
        self.imports: dict[str, str] = {}
        self.owners: dict[FunctionId, tuple[str, str]] = {}

    def add(self, unit: int, scope: tuple[str, ...], found: Outline) -> None:
        around = ".".join(scope)
        names: list[str] = []
        classes: list[str] = []
        for item in found.classes:
            qualified = ".".join((*scope, *item.scope, item.name))
            classes.append(qualified)
            if not item.local:
                self.bases[qualified] = item
        bodies = {item.body: classes[index] for index, item in enumerate(found.classes)}
        for index, function in enumerate(found.functions):
            owner = self._owner(function, index, around, classes, bodies, found)
            name = self._qualified(function, index, around, names, owner, bodies)
            names.append(name)
            self.owners[unit, index] = (owner, name)
            if function.kind is FunctionKind.FUNCTION:
                self.functions[name] = (unit, index)
                parent = found.functions[function.parent] if function.parent >= 0 else None
                if parent is None or parent.kind in (FunctionKind.MODULE, FunctionKind.CLASS):
                    self.methods.setdefault(owner, {})[function.name] = (unit, index)
            if function.kind is FunctionKind.MODULE:
                for imported in function.imports:
                    self._import(imported)
        for declared in found.variables:
            body = bodies.get(declared.function, around)
            row = ((unit, declared.function), declared.value)
            if body:
                self.attributes.setdefault(body, {}).setdefault(declared.name, []).append(row)
            else:
                self.variables.setdefault(declared.name, []).append(row)
        for declared in found.attributes:
            body = self.owners[unit, declared.function][0]
            if body:
                row = ((unit, declared.function), declared.value)
                self.attributes.setdefault(body, {}).setdefault(declared.name, []).append(row)

    def _owner(
        self,
        function: FunctionOutline,
        index: int,
        around: str,
        classes: list[str],
        bodies: dict[int, str],
        found: Outline,
    ) -> str:
        """Return the class whose ``self`` a function sees, or ''."""
        if index in bodies:
            return bodies[index]
        if function.owner >= 0:
            return classes[function.owner]
        if function.parent >= 0:
            parent = found.functions[function.parent]
            if parent.kind is FunctionKind.MODULE:
                return around
            return self._owner(parent, function.parent, around, classes, bodies, found)
        return around

    def _qualified(
        self,
        function: FunctionOutline,
        index: int,
        around: str,
        names: list[str],
        owner: str,
        bodies: dict[int, str],
    ) -> str:
        if index in bodies:
            return bodies[index]
        if function.kind is FunctionKind.MODULE:
            return around
        outer = around
        if function.owner >= 0:
            outer = owner
        elif function.parent >= 0:
            outer = names[function.parent]
        return f"{outer}.{function.name}" if outer else function.name

    def _import(self, item: Import) -> None:
        target = absolute(self.module, item, package=self.package)
        if item.name and target:
            self.imports[item.name] = target

    def finish(self) -> ModuleTable:
        classes = {
            name: ClassEntry(
                name,
                item.bases,
                item.decorators,
                self.methods.get(name, {}),
                {key: tuple(rows) for key, rows in self.attributes.get(name, {}).items()},
            )
            for name, item in self.bases.items()
        }
        variables = {name: tuple(rows) for name, rows in self.variables.items()}
        return ModuleTable(
            self.path,
            self.module,
            self.package,
            self.functions,
            classes,
            variables,
            self.imports,
            self.owners,
        )


def absolute(module: str, item: Import, *, package: bool) -> str:
    """Return the absolute dotted name that an import binds, or '' when it climbs too high."""
    base = item.module
    if item.level:
        parts = module.split(".")
        keep = len(parts) - item.level + (1 if package else 0)
        if keep < 0:
            return ""
        base = ".".join([*parts[:keep], *([item.module] if item.module else [])])
    if not item.attribute:
        return base
    return f"{base}.{item.attribute}" if base else item.attribute
