"""Says what one function does to shared fields and which siblings it calls, under its own locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.facts.schema import Call, Function, Mode, Path, Read, Result, Write
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import (
    assigned,
    declared_class,
    declared_function,
    outline,
    owner_of,
)
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.locking.declarations import (
    declarations_in,
    is_explained,
    speaks_of_sharing,
)
from review_checks.summaries.locking.fields import Kind, changes_itself, field_kind, variable_kind
from review_checks.summaries.locking.guards import UNKNOWN, Guard, plain, self_name
from review_checks.summaries.locking.locks import guards_at, held
from review_checks.summaries.locking.proofs import Proofs
from review_checks.summaries.locking.roles import Role, declares_lock, is_accessor, role_of
from review_checks.summaries.locking.traits import (
    Trait,
    Traits,
    traits_of_call,
    traits_of_read,
    traits_of_write,
)
from review_checks.summaries.names import attribute, callees, class_around, owner_of_name
from review_checks.summaries.paths import steps_of

if TYPE_CHECKING:
    from review_checks.models.schema import Lexicon

# Methods of containers that other objects have too, where they change what they are called on or not.
_AMBIGUOUS = frozenset(
    {"add", "clear", "insert", "remove", "reverse", "rotate", "subtract", "update"}
)
_NO_GUARDS: frozenset[str] = frozenset()
_UNSURE = frozenset({UNKNOWN})
_ASSIGN = Mode.ASSIGN

Event = tuple[str, int]
"""An event of a function: ``w``, ``r`` or ``c`` (write, read, call) and its index."""


class Site(msgspec.Struct, frozen=True, array_like=True):
    """One access of a field: all that a statement does to it under the same locks.

    ``compound`` marks a read-modify-write or container change, ``traits`` say what else it does.
    """

    write: bool
    compound: bool
    guards: frozenset[str]
    event: Event
    traits: Traits = Trait.NONE


class Reach(msgspec.Struct, frozen=True, array_like=True):
    """One call that stays in the class or module.

    ``target`` is ``.name`` for a method, ``super.name`` for one of a base, ``#index`` for a
    function of the same unit, and a plain name for a function of the module.
    """

    target: str
    guards: frozenset[str]
    event: Event


class Slice(msgspec.Struct, frozen=True, array_like=True):
    """What one function does to the fields of ``self`` and to module variables, under which locks.

    Attributes:
        name: the function's own.
        role: who may call it.
        declared: it says by its name, docstring or an assertion that its caller holds the lock.
        accessor: it is called by reading an attribute.
        sites: fields of ``self`` go by ``.name``, variables of the module by their name.
        reaches: its calls.
        mentions: functions of the module or unit that it hands on as values, under which locks.
        detached: targets that it has run later, by another thread or task.
        guards: the locks it takes that do not depend on a computed key.
        declares: the fields for which a comment declares a guard, and the text of each guard.
    """

    name: str
    role: Role
    declared: bool
    accessor: bool
    sites: dict[str, tuple[Site, ...]]
    reaches: tuple[Reach, ...]
    mentions: tuple[Reach, ...]
    detached: frozenset[str]
    guards: tuple[Guard, ...]
    declares: tuple[tuple[str, str], ...] = ()


_BODY = Slice("", Role.BODY, False, False, {}, (), (), _NO_GUARDS, ())


def event_of(body: Function, event: Event) -> Write | Call | Read:
    """Return the facts of an event."""
    kind, index = event
    if kind == "w":
        return body.writes[index]
    return body.calls[index] if kind == "c" else body.reads[index]


@query
def unit_slices(db: Database, unit: int) -> tuple[Slice, ...]:
    """Return each function's accesses and calls with the guards that it takes itself."""
    count = len(outline(db, unit).functions)
    return tuple([_Slicer(db, (unit, index)).slice() for index in range(count)])


@query
def _starts(db: Database, unit: int) -> tuple[tuple[tuple[int, int | None, str], ...], ...]:
    """Return the calls of each function that have something run later, and which argument that is.

    What the other calls mean is no matter here, so that a slice outlives most changes of that.
    """
    knowledge = models(db).knowledge
    return tuple(
        [
            tuple(
                [
                    (index, known.runs, known.runs_keyword)
                    for index, target in enumerate(named)
                    if target is not None
                    and ((known := knowledge(target)).runs is not None or known.runs_keyword)
                ]
            )
            for named in callees(db, unit)
        ]
    )


class _Slicer:
    """Sorts the events of one function by field."""

    def __init__(self, db: Database, function: FunctionId) -> None:
        self.db, self.function = db, function
        facts = unit_facts(db, function[0])
        self.body = facts.functions[function[1]]
        self.held = tuple([row for row in held(db, function) if _counts(row.guard)])
        self.me = self_name(db, function)
        self.path = unit_path(db, function[0])
        self.owner = owner_of(db, function)
        self.lexicon: Lexicon = models(db).lexicon
        self.proofs = Proofs(self.body, self.me, self.lexicon)
        self.said = {comment.line for comment in facts.comments if speaks_of_sharing(comment)}
        self.rows: dict[str, list[tuple[int, int, Site]]] = {}
        self.reaches: list[Reach] = []
        self.mentions: list[Reach] = []
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.known_roots: dict[str, bool] = {}
        self.known_kinds: dict[str, Kind] = {}

    def slice(self) -> Slice:
        """Return the slice of the function."""
        role = role_of(self.db, self.function)
        declares = declarations_in(self.db, self.function)
        if role is Role.BODY:
            return msgspec.structs.replace(_BODY, declares=declares) if declares else _BODY
        self.aliases = self._aliases()
        detached, coroutines = self._detached()
        for number, write in enumerate(self.body.writes):
            self._write(number, write)
        for number, call in enumerate(self.body.calls):
            if call.callee:
                self._call(number, call)
        for number, read in enumerate(self.body.reads):
            self._read(number, read)
        return Slice(
            self.body.name,
            role,
            declares_lock(self.db, self.function),
            is_accessor(outline(self.db, self.function[0]).functions[self.function[1]]),
            {field: _merged(rows) for field, rows in self.rows.items()},
            tuple([reach for reach in self.reaches if reach.event[1] not in coroutines]),
            tuple(self.mentions),
            detached,
            tuple([row.guard for row in self.held if row.guard.identity != UNKNOWN]),
            declares,
        )

    # Names

    def _aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the local names that stand for a field throughout: name → its steps.

        Where the field itself is bound anew, a local name may keep what it held before.
        """
        values: dict[str, Any] = {}
        rebound = set()
        for write in self.body.writes:
            if write.path.isidentifier():
                known = write.path in values
                values[write.path] = None if known or write.mode is not _ASSIGN else write.value
            elif write.mode is _ASSIGN:
                rebound.add(plain(steps_of(write.path)))
        found = {
            name: plain(steps_of(value.text))
            for name, value in values.items()
            if isinstance(value, Path) and steps_of(value.text)
        }
        return {
            name: steps
            for name, steps in found.items()
            if self._field(steps) is not None and steps not in rebound
        }

    def _field(self, steps: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
        """Return the field at the start of a path and the steps behind it."""
        root = steps[0]
        if self._is_me(root):
            behind = steps[2:] if steps[:2] == ("type", "()") else steps[1:]
            return (f".{behind[0]}", behind[1:]) if behind and behind[0][0] not in "[(" else None
        return (root, steps[1:]) if self._is_variable(root) else None

    def _is_me(self, root: str) -> bool:
        """Say whether a name stands for the object of the function's class, or for the class."""
        if self.me and root in (self.me, "type"):
            return True
        own = bool(root) and root == self.owner and self._is_global(root)
        return own and declared_class(self.db, self.path, root) is not None

    def _is_variable(self, name: str) -> bool:
        """Say whether a name means a variable of the module here."""
        known = self.known_roots.get(name)
        if known is None:
            known = self._is_global(name) and bool(assigned(self.db, self.path, "", name))
            self.known_roots[name] = known
        return known

    def _is_global(self, name: str) -> bool:
        return owner_of_name(self.db, self.function, name) is None

    def _named(self, steps: tuple[str, ...]) -> str:
        """Return the target that a path names, a function of the class, unit or module, or ''."""
        if len(steps) == 2 and self._is_me(steps[0]):
            return f".{steps[1]}"
        if len(steps) != 1:
            return ""
        around = owner_of_name(self.db, self.function, steps[0])
        if around is None:
            found = declared_function(self.db, self.path, steps[0])
            return steps[0] if found is not None else ""
        for index, inner in enumerate(outline(self.db, self.function[0]).functions):
            if inner.parent == around[1] and inner.name == steps[0]:
                return f"#{index}"
        return ""

    def _resolved(
        self, steps: tuple[str, ...], *, method: bool = False
    ) -> tuple[str, tuple[str, ...]] | None:
        """Return the field that a path uses and the steps behind it; records are taken apart."""
        alias = self.aliases.get(steps[0])
        found = self._field(steps if alias is None else (*alias, *steps[1:]))
        if found is None:
            return None
        field, rest = found
        while len(rest) > method and rest[0][0] not in "[(" and self._kind(field) is Kind.RECORD:
            field, rest = f"{field}.{rest[0]}", rest[1:]
        return field, rest

    def _is_element(self, steps: tuple[str, ...]) -> bool:
        """Say whether a path goes through an alias of something inside the field.

        The field itself was read when the alias was made.
        """
        alias = self.aliases.get(steps[0])
        return alias is not None and len(alias) > (2 if self._is_me(alias[0]) else 1)

    # Accesses

    def _add(
        self, field: str, event: Event, traits: Traits, *, write: bool, compound: bool = False
    ) -> None:
        row = event_of(self.body, event)
        guards = self._guards(row, write=write)
        if guards is None:
            return
        if not guards and is_explained(self.body, row.statement, row.span, self.said):
            return
        self.rows.setdefault(field, []).append(
            (row.statement, row.at, Site(write, compound, guards, event, traits))
        )

    def _guards(self, row: Write | Call | Read, *, write: bool = True) -> frozenset[str] | None:
        """Return what is held at an event; a read lock guards no write.

        None means that the object is not shared there.
        """
        rows = [item for item in self.held if not (write and item.guard.reads)]
        found = guards_at(tuple(rows), row.at) if rows else _NO_GUARDS
        if found:
            return found
        if self.proofs.is_owner(row.statement):
            return _UNSURE
        return None if self.proofs.is_idle(row.statement) else found

    def _reach(self, rows: list[Reach], target: str, event: Event) -> None:
        guards = self._guards(event_of(self.body, event))
        if guards is not None:
            rows.append(Reach(target, guards, event))

    def _kind(self, field: str) -> Kind:
        known = self.known_kinds.get(field)
        if known is None:
            known = self.known_kinds[field] = self._find_kind(field)
        return known

    def _find_kind(self, field: str) -> Kind:
        if not field.startswith("."):
            return Kind.UNKNOWN if "." in field else variable_kind(self.db, self.path, field)
        holder, _, name = field.rpartition(".")
        owner = self._class_of(holder)
        return field_kind(self.db, owner, name) if owner else Kind.UNKNOWN

    def _class_of(self, field: str) -> str:
        """Return the class of the object in a field, of the function's own object when it is ''."""
        owner: str | None = class_around(self.db, self.function)
        for name in field.split(".")[1:]:
            owner = attribute(self.db, owner, name) if owner else None
        return owner or ""

    def _write(self, index: int, write: Write) -> None:
        steps, mode = plain(steps_of(write.path)), write.mode
        event = ("w", index)
        if len(steps) == 1:
            if steps[0] in self.body.scoped and self._is_variable(steps[0]):
                traits = traits_of_write(write, ())
                self._add(steps[0], event, traits, write=True, compound=mode == Mode.AUGMENT)
            return
        found = self._resolved(steps)
        if found is None:
            return
        field, rest = found
        traits = traits_of_write(write, rest)
        if not rest:
            if len(steps) > 1 or steps[0] not in self.aliases:
                compound = mode in (Mode.AUGMENT, Mode.DELETE)
                self._add(field, event, traits, write=True, compound=compound)
        elif rest[-1][0] == "[" and self._owns_items(field, rest[:-1]):
            self._add(field, event, traits, write=True, compound=True)
        elif not self._is_element(steps):
            self._add(field, event, traits, write=False)

    def _owns_items(self, field: str, rest: tuple[str, ...]) -> bool:
        """Say whether storing an item behind ``rest`` changes the field's own container."""
        if not rest:
            return self._kind(field) is not Kind.OBJECT
        return all(step[0] == "[" for step in rest) and self._kind(field) is Kind.NEST

    def _mutates(self, field: str, rest: tuple[str, ...]) -> bool:
        """Say whether calling the method at the end of ``rest`` changes the field."""
        method, kind = rest[-1], self._kind(field)
        if kind is Kind.RECORD and len(rest) == 1:
            name = self._class_of(field) if field.startswith(".") else ""
            return bool(name) and changes_itself(self.db, name, method)
        if method not in self.lexicon.mutators or any(step[0] != "[" for step in rest[:-1]):
            return False
        if len(rest) == 1:
            certain = kind in (Kind.CONTAINER, Kind.NEST)
            return certain or (kind is Kind.UNKNOWN and method not in _AMBIGUOUS)
        return kind is Kind.NEST or (kind is Kind.CONTAINER and method not in _AMBIGUOUS)

    def _call(self, index: int, call: Call) -> None:
        steps = plain(steps_of(call.callee))
        if call.callee.startswith("super()."):
            self._reach(self.reaches, f"super.{steps[-1]}", ("c", index))
            return
        target = self._named(steps)
        if target:
            self._reach(self.reaches, target, ("c", index))
        if len(steps) == 1 or target:
            return
        found = self._resolved(steps, method=True)
        if found is None or not found[1]:
            return
        field, rest = found
        mutates = self._mutates(field, rest)
        if mutates or not self._is_element(steps):
            traits = traits_of_call(self.body, call, rest, mutates=mutates)
            if mutates and len(rest) > 1 and self._kind(field) is not Kind.NEST:
                traits |= Trait.INNER
            self._add(field, ("c", index), traits, write=mutates, compound=mutates)

    def _read(self, index: int, read: Read) -> None:
        steps = plain(steps_of(read.path))
        if len(steps) == 1:
            target = self._named(steps)
            if target:
                self._reach(self.mentions, target, ("r", index))
                return
        found = self._resolved(steps)
        if found is not None and not self._is_element(steps):
            traits = traits_of_read(self.body, read, found[1])
            self._add(found[0], ("r", index), traits, write=False)

    def _detached(self) -> tuple[frozenset[str], frozenset[int]]:
        """Return the targets that the function has run later, and the calls that make coroutines."""
        targets, coroutines = set(), set()
        for index, runs, keyword in _starts(self.db, self.function[0])[self.function[1]]:
            call = self.body.calls[index]
            value: Any = dict(call.keywords).get(keyword)
            if value is None and runs is not None and runs < len(call.args):
                value = call.args[runs]
            if isinstance(value, Path):
                targets.add(self._named(plain(steps_of(value.text))))
            elif isinstance(value, Result):
                # A coroutine is made here and run by its task.
                coroutines.add(value.call)
                targets.add(self._named(plain(steps_of(self.body.calls[value.call].callee))))
        return frozenset(targets) - {""}, frozenset(coroutines)


def _counts(guard: Guard) -> bool:
    return not guard.keyed or guard.identity == UNKNOWN


def _merged(rows: list[tuple[int, int, Site]]) -> tuple[Site, ...]:
    """Return the sites of a field in order, those of one statement under the same locks as one."""
    if len(rows) == 1:
        return (rows[0][2],)
    merged: dict[tuple[int, frozenset[str]], Site] = {}
    for statement, _, site in sorted(rows, key=lambda row: row[1]):
        key = (statement, site.guards)
        known = merged.get(key)
        if known is None:
            merged[key] = site
            continue
        kept = site if site.write and not known.write else known
        compound = known.compound or site.compound or known.write != site.write
        merged[key] = Site(
            kept.write,
            kept.write and compound,
            kept.guards,
            kept.event,
            known.traits | site.traits,
        )
    return tuple(merged.values())
