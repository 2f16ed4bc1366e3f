"""Says what a name refers to, as a *canonical name*.

A canonical name is the dotted name of the definition itself: ``nova.utils.synchronized`` for
``utils.synchronized`` in a module that imports ``nova.utils``, ``threading.Lock`` for the value of
a variable assigned from ``threading.Lock()``. An instance goes by the name of its class, so that
``LOG.info`` becomes ``logging.Logger.info``. What is not known is None: never safe, never guilty.
"""

from __future__ import annotations

import builtins
from typing import Any

import msgspec

from review_checks.facts.schema import (
    Const,
    Function,
    FunctionKind,
    Import,
    Logic,
    Mode,
    Path,
    Result,
    Value,
)
from review_checks.summaries.incremental import Database, query, query_or_unknown
from review_checks.summaries.index import (
    ClassDeclaration,
    Row,
    assigned,
    declared_class,
    declared_function,
    imported,
    module_info,
    module_of,
    outline,
    owner_of,
    qualified_name,
)
from review_checks.summaries.inputs import (
    FunctionId,
    models,
    module_path,
    unit_facts,
    unit_path,
)
from review_checks.summaries.outline import Made, resolve_import
from review_checks.summaries.paths import steps_of

# With those of Python 2 that the models speak of.
_BUILTINS = frozenset(dir(builtins)) | {"long", "raw_input", "xrange"}
_OUTSIDE = (FunctionKind.MODULE, FunctionKind.CLASS)
_NAMELESS = ("*", "''")
_MAX_STEPS = 12
_MAX_LINEAGE = 50


class Home(msgspec.Struct, frozen=True, array_like=True):
    """Where a canonical name is defined in the project: a file, and a name inside it.

    The name is empty for the module itself.
    """

    path: str
    name: str


@query
def home(db: Database, canonical: str) -> Home | None:
    """Return where a canonical name is defined, or None when it lies outside the project."""
    if not module_path(db, canonical.partition(".")[0]):
        return None
    head, rest = canonical, ""
    while head:
        path = module_path(db, head)
        if path:
            return Home(path, rest)
        head, _, last = head.rpartition(".")
        rest = f"{last}.{rest}" if rest else last
    return None


@query
def class_of(db: Database, canonical: str) -> ClassDeclaration | None:
    """Return the declaration of a project class, or None."""
    place = home(db, canonical)
    return declared_class(db, place.path, place.name) if place is not None and place.name else None


@query
def function_of(db: Database, canonical: str) -> FunctionId | None:
    """Return the function a canonical name stands for; for a class, its ``__init__``."""
    place = home(db, canonical)
    if place is None or not place.name:
        return None
    function = declared_function(db, place.path, place.name)
    if function is None and class_of(db, canonical) is not None:
        return method_of(db, canonical, "__init__")
    return function


@query
def lineage(db: Database, canonical: str) -> tuple[str, ...]:
    """Return a class and its bases, nearest first; classes outside the project included.

    The order is depth first, left to right, which equals the method resolution order but for
    diamonds.
    """
    found: dict[str, None] = {}
    todo = [canonical]
    while todo:
        name = todo.pop()
        if name in found or len(found) > _MAX_LINEAGE:
            continue
        found[name] = None
        entry = class_of(db, name)
        place = home(db, name)
        if entry is None or place is None:
            continue
        bases = [global_name(db, place.path, base) for base in entry.bases]
        todo += [base for base in reversed(bases) if base is not None]
    return tuple(found)


def method_in(db: Database, canonical: str, name: str) -> FunctionId | None:
    """Return the method that a class itself declares under a name."""
    place = home(db, canonical)
    return declared_function(db, place.path, f"{place.name}.{name}") if place is not None else None


def attribute_rows(db: Database, canonical: str, name: str) -> tuple[Row, ...]:
    """Return what a class itself assigns to an attribute, in its body or through ``self``."""
    place = home(db, canonical)
    return assigned(db, place.path, place.name, name) if place is not None and place.name else ()


def is_stored(db: Database, canonical: str, name: str) -> bool:
    """Say whether a class itself stores an attribute in its objects, whatever its body declares."""
    return any(
        outline(db, unit).functions[index].kind is not FunctionKind.CLASS
        for (unit, index), _ in attribute_rows(db, canonical, name)
    )


@query
def method_of(db: Database, canonical: str, name: str) -> FunctionId | None:
    """Return the method that an instance of a class has under a name, inherited ones included."""
    for base in lineage(db, canonical):
        if class_of(db, base) is not None:
            found = method_in(db, base, name)
            if found is not None:
                return found
    return None


@query_or_unknown
def member(db: Database, canonical: str, name: str) -> str | None:
    """Return the canonical name of an attribute of a module, class or instance."""
    place = home(db, canonical)
    if place is None:
        return models(db).canonical(f"{canonical}.{name}")
    if not place.name:
        return global_name(db, place.path, name)
    stranger = ""
    for base in lineage(db, canonical):
        if class_of(db, base) is None:
            if home(db, base) is None and base not in (canonical, "object"):
                stranger = stranger or base
            continue
        if method_in(db, base, name) is not None or class_of(db, f"{base}.{name}") is not None:
            return f"{base}.{name}"
        if attribute_rows(db, base, name):
            return attribute(db, base, name)
    # What no class of the project has comes from the first base that is not of the project.
    return models(db).canonical(f"{stranger}.{name}") if stranger else None


@query_or_unknown
def attribute(db: Database, canonical: str, name: str) -> str | None:
    """Return what an attribute that a class assigns stands for, when its values agree."""
    return _agreed(db, attribute_rows(db, canonical, name))


def _agreed(db: Database, rows: tuple[Row, ...]) -> str | None:
    """Return the canonical name that all the assigned values share; None ones are left out."""
    found: set[str] = set()
    for function, value in rows:
        if value == Const(None):
            continue
        canonical = value_name(db, function, value)
        if canonical is None:
            return None
        found.add(canonical)
    return found.pop() if len(found) == 1 else None


def value_name(db: Database, function: FunctionId, value: Any) -> str | None:
    """Return the canonical name of what a portable value is an instance of, or refers to."""
    if isinstance(value, Path):
        return declared_name(db, function, value.text)
    if isinstance(value, Made):
        callee = declared_name(db, function, value.callee)
        result = None if callee is None else returned(db, callee)
        return _walk(db, result, steps_of(value.rest)) if result is not None else None
    if isinstance(value, Logic) and value.op in ("or", "if"):
        parts = value.parts if value.op == "or" else value.parts[1:]
        known = {value_name(db, function, part) for part in parts if part != Const(None)}
        known.discard(None)
        return known.pop() if len(known) == 1 else None
    return None


def declared_name(db: Database, function: FunctionId, text: str) -> str | None:
    """Return what a path means in a function, as far as declarations alone tell."""
    steps = steps_of(text)
    unit, index = function
    declared = outline(db, unit).functions[index]
    path = unit_path(db, unit)
    root = steps[0] if steps else ""
    for item in declared.imports:
        if item.name == root:
            return _walk(db, imported_by(db, path, item), steps[1:])
    for position, parameter in enumerate(declared.parameters):
        if parameter.name != root:
            continue
        owner = class_around(db, function)
        if position == 0 and owner and not parameter.kind:
            return _walk(db, owner, steps[1:])
        if parameter.annotation and not parameter.kind:
            typed = global_name(db, path, parameter.annotation)
            return _walk(db, typed, steps[1:]) if typed else None
        return None
    return global_name(db, path, text)


def absolute_import(db: Database, path: str, item: Import) -> str:
    """Return the dotted name that an import inside a function binds."""
    info = module_info(db, path)
    return resolve_import(info.name, item, package=info.package)


def imported_by(db: Database, path: str, item: Import) -> str | None:
    """Return the canonical name that an import binds, following re-exports."""
    target = absolute_import(db, path, item)
    return _imported(db, path, target) if target else None


def class_around(db: Database, function: FunctionId) -> str:
    """Return the canonical name of the class whose ``self`` a function sees, or ''."""
    owner = owner_of(db, function)
    return f"{module_of(db, function)}.{owner}" if owner else ""


@query_or_unknown
def returned(db: Database, callee: str) -> str | None:
    """Return the canonical name of what calling a canonical name gives."""
    knowledge = models(db).knowledge(callee)
    if knowledge.returns:
        return knowledge.returns
    place = home(db, callee)
    if place is None:
        # Calling a class gives an instance; by convention a class has a capital letter.
        last = callee.rpartition(".")[2]
        known = knowledge.lock is not None or knowledge.resource is not None
        return callee if last[:1].isupper() or known else None
    if class_of(db, callee) is not None:
        return callee
    function = declared_function(db, place.path, place.name) if place.name else None
    if function is None:
        return None
    declared = outline(db, function[0]).functions[function[1]]
    if declared.returns:
        return global_name(db, place.path, declared.returns)
    return None


@query_or_unknown
def global_name(db: Database, path: str, text: str) -> str | None:
    """Return the canonical name of an access path at the top level of a module."""
    steps = steps_of(text)
    if not steps:
        return None
    target = _top_level(db, path, steps[0])
    return _walk(db, target, steps[1:]) if target is not None else None


def is_defined(db: Database, path: str, name: str) -> bool:
    """Say whether a module itself defines a function or class of that name."""
    return (
        declared_function(db, path, name) is not None or declared_class(db, path, name) is not None
    )


def _top_level(db: Database, path: str, name: str) -> str | None:
    info = module_info(db, path)
    if is_defined(db, path, name):
        return f"{info.name}.{name}"
    rows = assigned(db, path, "", name)
    if rows:
        return _agreed(db, rows)
    target = imported(db, path, name)
    if target:
        return _imported(db, path, target)
    if info.package:
        inner = f"{info.name}.{name}"
        if module_path(db, inner):
            return inner
    return models(db).canonical(name) if name in _BUILTINS else None


def _imported(db: Database, path: str, target: str) -> str | None:
    """Follow an import through the project's own re-exports."""
    head, _, last = target.rpartition(".")
    if module_path(db, target):
        return _own_name(db, target)
    if head and module_path(db, head):
        return None if module_path(db, head) == path else imported_name(db, head, last)
    return models(db).canonical(target)


@query_or_unknown
def imported_name(db: Database, module: str, name: str) -> str | None:
    """Return what ``from module import name`` means, following re-exports."""
    seen: set[tuple[str, str]] = set()
    while (module, name) not in seen and len(seen) < _MAX_STEPS:
        seen.add((module, name))
        path = module_path(db, module)
        if not path:
            return models(db).canonical(f"{module}.{name}")
        if is_defined(db, path, name) or assigned(db, path, "", name):
            return exported(db, path, name)
        target = imported(db, path, name)
        if not target or target == f"{module}.{name}":
            inner = f"{module}.{name}"
            return _own_name(db, inner) if module_path(db, inner) else None
        if module_path(db, target):
            return _own_name(db, target)
        module, _, name = target.rpartition(".")
        if not module:
            return models(db).canonical(name)
    return None


@query_or_unknown
def _own_name(db: Database, module: str) -> str:
    """Return the name that a module goes by itself.

    It may be imported by a longer one, through folders that have no ``__init__`` (PEP 420).
    """
    return module_info(db, module_path(db, module)).name


def exported(db: Database, path: str, name: str) -> str | None:
    """Return the canonical name of something that a module itself defines."""
    qualified = f"{module_info(db, path).name}.{name}"
    if is_defined(db, path, name):
        return qualified
    return _agreed(db, assigned(db, path, "", name)) or qualified


def _walk(db: Database, canonical: str | None, steps: tuple[str, ...]) -> str | None:
    """Follow attribute, call and item steps from a canonical name."""
    for step in steps[:_MAX_STEPS]:
        if canonical is None:
            return None
        if step == "()":
            canonical = returned(db, canonical)
        elif step.startswith("["):
            return None
        else:
            canonical = member(db, canonical, step)
    return canonical


# Names inside one function


def canonical_in(db: Database, function: FunctionId, text: str) -> str | None:
    """Return the canonical name of an access path inside a function.

    Local variables count when all their assignments in the function agree.
    """
    steps = steps_of(text)
    if not steps or steps[0] in _NAMELESS:
        return None
    owner = owner_of_name(db, function, steps[0])
    if owner is None:
        return global_name(db, unit_path(db, function[0]), text)
    target = local_name(db, owner, steps[0])
    return _walk(db, target, steps[1:]) if target is not None else None


@query
def bound_names(db: Database, unit: int) -> tuple[frozenset[str], ...]:
    """Return the names that each function of a unit binds itself; none for module and class bodies."""
    functions = unit_facts(db, unit).functions
    rows = [_bound(function) for function in functions]
    for inner in functions:
        if inner.parent >= 0 and inner.owner < 0 and inner.kind is FunctionKind.FUNCTION:
            rows[inner.parent].add(inner.name)
    return tuple(
        [
            frozenset() if body.kind in _OUTSIDE else frozenset(names)
            for body, names in zip(functions, rows, strict=True)
        ]
    )


def _bound(function: Function) -> set[str]:
    names = {parameter.name for parameter in function.parameters}
    names |= {write.path for write in function.writes if write.path.isidentifier()}
    names |= {item.name for item in function.imports}
    names |= {handler.name for handler in function.handlers}
    return names - set(function.scoped) - {""}


def owner_of_name(db: Database, function: FunctionId, name: str) -> FunctionId | None:
    """Return the function around a use that binds a name, or None when the module does."""
    unit, index = function
    bound = bound_names(db, unit)
    functions = outline(db, unit).functions
    while index >= 0:
        if name in bound[index]:
            return (unit, index)
        index = functions[index].parent
    return None


@query_or_unknown
def local_name(db: Database, function: FunctionId, name: str) -> str | None:
    """Return what a name that a function binds stands for."""
    unit, index = function
    facts = unit_facts(db, unit).functions
    body = facts[index]
    path = unit_path(db, unit)
    for inner in facts:
        if inner.parent == index and inner.name == name and inner.owner < 0:
            return f"{module_of(db, function)}.{qualified_name(db, function)}.{name}"
    for item in body.imports:
        if item.name == name:
            return imported_by(db, path, item)
    writes = [write for write in body.writes if write.path == name]
    if not writes:
        return declared_name(db, function, name)
    if any(parameter.name == name for parameter in body.parameters):
        return None
    candidates: set[str | None] = set()
    for write in writes:
        if write.value == Const(None):
            continue
        if write.mode not in (Mode.ASSIGN, Mode.ENTER):
            return None
        candidates.add(_assigned_name(db, function, body, write.value, name))
    return candidates.pop() if len(candidates) == 1 else None


def _assigned_name(
    db: Database, function: FunctionId, body: Function, value: Value, name: str
) -> str | None:
    if isinstance(value, Path):
        root = steps_of(value.text)[0]
        return None if root == name else canonical_in(db, function, value.text)
    if isinstance(value, Result):
        callee = body.calls[value.call].callee
        if not callee or steps_of(callee)[0] == name:
            return None
        target = canonical_in(db, function, callee)
        result = returned(db, target) if target is not None else None
        return _walk(db, result, steps_of(value.rest)) if result is not None else None
    return None


@query
def callees(db: Database, unit: int) -> tuple[tuple[str | None, ...], ...]:
    """Return the canonical name of every call of a unit, function by function."""
    return tuple(
        [
            _callees(db, (unit, index), body) if body.calls else ()
            for index, body in enumerate(unit_facts(db, unit).functions)
        ]
    )


def _callees(db: Database, function: FunctionId, body: Function) -> tuple[str | None, ...]:
    """Return the canonical name of every call of a function; each name is looked up once."""
    path, own = unit_path(db, function[0]), bound_names(db, function[0])[function[1]]
    known: dict[str, str | None] = {}
    owners: dict[str, FunctionId | None] = {}
    targets: dict[str, str | None] = {}
    for call in body.calls:
        if call.callee in known:
            continue
        steps = steps_of(call.callee)
        if not steps or steps[0] in _NAMELESS:
            known[call.callee] = None
            continue
        root = steps[0]
        if root not in owners:
            owner: FunctionId | None = function if root in own else None
            if owner is None and body.parent >= 0:
                owner = owner_of_name(db, function, root)
            owners[root] = owner
            targets[root] = local_name(db, owner, root) if owner is not None else None
        if owners[root] is None:
            known[call.callee] = global_name(db, path, call.callee)
        else:
            known[call.callee] = _walk(db, targets[root], steps[1:])
    return tuple([known[call.callee] for call in body.calls])
