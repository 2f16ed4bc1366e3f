"""Says how a site uses its field, as far as that matters to whether it can race."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, Const, Function, Mode, Path, StatementKind, Use, Write

if TYPE_CHECKING:
    from review_checks.facts.schema import Read

_VIEWS = frozenset({"items", "keys", "values"})
_SHRINKING = frozenset(
    {
        "__delitem__",
        "clear",
        "difference_update",
        "discard",
        "intersection_update",
        "pop",
        "popitem",
        "popleft",
        "remove",
    }
)
# Removals that fail when there is nothing to remove, with the number of arguments of that form.
_STRICT = {"__delitem__": 1, "pop": 1, "popitem": 0, "popleft": 0, "remove": 1}
_ITERATE = Mode.ITERATE
_DECIDING = (StatementKind.IF, StatementKind.WHILE)
_REPRESENTATIONS = frozenset({"__repr__", "__str__", "__format__"})


Traits = int
"""Several of ``Trait``, joined by ``|``."""


class Trait:
    """What a site does with its field, besides reading or changing it.

    Plain numbers: flags of ``enum`` take a hundred times as long to join and to look for.

    Attributes:
        LOOP: takes its elements one by one, running code between them.
        TEST: decides with it what to do next.
        ITEM: needs one of its items to be there.
        MEMBER: needs it to be an object with a certain attribute.
        INPLACE: changes the container that it holds.
        SHRINK: takes items away.
        EMPTY: leaves None in it, or nothing.
        STORE: puts a value there whatever was there before.
        SHOWN: is for people's eyes only.
        INNER: changes one of its items, not which items there are.
    """

    NONE = 0
    LOOP = 1
    TEST = 2
    ITEM = 4
    MEMBER = 8
    INPLACE = 16
    SHRINK = 32
    EMPTY = 64
    STORE = 128
    SHOWN = 256
    INNER = 512


def traits_of_write(write: Write, rest: tuple[str, ...]) -> Traits:
    """Return the traits of a write to a field or, with steps behind it, to what is in there."""
    if not rest:
        if write.mode == Mode.DELETE:
            return Trait.EMPTY
        empty = Trait.EMPTY if write.value == Const(None) else Trait.NONE
        return Trait.STORE | empty if write.mode == Mode.ASSIGN else Trait.NONE
    if rest[0][0] != "[":
        return Trait.MEMBER
    if len(rest) > 1:
        return Trait.ITEM
    if write.mode == Mode.DELETE:
        return Trait.INPLACE | Trait.SHRINK | Trait.ITEM
    return Trait.INPLACE | (Trait.STORE if write.mode == Mode.ASSIGN else Trait.NONE)


def traits_of_call(body: Function, call: Call, rest: tuple[str, ...], *, mutates: bool) -> Traits:
    """Return the traits of a call of a method of a field, or of something in it."""
    method = rest[-1]
    found = _read_in(body, call)
    if len(rest) > 1:
        found |= Trait.ITEM if rest[0][0] == "[" else Trait.MEMBER
    elif mutates and method in _STRICT:
        given = len(call.args) + len(call.keywords)
        found |= Trait.ITEM if given <= _STRICT[method] else Trait.NONE
    elif not mutates:
        found |= Trait.MEMBER
    if mutates:
        found |= Trait.INPLACE | (Trait.SHRINK if method in _SHRINKING else Trait.NONE)
    elif call.use is Use.ITERATED and method in _VIEWS and len(rest) == 1:
        found |= Trait.LOOP
    return found


def traits_of_read(body: Function, read: Read, rest: tuple[str, ...]) -> Traits:
    """Return the traits of a read of a field, or of something in it."""
    found = _read_in(body, read)
    if rest:
        return found | (Trait.ITEM if rest[0][0] == "[" else Trait.MEMBER)
    element = Path(f"{read.path}[*]")
    if any(
        row.mode is _ITERATE and row.statement == read.statement and row.value == element
        for row in body.writes
    ):
        found |= Trait.LOOP
    return found


def _read_in(body: Function, row: Call | Read) -> Traits:
    kind = body.statements[row.statement].kind
    found = Trait.TEST if kind in _DECIDING else Trait.NONE
    return found | Trait.SHOWN if body.name in _REPRESENTATIONS else found
