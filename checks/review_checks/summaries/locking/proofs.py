"""Says what a test on the way to a statement proves of who else is at the object.

A test that compares the object's owner with the current thread proves that this thread holds the lock
that the object is, or keeps account of. One that raises unless the object is stopped, or not started
yet, proves that it is not shared with the threads that it will have.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Compare,
    Exit,
    Function,
    Mode,
    Path,
    RegionKind,
    Result,
    StatementKind,
    Value,
)
from review_checks.summaries.conditions import outcomes, tests_before
from review_checks.summaries.flow import dominates, is_inside, regions_of
from review_checks.summaries.paths import last_step, steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.models.schema import Lexicon

CURRENT = frozenset(
    {
        "current_task", "current_thread", "currentThread", "get_ident", "get_native_id", "getcurrent",
    }
)  # fmt: skip
"""Functions that say which thread, task or green thread this is."""

_SAME = {"is": True, "==": True, "is not": False, "!=": False}


class Proofs:
    """What the tests of one function prove about its object, which it calls ``me``."""

    def __init__(self, body: Function, me: str, lexicon: Lexicon) -> None:
        self.body, self.me, self.lexicon = body, me, lexicon

    def is_owner(self, statement: int) -> bool:
        """Say whether a statement is reached only by the thread that owns the object."""
        return self._asks_who and any(
            self._names_owner(value, came_to=true)
            for test, came_to in tests_before(self.body, statement)
            for value, true in outcomes(test, came_to=came_to)
        )

    def is_idle(self, statement: int) -> bool:
        """Say whether a statement is reached only while the object is stopped, or not started."""
        return any(
            check < statement
            and dominates(self.body, check, statement)
            and not is_inside(self.body, statement, block)
            for check, block in self._checks
        )

    # The owner

    @functools.cached_property
    def _asks_who(self) -> bool:
        return bool(self.me and self.body.tests) and any(
            last_step(call.callee) in CURRENT for call in self.body.calls
        )

    def _names_owner(self, value: Value, *, came_to: bool) -> bool:
        if not isinstance(value, Compare) or len(value.operands) != 2:
            return False
        if _SAME.get(value.ops[0]) is not came_to:
            return False
        one, other = value.operands
        return (self._is_own(one) and self._is_current(other)) or (
            self._is_own(other) and self._is_current(one)
        )

    def _is_current(self, value: Value) -> bool:
        if isinstance(value, Path):
            rows = [row for row in self.body.writes if row.path == value.text]
            value = rows[0].value if len(rows) == 1 and rows[0].mode is Mode.ASSIGN else value
        if not isinstance(value, Result):
            return False
        return last_step(self.body.calls[value.call].callee) in CURRENT

    def _is_own(self, value: Value) -> bool:
        """Say whether a value is an attribute of the object, or what a method of it says."""
        return bool(self._own_name(value))

    def _own_name(self, value: Value) -> str:
        """Return the name of the attribute of the object that a value is, or ''."""
        text = value.text if isinstance(value, Path) else ""
        if isinstance(value, Result) and not value.rest:
            text = self.body.calls[value.call].callee
        steps = steps_of(text)
        return steps[1] if len(steps) == 2 and steps[0] == self.me else ""

    # The life of the object

    @functools.cached_property
    def _checks(self) -> list[tuple[int, int]]:
        """The ``if`` statements that raise unless the object is idle, each with the block that does."""
        if not (self.me and self.body.tests and self.body.raises):
            return []
        return list(self._find_checks())

    def _find_checks(self) -> Iterator[tuple[int, int]]:
        for test in self.body.tests:
            if self.body.statements[test.statement].kind is not StatementKind.IF:
                continue
            block = regions_of(self.body, test.statement)[0]
            region = self.body.regions[block]
            raises = region.kind is RegionKind.THEN and not region.falls
            if raises and region.exits == Exit.RAISE and self._says_idle(test.value):
                yield test.statement, block

    def _says_idle(self, test: Value) -> bool:
        """Say whether a test that came to nothing tells that the object is idle."""
        return any(
            self._is_stopped(value, came_to=true)
            if isinstance(value, Compare)
            else not true and self._speaks(self._own_name(value), self.lexicon.running)
            for value, true in outcomes(test, came_to=False)
        )

    def _is_stopped(self, value: Compare, *, came_to: bool) -> bool:
        """Say whether a comparison tells that the object's state is one in which it does nothing."""
        if len(value.operands) != 2 or _SAME.get(value.ops[0]) is not came_to:
            return False
        state, wanted = value.operands
        name = last_step(wanted.text) if isinstance(wanted, Path) else ""
        return self._is_own(state) and self._speaks(name, self.lexicon.stopped)

    @staticmethod
    def _speaks(name: str, words: tuple[str, ...]) -> bool:
        return bool(name) and not frozenset(words_of(name)).isdisjoint(words)
