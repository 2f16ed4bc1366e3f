"""Gathers what the functions of a class or module are and use, for who asks about all of them.

It is gathered in the runs that ``parts`` makes, each of which is kept while no function of it
changes, so that who asks touches few objects for what did not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import class_names, module_info
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.guards import Guard
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.locking.shapes import NOTHING, Locks, Shape, unit_shapes
from review_checks.summaries.parts import member_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

T = TypeVar("T")

# A class of enumerated values takes ten times as long to ask for one as a module does.
_OWNED, _PUBLIC = Role.OWNED, Role.PUBLIC
_PRIVATE, _BODY = Role.PRIVATE, Role.BODY

Uses = tuple[tuple[FunctionId, Locks], ...]
"""Uses of a field: the functions, and the locks that they take themselves."""


class Run(msgspec.Struct, frozen=True, array_like=True):
    """What some functions of a class or module are and use; bodies are left out.

    A *maker* runs while its object is still being made.

    Attributes:
        functions: the functions in order.
        roles: function → its role, in order.
        names: the names of the functions.
        makers: those that are makers.
        public: those that anybody may call.
        declared: those that say themselves that their caller holds the lock.
        accessors: those that are called by reading an attribute.
        attributes: the fields that stand for private functions and accessors among them.
        fields: the fields that they use.
        bare: field → those that use it while they hold no lock of their own, but for makers.
        guarded: field → its uses under locks, but for those by makers.
        made: field → its uses by makers.
        locked: the fields that are used under locks, by whomever.
        changed: the fields that are changed, but for what makers do without a lock.
        changes_module: a variable of the module is changed, by whomever.
        guards: the locks that are taken, each once.
        declares: the fields for which a comment declares a guard, by which function, and as which
            text; those in bodies, too.
    """

    functions: tuple[FunctionId, ...]
    roles: dict[FunctionId, Role]
    names: frozenset[str]
    makers: tuple[FunctionId, ...]
    public: tuple[FunctionId, ...]
    declared: tuple[FunctionId, ...]
    accessors: frozenset[FunctionId]
    attributes: frozenset[str]
    fields: frozenset[str]
    bare: dict[str, tuple[FunctionId, ...]]
    guarded: dict[str, Uses]
    made: dict[str, Uses]
    locked: frozenset[str]
    changed: frozenset[str]
    changes_module: bool
    guards: tuple[Guard, ...]
    declares: tuple[tuple[str, FunctionId, str], ...]


Family = tuple[Run, ...]
"""The functions of a class or module in order, in runs."""

OwnedFamily = tuple[str, Family]
"""The class whose ``self`` functions see, or '' when they see none, and the functions."""


@query
def family(db: Database, path: str, owner: str) -> Family:
    """Return the functions that see the ``self`` of a class, or those of a module's own."""
    return tuple([_run(db, functions) for functions in member_parts(db, path, owner)])


def module_families(db: Database, path: str) -> list[OwnedFamily]:
    """Return the functions of a module's own, and those of all its classes."""
    module = module_info(db, path).name
    owned = [(f"{module}.{name}", family(db, path, name)) for name in class_names(db, path)]
    return [("", family(db, path, "")), *owned]


def family_shapes(db: Database, found: Family) -> Iterator[Shape]:
    """Yield the shapes of the functions of a class or module in order."""
    for run in found:
        for unit, index in run.functions:
            yield unit_shapes(db, unit)[index]


@query
def _run(db: Database, functions: tuple[FunctionId, ...]) -> Run:
    shapes: dict[FunctionId, Shape] = {}
    roles: dict[FunctionId, Role] = {}
    attributes: list[str] = []
    guards: dict[str, Guard] = {}
    declares: list[tuple[str, FunctionId, str]] = []
    for function in functions:
        shape = unit_shapes(db, function[0])[function[1]]
        if shape.declares:
            declares += [(field, function, text) for field, text in shape.declares]
        role = shape.role
        if role is not _BODY:
            shapes[function], roles[function] = shape, role
            if role is _PRIVATE or shape.accessor:
                attributes.append(f".{shape.name}")
            for guard in shape.guards:
                guards.setdefault(guard.identity, guard)
    rows = shapes.values()
    changed, changes_module = _changes(rows)
    bare, guarded, made = _uses(shapes)
    return Run(
        tuple(shapes),
        roles,
        frozenset([shape.name for shape in rows]),
        tuple([function for function, role in roles.items() if role is _OWNED]),
        tuple([function for function, role in roles.items() if role is _PUBLIC]),
        tuple([function for function, shape in shapes.items() if shape.declared]),
        frozenset([function for function, shape in shapes.items() if shape.accessor]),
        frozenset(attributes),
        frozenset((*bare, *guarded, *made)),
        bare,
        guarded,
        made,
        frozenset([row[0] for shape in rows if shape.guarded for row in shape.guarded]),
        changed,
        changes_module,
        tuple(guards.values()),
        tuple(declares),
    )


def _uses(
    shapes: Mapping[FunctionId, Shape],
) -> tuple[dict[str, tuple[FunctionId, ...]], dict[str, Uses], dict[str, Uses]]:
    """Return who uses which fields without a lock of their own, with some, and as a maker."""
    bare: dict[str, list[FunctionId]] = {}
    guarded: dict[str, list[tuple[FunctionId, Locks]]] = {}
    made: dict[str, list[tuple[FunctionId, Locks]]] = {}
    for function, shape in shapes.items():
        if shape.role is _OWNED:
            for field, _, locks in shape.guarded:
                made.setdefault(field, []).append((function, locks))
            for field in shape.reads:
                made.setdefault(field, []).append((function, NOTHING))
            continue
        for field in shape.reads:
            bare.setdefault(field, []).append(function)
        for field, _, locks in shape.guarded:
            guarded.setdefault(field, []).append((function, locks))
    return _settled(bare), _settled(guarded), _settled(made)


def _settled(rows: Mapping[str, list[T]]) -> dict[str, tuple[T, ...]]:
    return {field: tuple(found) for field, found in rows.items()}


def _changes(shapes: Iterable[Shape]) -> tuple[frozenset[str], bool]:
    """Return the fields that are changed, and whether any variable of the module is."""
    changed: set[str] = set()
    by_makers: set[str] = set()
    for shape in shapes:
        if shape.writes:
            (by_makers if shape.role is _OWNED else changed).update(shape.writes)
        if shape.guarded:
            changed.update([field for field, write, _ in shape.guarded if write])
    return frozenset(changed), any(field[0] != "." for field in changed | by_makers)
