"""Says what a function does with a thing that it holds under a local name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Call,
    Const,
    Function,
    Items,
    Mode,
    Path,
    Result,
    StatementKind,
    Table,
    Use,
    Value,
    Write,
)
from review_checks.summaries.failing.endings import runs_endless
from review_checks.summaries.failing.hazards import fails_itself, is_logged
from review_checks.summaries.failing.releasing import cleanup_words
from review_checks.summaries.mentions import given_to
from review_checks.summaries.names import home
from review_checks.summaries.owning.kin import Kin
from review_checks.summaries.owning.lending import released_after
from review_checks.summaries.owning.walking import Act, Step
from review_checks.summaries.paths import last_step, parent_of, root_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator


# Of `pathlib.Path`, made from the text of a path.
_PATH_METHODS = ("unlink", "rename", "replace", "rmdir")
_REGISTERING = frozenset({"add", "defer", "register", "schedule"})


class Holding(Kin):
    """What the events of a function mean for one owned thing."""

    @functools.cached_property
    def steps(self) -> dict[int, tuple[Step, ...]]:
        """Return what each statement does with the thing."""
        releases = [*self._releases()]
        steps: dict[int, list[Step]] = {}
        for statement, step in (
            *releases,
            *self._others({row[1].event for row in releases}, releases),
        ):
            steps.setdefault(statement, []).append(step)
        return {key: tuple(sorted(rows, key=lambda row: row.at)) for key, rows in steps.items()}

    def _releases(self) -> Iterator[tuple[int, Step]]:
        weak = not any(self.is_release(call, index) for index, call in enumerate(self.body.calls))
        for index, call in enumerate(self.body.calls):
            if (
                self.is_release(call, index)
                or (weak and self._may_release(call))
                or (call.use is Use.ENTERED and self._enters(call))
            ):
                yield call.statement, Step(call.at, Act.RELEASE, ("c", index))
        for index, item in enumerate(self.body.withs):
            if self.is_itself(item.value):
                at = self.body.statements[item.statement].at
                yield item.statement, Step(at, Act.RELEASE, ("i", index))

    def _enters(self, call: Call) -> bool:
        """Say whether a context manager is made of the thing itself, not of a mere number or path."""
        return bool(self.owned.resource.release) and any(self.is_itself(row) for row in call.args)

    def is_release(self, call: Call, index: int) -> bool:
        """Say whether a call gives the thing back in one of the ways its kind provides for."""
        resource = self.owned.resource
        owner = parent_of(call.callee)
        if owner and (owner in self.aliases or root_of(owner) in self.offspring - self._apart):
            methods = _PATH_METHODS if self._is_path() else resource.release
            return last_step(call.callee) in methods
        if self._targets[index] in resource.release_functions:
            return any(self.is_itself(value) for value in call.args)
        return False

    def _may_release(self, call: Call) -> bool:
        return parent_of(call.callee) in self.aliases and last_step(call.callee) in self._verbs

    def _others(
        self, done: set[tuple[str, int]], releases: list[tuple[int, Step]]
    ) -> Iterator[tuple[int, Step]]:
        body = self.body
        for index, call in enumerate(body.calls):
            event = ("c", index)
            if event in done:
                continue
            act = self._act(index, call, releases)
            if act is not None:
                yield call.statement, Step(call.at, act, event)
        for index, write in enumerate(body.writes):
            if self._loses(write):
                yield write.statement, Step(write.at, Act.HAND_OVER, ("w", index))
        for result in body.results:
            if self.keeps(result.value) or self._iterates(result.statement, result.value):
                yield result.statement, Step(result.at, Act.HAND_OVER, ("s", result.statement))
        for index, inner in enumerate(self._functions):
            if inner.parent == self._index and inner.name != "<lambda>" and self.captured(index):
                statement = self._definition(inner)
                if statement is not None and not self._is_lent(statement, releases):
                    at = body.statements[statement].at
                    yield statement, Step(at, Act.HAND_OVER, ("s", statement))

    def _definition(self, inner: Function) -> int | None:
        for index, statement in enumerate(self.body.statements):
            if statement.kind is StatementKind.DEFINITION and statement.span.contains(
                inner.name_span
            ):
                return index
        return None

    def _act(self, index: int, call: Call, releases: list[tuple[int, Step]]) -> Act | None:
        if index == self.owned.call:
            return Act.ACQUIRE
        target = self._targets[index]
        if target is not None and self._models.knowledge(target).ends:
            return Act.STOP
        if self._hands_over(call, index, releases):
            return Act.HAND_OVER
        if parent_of(call.callee) in self.aliases:
            return Act.RAISE if fails_itself(self._db, self._function, index) else None
        return Act.RAISE if index in self._risky and not self._converts_its_own(call) else None

    def _converts_its_own(self, call: Call) -> bool:
        """Say whether a call only converts a path that was just made, and so is well formed."""
        words = words_of(last_step(call.callee))
        conversions = self._models.lexicon.conversions
        if not words or (words[0] not in conversions and words[-1] not in conversions):
            return False
        made = {
            row.path
            for row in self.body.writes
            if isinstance(row.value, Result) and row.value.call == self.owned.call
        }
        if not self._is_path():
            # To convert the thing itself is to read from it.
            made -= self.aliases
        return any(isinstance(value, Path) for value in call.args) and all(
            value.text in made if isinstance(value, Path) else isinstance(value, Const)
            for value in given_to(call)
        )

    def _hands_over(self, call: Call, index: int, releases: list[tuple[int, Step]]) -> bool:
        """Say whether from a call on somebody else sees to the thing, or nobody has to."""
        if self._is_method(call):
            return runs_endless(self._db, self._function, index)
        if self._registers(call):
            return True
        if not self._passes(call) or self._only_uses(call, index):
            return False
        return self._gives_method(call) or not self._is_lent(
            call.statement, releases, surely=self._publishes(call, index)
        )

    def _registers(self, call: Call) -> bool:
        """Say whether a call leaves to another the clean-up of what it is told of."""
        first, *rest = words_of(last_step(call.callee)) or ("",)
        return (
            first in _REGISTERING
            and not cleanup_words(self._db).isdisjoint(rest)
            and any(self.asks_about(value) for value in given_to(call))
        )

    def _publishes(self, call: Call, index: int) -> bool:
        """Say whether a call puts down for somebody by what the thing can be found.

        To act on a process takes its bare number; to write that down takes text, or a record.
        """
        if not self.owned.resource.handles:
            return False
        told = [value for value in given_to(call) if self._tells(value)]
        log = self._models.knowledge(self._targets[index] or "").log
        return any(not isinstance(value, Path) for value in told) or bool(told and log)

    def _only_uses(self, call: Call, index: int) -> bool:
        """Say whether a call that is given the thing is known not to keep it."""
        target = self._targets[index]
        if is_logged(self._db, call, target):
            return True
        if self._publishes(call, index):
            return False
        if target is None or home(self._db, target) is not None:
            return False
        known = self._models.knowledge(target)
        if known.runs is not None or known.lock is not None:
            return False
        if known.resource is not None and not self._is_path():
            return False
        return bool(known.harmless or known.redacts or known.raises or known.log)

    def _is_path(self) -> bool:
        """Say whether the thing is the path of a file or folder, which may be opened at will."""
        resource = self.owned.resource
        return not resource.release and "os.close" not in resource.release_functions

    def _gives_method(self, call: Call) -> bool:
        """Say whether a call is given the means to release the thing, such as ``f.close``."""
        return any(
            isinstance(value, Path)
            and parent_of(value.text) in self.aliases
            and (
                last_step(value.text) in self.owned.resource.release
                or last_step(value.text) in self._verbs
            )
            for value in given_to(call)
        )

    def _is_lent(
        self, statement: int, releases: list[tuple[int, Step]], *, surely: bool = False
    ) -> bool:
        """Say whether a statement only lends the thing, since the function gives it back later."""
        own = [other for other, step in releases if not self._is_of_offspring(step)]
        return released_after(self.body, self._bindings, statement, own, surely=surely)

    @functools.cached_property
    def _bindings(self) -> list[Write]:
        """Return the writes by which the thing's name comes to hold something anew."""
        return [
            write
            for write in self.body.writes
            if write.path == self.owned.name and not self.is_itself(write.value)
        ]

    def _is_of_offspring(self, step: Step) -> bool:
        kind, index = step.event
        return kind == "c" and root_of(self.body.calls[index].callee) in self.offspring

    def _loses(self, write: Write) -> bool:
        """Say whether a write stores the thing elsewhere, or its name gets another value."""
        if write.path in self.body.scoped:
            return self.keeps(write.value)
        if write.path == self.owned.name:
            value = write.value
            made = isinstance(value, Result) and value.call == self.owned.call
            return write.mode is Mode.DELETE or not (made or self.is_itself(value))
        if write.path.isidentifier():
            return isinstance(write.value, Items | Table) and self.keeps(write.value)
        return write.mode is not Mode.DELETE and self.keeps(write.value)

    def _iterates(self, statement: int, value: Value) -> bool:
        """Say whether a generator expression that is handed out reads from the thing."""
        if not isinstance(value, Items) or value.kind != "generator":
            return False
        return any(
            write.statement == statement
            and write.mode is Mode.ITERATE
            and self.asks_about(write.value)
            for write in self.body.writes
        )
