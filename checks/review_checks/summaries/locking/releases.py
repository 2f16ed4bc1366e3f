"""Says on which paths a function that takes a lock by ``acquire()`` leaves without giving it back.

The walk along the paths is that for resources of any kind. A lock differs in that the function names
it by the same access path throughout, and that taking it is nearly always meant to end with the
function: a function that gives it back on its main way, or whose file never does, has forgotten the
other ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Exit,
    Function,
    Logic,
    Mode,
    Path,
    RegionKind,
    Result,
    Use,
    Value,
)
from review_checks.summaries.calling import calls_of, names_class
from review_checks.summaries.conditions import outcomes, tests_before
from review_checks.summaries.failing.hazards import hazards
from review_checks.summaries.flow import ancestry, is_inside, may_follow
from review_checks.summaries.inputs import FunctionId, layout, unit_facts, unit_path
from review_checks.summaries.locking.acquisitions import waits
from review_checks.summaries.locking.guards import UNKNOWN, Guard, object_guard, self_name
from review_checks.summaries.locking.locks import held
from review_checks.summaries.locking.making import private_maker
from review_checks.summaries.mentions import parts_of
from review_checks.summaries.owning.courses import conditions_around, course_of, without_cleanup
from review_checks.summaries.owning.leaks import Cause
from review_checks.summaries.owning.walking import Act, Event, Step, Way, ways_out
from review_checks.summaries.paths import last_step, parent_of, root_of
from review_checks.summaries.truths import truth
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from review_checks.summaries.incremental import Database

_BRANCHES = (RegionKind.THEN, RegionKind.ELSE, RegionKind.CASE)
_COUNTING = frozenset({"semaphore", "sem"})
# Words in the names of functions that take something for their caller.
_TAKING = frozenset(
    {"acquire", "begin", "enter", "grab", "lock", "locked", "start", "take", "wait"}
)
# Those of them that speak of a lock, which the result tells to have been had.
_HANDING = frozenset({"acquire", "enter", "lock", "locked"})


class Unreleased(msgspec.Struct, frozen=True, array_like=True):
    """A lock that is still held on a way out of the function that took it.

    Attributes:
        call: the call of ``acquire``.
        guard: the lock.
        cause: why it is not given back.
        event: what leaves: a call that raises, a statement, or ``("n", 0)`` for the function's end.
        after: the call that raised earlier, when that is handled.
        skipped: a ``release`` that is missed, or None.
    """

    call: int
    guard: Guard
    cause: Cause
    event: Event
    after: Event | None = None
    skipped: Event | None = None


def unreleased(db: Database, function: FunctionId) -> Iterator[Unreleased]:
    """Yield the locks that a function takes and does not always give back, each once."""
    body = unit_facts(db, function[0]).functions[function[1]]
    seen: set[str] = set()
    for index, call in enumerate(body.calls):
        text = parent_of(call.callee)
        if not call.callee.endswith(".acquire") or not text or text in seen or not _is_meant(call):
            continue
        if call.args and names_class(text):
            # The lock is the argument, of which the function of the class takes care.
            continue
        if private_maker(db, function, text) is not None:
            # Nobody else can wait for it.
            continue
        guard = object_guard(db, function, text)
        if guard is None or (guard.identity == UNKNOWN and _may_count(text)):
            continue
        found = _Taken(db, function, index, guard).fault()
        if found is not None:
            seen.add(text)
            yield found


def _may_count(text: str) -> bool:
    """Say whether something goes by the name of what may admit several, or signal something."""
    return not _COUNTING.isdisjoint(words_of(last_step(text)))


def _is_meant(call: Call) -> bool:
    """Say whether a call takes a lock for sure, or its outcome is looked at."""
    return call.use is not Use.RETURNED and (waits(call) or call.use is not Use.DISCARDED)


class _Taken:
    """What the events of a function mean for one lock that it takes."""

    def __init__(self, db: Database, function: FunctionId, index: int, guard: Guard) -> None:
        self.db, self.function, self.index, self.guard = db, function, index, guard
        facts = unit_facts(db, function[0]).functions
        self.body: Function = facts[function[1]]
        self.call = self.body.calls[index]
        self.text = parent_of(self.call.callee)
        self.inner = [
            body for number, body in enumerate(facts) if _is_below(facts, number, function[1])
        ]
        self.names = set(self._outcomes())
        self.releases = self._releases()

    def _outcomes(self) -> Iterator[str]:
        """Yield the names that tell whether the lock was had.

        They are bound to what the call returns, or to a truth where it has returned one.
        """
        for row in self.body.writes:
            if row.mode is not Mode.ASSIGN:
                continue
            if row.value == Result(self.index):
                yield row.path
            elif row.value == Const(True) and self.call.use is not Use.DISCARDED:
                tests = tests_before(self.body, row.statement)
                known = [out for test, to in tests for out in outcomes(test, came_to=to)]
                if (Result(self.index), True) in known:
                    yield row.path

    def _releases(self) -> list[Event]:
        """Return the calls that give the lock back, themselves or in a function of the project."""
        found: list[Event] = [
            ("c", index)
            for index, call in enumerate(self.body.calls)
            if call.callee == f"{self.text}.release"
        ]
        for event, link in calls_of(self.db, self.function):
            rows = held(self.db, link.target) if event[0] == "c" else ()
            if any(
                row.how == "release" and row.guard.identity == self.guard.identity for row in rows
            ):
                found.append(event)
        return sorted(found, key=lambda event: self.body.calls[event[1]].at)

    def fault(self) -> Unreleased | None:
        """Return the plainest way out on which the lock is kept, if there is one."""
        if self._is_lent() or self._is_inside_with() or self._is_taken_back():
            return None
        if not self.releases:
            return self._never() if self._is_forgotten() else None
        given = conditions_around(self.body, self.call.statement, self._asks_about)
        course = course_of(
            self.db,
            self.function,
            without_cleanup(self.body, self.call.statement, self._steps()),
            lambda test: self._comes_to(test, given),
            self._asks_about,
        )
        ways = ways_out(course)
        ways.sort(key=lambda way: self._order(way.event))
        left = [way for way in ways if way.exit is not Exit.RAISE and way.origin is None]
        if not self._has_main_release():
            # It is given back only where something goes wrong, and kept for the caller otherwise.
            return None
        if left:
            cause = Cause.AGAIN if left[0].event == ("c", self.index) else Cause.LEFT
            return Unreleased(self.index, self.guard, cause, left[0].event, None, self.releases[0])
        return next((fault for way in ways if (fault := self._raised(way)) is not None), None)

    def _never(self) -> Unreleased:
        return Unreleased(self.index, self.guard, Cause.NEVER, ("n", 0))

    # What is asked about it

    def _comes_to(self, test: Value, given: Mapping[Value, bool]) -> bool | None:
        """Return what a condition comes to while the lock is held, or None.

        Where it takes the lock itself, all that ``and`` has before that was true.
        """
        if isinstance(test, Logic) and test.op == "and":
            taking = [row for row, part in enumerate(test.parts) if self._takes(part)]
            parts = test.parts[taking[0] :] if taking else test.parts
            found = [self._comes_to(part, given) for part in parts]
            return False if False in found else None if None in found else True
        if isinstance(test, Logic) and test.op == "not":
            inner = self._comes_to(test.parts[0], given)
            return None if inner is None else not inner
        return truth(test, given, self._is_outcome)

    def _takes(self, value: Value) -> bool:
        if isinstance(value, Logic):
            return any(self._takes(part) for part in value.parts)
        return value == Result(self.index)

    def _is_outcome(self, value: Value) -> bool:
        if isinstance(value, Path):
            return value.text in self.names
        return value == Result(self.index)

    def _asks_about(self, test: Value) -> bool:
        if isinstance(test, Path):
            return test.text in self.names or test.text == self.text
        if isinstance(test, Result):
            return (
                test.call == self.index or parent_of(self.body.calls[test.call].callee) == self.text
            )
        parts = getattr(test, "operands", None) or parts_of(test)
        return any(self._asks_about(part) for part in parts)

    # Who else has to do with it

    def _is_lent(self) -> bool:
        """Say whether somebody else may be meant to give the lock back."""
        release = f"{self.text}.release"
        if any(call.callee == release for body in self.inner for call in body.calls):
            return True
        values = [
            value
            for call in self.body.calls
            for value in (*call.args, *dict(call.keywords).values())
        ]
        values += [row.value for row in self.body.results]
        values += [row.value for row in self.body.writes if row.mode is Mode.ASSIGN]
        return any(self._is_lock(value) for value in values)

    def _takes_for_caller(self) -> bool:
        return not _HANDING.isdisjoint(words_of(self.body.name))

    def _tells(self, value: Value) -> bool:
        """Say whether a result tells that the lock was had, so that the caller has to give it back."""
        if isinstance(value, Const):
            return value.value not in (None, False, 0, "")
        return isinstance(value, Path) and value.text in self.names | {
            self_name(self.db, self.function)
        }

    def _is_inside_with(self) -> bool:
        """Say whether a ``with`` around the call gives the lock back, which was given back meanwhile."""
        return any(
            item.value == Path(self.text) and is_inside(self.body, self.call.statement, item.region)
            for item in self.body.withs
        )

    def _is_taken_back(self) -> bool:
        """Say whether the function has given back before what its caller had taken."""
        ours = (f"{self.text}.acquire", f"{self.text}.release")
        calls = [row.callee for row in self.body.calls if row.callee in ours]
        return calls[0] == ours[1]

    def _is_lock(self, value: Value) -> bool:
        if isinstance(value, Path):
            return value.text in (self.text, f"{self.text}.release")
        return any(self._is_lock(part) for part in parts_of(value))

    def _is_forgotten(self) -> bool:
        """Say whether nobody in the whole file gives back a lock that the file keeps to itself."""
        name = last_step(self.text)
        mine = self.guard.kind == "thread" and self.guard.place == self.guard.identity
        if not mine or not name.startswith("_") or not waits(self.call):
            return False
        if not _TAKING.isdisjoint(words_of(self.body.name)):
            return False
        for unit in layout(self.db, unit_path(self.db, self.function[0])) or ():
            for body in unit_facts(self.db, unit).functions:
                if any(call.callee.endswith(f"{name}.release") for call in body.calls):
                    return False
                entered = {item.span for item in body.withs}
                if any(
                    last_step(row.path) == name and row.span not in entered for row in body.reads
                ):
                    return False
        return True

    def _has_main_release(self) -> bool:
        """Say whether the lock is given back where nothing goes wrong."""
        for event in self.releases:
            statement = self._statement(event)
            around = [
                self.body.regions[row]
                for row, _ in ancestry(self.body, statement)
                if not is_inside(self.body, self.call.statement, row)
            ]
            if all(
                row.kind is not RegionKind.HANDLER and (row.kind not in _BRANCHES or row.falls)
                for row in around
            ):
                return True
        return False

    # Paths

    def _steps(self) -> dict[int, tuple[Step, ...]]:
        rows: dict[int, list[Step]] = {}
        risky = hazards(self.db, self.function)
        for index, call in enumerate(self.body.calls):
            event = ("c", index)
            if index == self.index:
                act = Act.ACQUIRE
            elif event in self.releases:
                act = Act.RELEASE
            elif index in risky and not self._is_about_locks(call):
                act = Act.RAISE
            else:
                continue
            rows.setdefault(call.statement, []).append(Step(call.at, act, event))
        for row in self.body.results if self._takes_for_caller() else ():
            if not row.yields and self._tells(row.value):
                step = Step(row.at, Act.HAND_OVER, ("s", row.statement))
                rows.setdefault(row.statement, []).append(step)
        for number, write in enumerate(self.body.writes):
            if write.path == self.text or write.path == root_of(self.text):
                step = Step(write.at, Act.HAND_OVER, ("w", number))
                rows.setdefault(write.statement, []).append(step)
        return {key: tuple(sorted(found, key=lambda step: step.at)) for key, found in rows.items()}

    def _is_about_locks(self, call: Call) -> bool:
        """Say whether a call is one of the lock's own methods, or takes another, which raises nothing."""
        text = parent_of(call.callee)
        if text == self.text or last_step(call.callee) not in ("acquire", "release"):
            return text == self.text
        guard = object_guard(self.db, self.function, text)
        return guard is not None and guard.kind in ("", "greenlet", "thread")

    def _raised(self, way: Way) -> Unreleased | None:
        origin = way.origin or way.event
        skipped = next((event for event in self.releases if self._skips(origin, event)), None)
        if skipped is None:
            return None
        if way.exit is Exit.RAISE:
            return Unreleased(self.index, self.guard, Cause.RAISED, origin, None, skipped)
        return Unreleased(self.index, self.guard, Cause.CAUGHT, way.event, origin, skipped)

    def _skips(self, origin: Event, release: Event) -> bool:
        """Say whether a release would have been reached had something not been raised."""
        first, second = self._statement(origin), self._statement(release)
        if origin[0] == "s":
            return self.body.statements[first].at < self.body.calls[release[1]].at
        if first == second or not may_follow(self.body, first, second):
            return False
        handlers = [
            row
            for row, _ in ancestry(self.body, second)
            if self.body.regions[row].kind is RegionKind.HANDLER
        ]
        return all(is_inside(self.body, first, row) for row in handlers)

    def _statement(self, event: Event) -> int:
        kind, index = event
        return self.body.calls[index].statement if kind == "c" else index

    def _order(self, event: Event) -> tuple[int, int]:
        kind, index = event
        if kind == "n":
            return (2, 0)
        at = self.body.calls[index].at if kind == "c" else self.body.statements[index].at
        return (int(at <= self.call.at), at)


def _is_below(facts: tuple[Function, ...], index: int, outer: int) -> bool:
    while facts[index].parent >= 0:
        index = facts[index].parent
        if index == outer:
            return True
    return False
