"""Says what kind of thing a field holds, as far as it matters to who may change it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from review_checks.facts.schema import Closure, Const, Items, Logic, Mode, Path, Table
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import Row, assigned, members, outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.locking.declarations import declarations_in
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.locking.locks import held
from review_checks.summaries.names import (
    attribute_rows,
    class_of,
    declared_name,
    home,
    lineage,
    method_of,
    returned,
)
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import last_step, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The containers of the language and its standard library.
_CONTAINERS = frozenset(
    {
        "ChainMap",
        "Counter",
        "Dict",
        "List",
        "OrderedDict",
        "Set",
        "UserDict",
        "UserList",
        "WeakKeyDictionary",
        "WeakSet",
        "WeakValueDictionary",
        "bytearray",
        "defaultdict",
        "deque",
        "dict",
        "list",
        "set",
    }
)


class Kind(enum.IntEnum):
    """What a field holds.

    A ``NEST`` is a container that makes containers of its own, such as ``defaultdict(list)``. A
    ``RECORD`` is an object of a class of the project that its owner made and that looks after
    nothing but its attributes. An ``OBJECT`` answers for itself.
    """

    UNKNOWN = 0
    CONTAINER = 1
    NEST = 2
    RECORD = 3
    OBJECT = 4


@query
def field_kind(db: Database, owner: str, name: str) -> Kind:
    """Return what an attribute of a class holds, from all that the class and its bases assign."""
    rows = [row for base in lineage(db, owner) for row in attribute_rows(db, base, name)]
    return _kind_of(db, rows)


@query
def variable_kind(db: Database, path: str, name: str) -> Kind:
    """Return what a variable of a module holds."""
    return _kind_of(db, assigned(db, path, "", name))


def _kind_of(db: Database, rows: Iterable[Row]) -> Kind:
    kinds = {kind for function, value in rows for kind in _kinds(db, function, value)}
    for kind in (Kind.NEST, Kind.CONTAINER, Kind.OBJECT):
        if kind in kinds:
            return kind
    return Kind.RECORD if kinds == {Kind.RECORD} else Kind.UNKNOWN


def _kinds(db: Database, function: FunctionId, value: Any) -> Iterator[Kind]:
    if isinstance(value, Table) or (
        isinstance(value, Items) and value.kind in ("list", "set", "table")
    ):
        yield Kind.CONTAINER
    elif isinstance(value, Logic) and value.op in ("or", "if"):
        for part in value.parts if value.op == "or" else value.parts[1:]:
            yield from _kinds(db, function, part)
    elif isinstance(value, Made):
        yield _made_kind(db, function, value)
    elif isinstance(value, Path):
        known = declared_name(db, function, value.text)
        yield _class_kind(db, known, handed=True) if known else Kind.UNKNOWN
    elif isinstance(value, Const):
        if value.value is not None:
            yield Kind.OBJECT
    else:
        yield Kind.UNKNOWN


def _made_kind(db: Database, function: FunctionId, made: Made) -> Kind:
    given = dict(made.keywords)
    factory = given.get("default_factory", given.get("factory"))
    callee = factory.text if isinstance(factory, Path) else made.callee
    if last_step(callee) == "defaultdict" and made.args:
        inner = made.args[0]
        nests = isinstance(inner, Closure) or (
            isinstance(inner, Path) and last_step(inner.text) in _CONTAINERS
        )
        return Kind.NEST if nests else Kind.CONTAINER
    if last_step(callee) in _CONTAINERS:
        return Kind.CONTAINER
    known = declared_name(db, function, callee)
    result = returned(db, known) if known and not made.rest else None
    return _class_kind(db, result) if result else Kind.UNKNOWN


def _class_kind(db: Database, name: str, *, handed: bool = False) -> Kind:
    if name.rpartition(".")[2] in _CONTAINERS:
        return Kind.CONTAINER
    if class_of(db, name) is None:
        return Kind.OBJECT
    bases = lineage(db, name)
    strangers = [base for base in bases if class_of(db, base) is None and base != "object"]
    if handed or strangers or any(_takes_locks(db, base) for base in bases):
        return Kind.OBJECT
    return Kind.RECORD


def _takes_locks(db: Database, owner: str) -> bool:
    place = home(db, owner)
    return place is not None and takes_locks(db, place.path, place.name)


@query
def takes_locks(db: Database, path: str, owner: str) -> bool:
    """Say whether a class, or a module when ``owner`` is '', takes any lock or declares any guard."""
    return any(index in lockers(db, unit) for unit, index in members(db, path, owner))


@query
def lockers(db: Database, unit: int) -> frozenset[int]:
    """Return which functions of a unit take locks or declare guards."""
    functions = [(unit, index) for index in range(len(outline(db, unit).functions))]
    found = [row[1] for row in functions if held(db, row) or declarations_in(db, row)]
    return frozenset(found)


@query
def changes_itself(db: Database, owner: str, name: str) -> bool:
    """Say whether a method of a record changes the object it is called on."""
    function = method_of(db, owner, name)
    if function is None:
        return False
    body, me = unit_facts(db, function[0]).functions[function[1]], self_name(db, function)
    mutators = models(db).lexicon.mutators
    stored = any(
        write.mode in (Mode.ASSIGN, Mode.AUGMENT, Mode.DELETE) and steps_of(write.path)[:1] == (me,)
        for write in body.writes
        if len(steps_of(write.path)) > 1
    )
    return stored or any(
        steps[0] == me and len(steps) > 2 and steps[-1] in mutators
        for steps in (steps_of(call.callee) for call in body.calls if call.callee)
    )
