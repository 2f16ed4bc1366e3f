"""Says what else tells whether a function holds a thing: conditions that go with it."""

from __future__ import annotations

from review_checks.facts.schema import (
    Compare,
    Const,
    Function,
    Mode,
    Path,
    RegionKind,
    Result,
    Value,
    Write,
)
from review_checks.summaries.flow import loops_around, regions_of, statements_in
from review_checks.summaries.mentions import roots_in
from review_checks.summaries.owning.courses import conditions_around
from review_checks.summaries.paths import last_step

_VIEWS = frozenset({"items", "keys"})


def attesting(body: Function, call: int) -> frozenset[str]:
    """Return the names that are true wherever the thing that a call makes is held.

    Such a one is what was to be opened, when the handlers around take it back: ``try: name =
    names.pop(); file = open(name)`` and ``except OSError: name = None``. The call has to be the last
    in its ``try``, so that no handler is entered while the thing is held.
    """
    made = body.calls[call].statement
    region = body.statements[made].region
    if body.regions[region].kind is not RegionKind.TRY or statements_in(body, region)[-1] != made:
        return frozenset()
    owner = body.regions[region].owner
    handlers = {
        row
        for row in regions_of(body, owner)
        if body.regions[row].kind is RegionKind.HANDLER and body.regions[row].falls
    }
    if not handlers:
        return frozenset()
    given = {root for value in body.calls[call].args for root in roots_in(value)}
    return frozenset([name for name in given if _goes_with(body, name, owner, region, handlers)])


def _goes_with(body: Function, name: str, owner: int, region: int, handlers: set[int]) -> bool:
    """Say whether a name is bound in a ``try``, and false after each of its handlers."""
    writes = [write for write in body.writes if write.path == name]
    inside = [row for row in writes if body.statements[row.statement].region == region]
    cleared = {
        body.statements[row.statement].region
        for row in writes
        if _is_cleared(row) and body.statements[row.statement].region in handlers
    }
    first = [owner, *loops_around(body, owner)][-1]
    others = [
        row
        for row in writes
        if row not in inside
        and body.statements[row.statement].region not in cleared
        and row.at >= body.statements[first].at
    ]
    return bool(inside) and cleared == handlers and not others


def _is_cleared(write: Write) -> bool:
    return write.mode is Mode.ASSIGN and isinstance(write.value, Const) and not write.value.value


def is_once(body: Function, statement: int) -> bool:
    """Say whether a statement runs in one round of its loop at most: for one key of a mapping."""
    loops = list(loops_around(body, statement))
    if len(loops) != 1:
        return False
    keys = {
        row.path
        for row in body.writes
        if row.statement == loops[0] and row.mode is Mode.ITERATE and _is_key(body, row.value)
    }
    around = conditions_around(body, statement, lambda _: False)
    return any(came and _is_one_of(test, keys) for test, came in around.items())


def _is_key(body: Function, value: Value) -> bool:
    """Say whether a value is a key of the mapping that a loop goes through."""
    if not isinstance(value, Result):
        return False
    view = last_step(body.calls[value.call].callee)
    return view in _VIEWS and value.rest == ("[*][0]" if view == "items" else "[*]")


def _is_one_of(test: Value, keys: set[str]) -> bool:
    """Say whether a condition is that a key is a certain constant."""
    if not isinstance(test, Compare) or test.ops != ("==",):
        return False
    left, right = test.operands
    return isinstance(left, Path) and left.text in keys and isinstance(right, Const)
