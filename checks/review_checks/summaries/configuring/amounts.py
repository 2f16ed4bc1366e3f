"""Finds the places where a setting decides an amount.

Such a place is a call that takes a number of something (``range``, a pool), a store to a
field or key that holds a capacity (``node.memory_used``, ``{"reserved": …}``), or what is left when
it is subtracted from a capacity.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Binary,
    Call,
    Const,
    Items,
    Logic,
    Mode,
    Opaque,
    Path,
    Table,
    Value,
)
from review_checks.summaries.configuring.flows import Flow, Origin
from review_checks.summaries.flow import handlers_around
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.names import canonical_in
from review_checks.summaries.parts import Part, parts
from review_checks.summaries.paths import field_of, last_step, parent_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.models.loader import Models
    from review_checks.models.schema import Amount, Lexicon

_MAX_NESTING = 4
_DISPLAYS = (Items, Table)
_WHOLES = (Binary, Items, Logic, Opaque, Table)
_HANDLED = frozenset({"ValueError", "TypeError"})
_STORED = (Mode.ASSIGN, Mode.AUGMENT)


class Use(msgspec.Struct, frozen=True, array_like=True):
    """A place where a setting decides an amount.

    Attributes:
        origin: the setting, and how it came there.
        role: ``count`` or ``pool`` as in the models, ``store`` or ``subtract``.
        event: the write (``w``), call (``c``), read (``r``) or statement (``s``) to point at.
        statement: the statement in which it happens.
        target: the callee, the path or key stored to, or the capacity subtracted from.
        taken: whether the amount is set aside or taken out of a capacity.
        total: the path of that capacity when it stands beside the amount, or ''.
        amount: the path of the amount itself when it is no more than that, or ''.
        least: the smallest number that makes sense.
    """

    origin: Origin
    role: str
    event: tuple[str, int]
    statement: int
    target: str
    taken: bool = False
    total: str = ""
    amount: str = ""
    least: int = 0


@query
def setting_uses(db: Database, function: FunctionId) -> tuple[Use, ...]:
    """Return where settings decide amounts in a function, unless a test there compares them first."""
    finder = _Finder(db, function)
    found = [*finder.calls(), *finder.stores(), *finder.differences()]
    return tuple([use for use in found if not finder.flow.is_compared(use.origin, use.statement)])


class _Finder:
    """Looks at one function; the flow of values is asked only at places where an amount matters."""

    def __init__(self, db: Database, function: FunctionId) -> None:
        self.db = db
        self.function = function
        self.body = unit_facts(db, function[0]).functions[function[1]]
        self.flow = Flow(db, function)
        self._lexicon = models(db).lexicon

    # Calls

    def calls(self) -> Iterator[Use]:
        """Yield the calls that are told how many."""
        wanted = amount_names(models(self.db))
        for index, call in enumerate(self.body.calls):
            if last_step(call.callee) not in wanted:
                continue
            canonical = canonical_in(self.db, self.function, call.callee)
            known = models(self.db).knowledge(canonical).amount if canonical else None
            if known is None or self._is_handled(call.statement):
                continue
            for value, least in _amounts(call, known):
                for origin in self._origins(value, call.statement):
                    event = ("c", index)
                    yield Use(origin, known.role, event, call.statement, call.callee, least=least)

    def _is_handled(self, statement: int) -> bool:
        """Say whether the failure of a call that refuses a number is handled."""
        return any(
            _HANDLED & set(handler.types) for handler in handlers_around(self.body, statement)
        )

    def _origins(self, value: Value, statement: int) -> list[Origin]:
        return [
            origin
            for origin in self.flow.origins(value, statement)
            if origin.number and not origin.key.startswith("#")
        ]

    # Stores

    def stores(self) -> Iterator[Use]:
        """Yield what is stored in fields and under keys that hold capacities."""
        for index, write in enumerate(self.body.writes):
            if write.mode not in _STORED:
                continue
            name = "" if write.path.isidentifier() else field_of(write.path)
            if name and parent_of(write.path) and self._is_capacity(name):
                for origin in self._origins(write.value, write.statement):
                    yield self._store(origin, ("w", index), write.statement, write.path)
            if isinstance(write.value, _DISPLAYS):
                yield from self._entries(write.value, write.statement, ("w", index))
        for result in self.body.results:
            if isinstance(result.value, _DISPLAYS):
                event = ("s", result.statement)
                yield from self._entries(result.value, result.statement, event)
        for index, call in enumerate(self.body.calls):
            for value in call.args:
                if isinstance(value, _DISPLAYS):
                    yield from self._entries(value, call.statement, ("c", index))

    def _entries(
        self, value: Value, statement: int, event: tuple[str, int], depth: int = 0
    ) -> Iterator[Use]:
        """Yield what is stored under the keys of a dictionary display."""
        if isinstance(value, Items) and depth < _MAX_NESTING:
            for part in value.parts:
                yield from self._entries(part, statement, event, depth + 1)
        if not isinstance(value, Table) or depth >= _MAX_NESTING:
            return
        for key, inner in zip(value.keys, value.values, strict=True):
            yield from self._entries(inner, statement, event, depth + 1)
            name = key.value if isinstance(key, Const) else None
            if isinstance(name, str) and self._is_capacity(name):
                for origin in self._origins(inner, statement):
                    place = self._place(origin, statement) or event
                    use = self._store(origin, place, statement, repr(name))
                    total = self._total_beside(value, name)
                    yield msgspec.structs.replace(use, total=total, amount=_path(inner))

    def _store(self, origin: Origin, event: tuple[str, int], statement: int, target: str) -> Use:
        taken = _has_words(field_of(target) or target, self._lexicon.reservations)
        return Use(origin, "store", event, statement, target, taken)

    def _total_beside(self, display: Table, name: str) -> str:
        """Return the path stored beside a reserved amount as the capacity it is taken from."""
        wanted = totals_of(name, self._lexicon)
        for key, value in zip(display.keys, display.values, strict=True):
            if isinstance(key, Const) and key.value in wanted:
                return _path(value)
        return ""

    def _place(self, origin: Origin, statement: int) -> tuple[str, int] | None:
        """Return the last read or call of a statement through which a setting came."""
        for function, kind, index in reversed(origin.steps):
            events = self.body.reads if kind == "r" else self.body.calls
            if function == self.function and kind in "rc" and events[index].statement == statement:
                return kind, index
        return None

    # Differences

    def differences(self) -> Iterator[Use]:
        """Yield settings that are subtracted from a capacity."""
        for index, write in enumerate(self.body.writes):
            for difference in _differences(write.value) if isinstance(write.value, _WHOLES) else ():
                capacity = difference.left
                if not isinstance(capacity, Path) or not self._is_capacity(field_of(capacity.text)):
                    continue
                for origin in self._origins(difference.right, write.statement):
                    event = self._place(origin, write.statement) or ("w", index)
                    # What is left may be compared later on, instead of the setting.
                    holding = msgspec.structs.replace(origin, names=(*origin.names, write.path))
                    yield Use(
                        holding,
                        "subtract",
                        event,
                        write.statement,
                        capacity.text,
                        taken=True,
                        amount=_path(difference.right),
                    )

    def _is_capacity(self, name: str) -> bool:
        known = self._lexicon
        return _has_words(name, known.capacities) and not _has_words(name, known.other_numbers)


@functools.lru_cache(maxsize=8)
def amount_names(known: Models) -> frozenset[str]:
    """Return the last names of calls that take an amount: calls of other names need no look."""
    return frozenset(
        name.rpartition(".")[2]
        for name in known.names
        if known.knowledge(known.canonical(name)).amount is not None
    )


def _path(value: Value) -> str:
    return value.text if isinstance(value, Path) else ""


def _amounts(call: Call, known: Amount) -> Iterator[tuple[Value, int]]:
    """Yield the arguments of a call that are amounts, and the least that makes sense of each."""
    if known.role == "count":
        # Where a range starts is free; a step of zero is refused.
        numbers = call.args[1:] if len(call.args) > 1 else call.args
        yield from zip(numbers, (0, 1), strict=False)
        return
    if known.argument is not None and known.argument < len(call.args):
        yield call.args[known.argument], 1
    for name, value in call.keywords:
        if name and name == known.keyword:
            yield value, 1


def _differences(value: Value) -> Iterator[Binary]:
    """Yield the subtractions in a value whose result is neither compared nor bounded."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, Binary):
            if part.op == "-":
                yield part
            todo += (part.left, part.right)
        elif isinstance(part, Items | Opaque):
            todo += part.parts
        elif isinstance(part, Table):
            todo += part.values
        elif isinstance(part, Logic) and part.op != "not":
            todo += part.parts


# Names of capacities


@functools.lru_cache(maxsize=20_000)
def _has_words(name: str, sequences: tuple[str, ...]) -> bool:
    words = "_".join(words_of(name))
    return any(f"_{sequence}_" in f"_{words}_" for sequence in sequences)


def totals_of(name: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return what the capacity may be called of which a field holds the reserved or used part.

    ``memory_mb_used`` is taken from ``memory_mb``, ``reserved`` from ``total``.
    """
    rest = "_".join(words_of(name))
    for word in sorted(lexicon.reservations, key=len, reverse=True):
        rest = f"_{rest}_".replace(f"_{word}_", "_").strip("_")
    if not rest:
        return ("total", "capacity", "size", "limit")
    return (
        rest,
        f"{rest}_total",
        f"total_{rest}",
        f"{rest}_capacity",
        f"max_{rest}",
        f"{rest}_limit",
    )


# The capacity that an amount is taken from


class Capacity(msgspec.Struct, frozen=True, array_like=True):
    """The capacity an amount is taken from.

    Attributes:
        path: how it is written in the function of the use, or ''.
        name: its name, for messages.
        place: a read of it: a function, and the index of the read.
    """

    path: str
    name: str
    place: tuple[FunctionId, int] | None = None


def capacity_of(db: Database, function: FunctionId, use: Use) -> Capacity | None:
    """Return the capacity that a use takes from: beside it, else elsewhere in its module."""
    if use.role == "subtract":
        return Capacity(use.target, use.target, _read_of(db, function, use.target))
    if use.total:
        return Capacity(use.total, use.total, _read_of(db, function, use.total))
    parent = parent_of(use.target)
    names = totals_of(field_of(use.target), models(db).lexicon)
    if not parent:
        return None
    unit = function[0]
    near = _total_read_near(db, unit_path(db, unit), parent, names)
    found = near if near is None else _total_read_in(db, unit, parent, names) or near
    if found is None:
        return None
    place, index, text = found
    return Capacity(text if place == function else "", text, (place, index))


@query
def _total_read_near(
    db: Database, path: str, parent: str, names: tuple[str, ...]
) -> tuple[FunctionId, int, str] | None:
    """Return where a module first reads a total beside an amount."""
    rows = (_total_read_among(db, part, parent, names) for part in parts(db, path))
    return next((row for row in rows if row is not None), None)


@query
def _total_read_among(
    db: Database, units: Part, parent: str, names: tuple[str, ...]
) -> tuple[FunctionId, int, str] | None:
    rows = (_total_read_in(db, unit, parent, names) for unit in units)
    return next((row for row in rows if row is not None), None)


@query
def _total_read_in(
    db: Database, unit: int, parent: str, names: tuple[str, ...]
) -> tuple[FunctionId, int, str] | None:
    """Return where a unit reads a total beside an amount: the function, the read and its path."""
    for number, body in enumerate(unit_facts(db, unit).functions):
        for index, read in enumerate(body.reads):
            if parent_of(read.path) == parent and field_of(read.path) in names:
                return (unit, number), index, read.path
    return None


def _read_of(db: Database, function: FunctionId, path: str) -> tuple[FunctionId, int] | None:
    body = unit_facts(db, function[0]).functions[function[1]]
    for index, read in enumerate(body.reads):
        if read.path == path:
            return function, index
    return None
