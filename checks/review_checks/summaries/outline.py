"""What a unit declares, without positions, so that most edits leave it as it is."""

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
    Result,
    Table,
    UnitFacts,
    Value,
)

_MAX_PARTS = 2000
_MAX_DEPTH = 5
_BODIES = (FunctionKind.MODULE, FunctionKind.CLASS)
_STORED = (Mode.ASSIGN, Mode.AUGMENT)
_ASSIGN = Mode.ASSIGN


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
        left, right = (
            portable(value.left, calls, depth + 1),
            portable(value.right, calls, depth + 1),
        )
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


def outline_of(facts: UnitFacts) -> Outline:
    """Return what a unit with these facts declares."""
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
        if function.kind in _BODIES:
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
        if write.mode in _STORED and "." not in write.path and "[" not in write.path
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
        if write.mode is _ASSIGN and write.path.startswith(prefix) and _is_plain(write.path[start:])
    ]


def _is_plain(text: str) -> bool:
    return "." not in text and "[" not in text and "(" not in text


def owners_of(found: Outline, scope: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return, for each function of a unit, the class whose ``self`` it sees and its qualified name.

    The qualified name of a class body is that of the class; that of module statements is ''.
    """
    classes = [".".join((*scope, *item.scope, item.name)) for item in found.classes]
    bodies = {item.body: name for item, name in zip(found.classes, classes, strict=True)}
    around = ".".join(scope)
    rows: list[tuple[str, str]] = []
    for index, function in enumerate(found.functions):
        if index in bodies:
            rows.append((bodies[index], bodies[index]))
        elif function.kind is FunctionKind.MODULE:
            rows.append((around, around))
        else:
            outer = function.parent
            owner, name = rows[outer] if outer >= 0 else (around, around)
            rows.append((owner, f"{name}.{function.name}" if name else function.name))
    return tuple(rows)


def resolve_import(module: str, item: Import, *, package: bool) -> str:
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
