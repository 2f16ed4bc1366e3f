"""Follows one thing that a function acquires along all its paths, exceptions included.

The thing is *absent* until it is acquired, *held* from then on, and *gone* once it is given back or
handed to somebody else. A caller says which event does what; the walk yields the ways on which the
function is left, or the thing is acquired again, while it is held. Since control flow is
structured, the walk is one pass over the tree of regions: each block turns the statuses possible at
its start into those possible at its end and at each other way out.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping

import msgspec

from review_checks.facts.schema import (
    Const,
    Exit,
    Function,
    Handler,
    Logic,
    Path,
    RegionKind,
    StatementKind,
    Value,
)
from review_checks.summaries.truths import known_before, truth

Event = tuple[str, int]
"""``("c", call)``, ``("s", statement)``, or ``("n", 0)`` for none in particular."""

_ANY: Event = ("n", 0)
_ROUNDS = 3
_MAX_DEPTH = 100


class Status(enum.IntEnum):
    """Where the thing is."""

    ABSENT = 0
    HELD = 1
    GONE = 2


class Act(enum.IntEnum):
    """What an event does."""

    ACQUIRE = 0
    RELEASE = 1
    HAND_OVER = 2
    RAISE = 3
    """It may raise; only what happens to a held thing matters."""
    STOP = 4
    """The process ends here."""


class Step(msgspec.Struct, frozen=True, array_like=True, order=True):
    """What happens at one point of a statement; ``at`` is its order of evaluation."""

    at: int
    act: Act
    event: Event


class Catch(enum.IntEnum):
    """Whether a handler takes what an event raises."""

    NO = 0
    PERHAPS = 1
    YES = 2


class Way(msgspec.Struct, frozen=True, array_like=True):
    """One way out of a block.

    ``event`` is the return, raise or call at which control leaves; ``origin`` the call whose
    exception, caught since, had led there, or None on the normal path. ``exit`` is ``NONE`` where
    the end of the block is reached, or where a held thing is acquired anew.
    """

    exit: Exit
    status: Status
    event: Event
    origin: Event | None


State = dict[Status, Event | None]
"""The possible statuses, and for each the call whose exception led to it, None when none did."""


class Course(msgspec.Struct, frozen=True):
    """What a walk has to know of a function and of the thing that it follows.

    Attributes:
        body: the function.
        steps: statement → what its own events do, in order; those of blocks inside it excluded.
        truth: what a condition comes to while the thing is held; None when either is possible.
        concerns: whether a condition asks about the thing.
        catch: whether a handler takes the exception of an event.
        suppressing: the ``with`` statements that swallow what is raised inside.
        reraising: those that raise the exception being handled at their end.
    """

    body: Function
    steps: Mapping[int, tuple[Step, ...]]
    truth: Callable[[Value], bool | None]
    concerns: Callable[[Value], bool]
    catch: Callable[[Event, Handler], Catch]
    suppressing: frozenset[int]
    reraising: frozenset[int]


def ways_out(course: Course) -> list[Way]:
    """Return the ways on which the thing is still held when the function is left or takes it anew."""
    if _depth(course.body) > _MAX_DEPTH:
        return []
    walk = _Walk(course)
    falls, ways = walk.block(0, {Status.ABSENT: None})
    held = [*walk.lost, *[way for way in ways if way.status is Status.HELD]]
    if Status.HELD in falls:
        held.append(Way(Exit.NONE, Status.HELD, _ANY, falls[Status.HELD]))
    return list(dict.fromkeys(held))


def _depth(body: Function) -> int:
    """Return how deep blocks are nested; a chain of ``elif`` counts each."""
    depths: list[int] = []
    for region in body.regions:
        depths.append(depths[region.parent] + 1 if region.parent >= 0 else 0)
    return max(depths, default=0)


class _Walk:
    """One pass over the regions of a function; ``block`` and its helpers are mutually recursive."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.body = course.body
        self.lost: list[Way] = []
        self._members: list[list[int]] = [[] for _ in self.body.regions]
        self._blocks: dict[int, list[int]] = {}
        for index, statement in enumerate(self.body.statements):
            self._members[statement.region].append(index)
        for index, region in enumerate(self.body.regions):
            self._blocks.setdefault(region.owner, []).append(index)
        self._tests = {test.statement: test.value for test in self.body.tests}

    def block(self, region: int, state: State) -> tuple[State, list[Way]]:
        """Return the state at the end of a block, and the other ways out of it."""
        ways: list[Way] = []
        for statement in self._members[region]:
            if not state:
                break
            state = self._steps(statement, state, ways)
            state = self._statement(statement, state, ways)
        return state, list(dict.fromkeys(ways))

    def _steps(self, statement: int, state: State, ways: list[Way]) -> State:
        for step in self.course.steps.get(statement, ()):
            held = Status.HELD in state
            if step.act is Act.STOP:
                return {}
            if step.act is Act.RAISE:
                ways += _raised(state, step.event)
            elif step.act is Act.ACQUIRE:
                if held:
                    self.lost.append(Way(Exit.NONE, Status.HELD, step.event, state[Status.HELD]))
                state = {Status.HELD: None}
            elif held:
                state = _joined(state, {Status.GONE: state[Status.HELD]})
                del state[Status.HELD]
        return state

    def _statement(self, statement: int, state: State, ways: list[Way]) -> State:
        kind = self.body.statements[statement].kind
        leaves = _LEAVES.get(kind)
        if leaves is not None:
            event = ("s", statement)
            ways += [Way(leaves, status, event, origin) for status, origin in state.items()]
            return {}
        if kind is StatementKind.IF:
            return self._if(statement, state, ways)
        if kind in (StatementKind.FOR, StatementKind.WHILE):
            return self._loop(statement, state, ways)
        if kind is StatementKind.TRY:
            return self._try(statement, state, ways)
        if kind is StatementKind.WITH:
            return self._with(statement, state, ways)
        if kind is StatementKind.MATCH:
            falls: State = {}
            for region in self._blocks.get(statement, ()):
                after, more = self.block(region, dict(state))
                falls = _joined(falls, after)
                ways += more
            return falls
        return state

    def _if(self, statement: int, state: State, ways: list[Way]) -> State:
        test = self._tests.get(statement, Const(None))
        then, *orelse = self._blocks[statement]
        taken, skipped = self._when(test, state, true=True), self._when(test, state, true=False)
        first, more = self.block(then, taken)
        ways += more
        second = skipped
        if orelse:
            second, more = self.block(orelse[0], skipped)
            ways += more
        given = [
            Status.HELD in before and Status.HELD not in after
            for before, after in ((taken, first), (skipped, second))
        ]
        flag = _is_flag(test) or (not orelse and self._is_guard(then))
        if any(given) and (flag or self.course.concerns(test)):
            # `if not f.closed: f.close()`, or `if opened_here: f.close()`: the condition tells
            # whether there is something to give back.
            first.pop(Status.HELD, None)
            second.pop(Status.HELD, None)
        return _joined(first, second)

    def _when(self, test: Value | None, state: State, *, true: bool) -> State:
        """Return the part of a state for which a condition may be true, or may be false."""
        state = dict(state)
        if test is not None and Status.HELD in state and self.course.truth(test) is (not true):
            del state[Status.HELD]
        return state

    def _is_guard(self, region: int) -> bool:
        """Say whether a block does little but to give the thing back."""
        return len(self._members[region]) <= 2 and self.body.regions[region].falls

    def _loop(self, statement: int, state: State, ways: list[Way]) -> State:
        regions = {self.body.regions[region].kind: region for region in self._blocks[statement]}
        kind, region = self.body.statements[statement].kind, regions[RegionKind.LOOP]
        test = self._tests.get(statement)
        endless = isinstance(test, Const) and bool(test.value)
        entered = kind is StatementKind.WHILE and self._is_entered(statement, test)
        entry, after = state, {} if endless else state
        inner: list[Way] = []
        for _ in range(_ROUNDS):
            inside = self._when(test, entry, true=True)
            falls, inner = self.block(region, inside)
            back = _joined(falls, _state_of(inner, Exit.CONTINUE))
            merged = _joined(entry, back)
            if not endless:
                after = self._when(test, back if entered else merged, true=False)
            if kind is StatementKind.FOR and Status.HELD in entry and self._hands_over(region):
                # Where it is put in a loop, there is a place for it.
                after.pop(Status.HELD, None)
            if test is not None and Status.HELD not in entry and self.course.concerns(test):
                # It goes round until the thing is there.
                merged.pop(Status.HELD, None)
            if merged.keys() == entry.keys():
                break
            entry = merged
        ways += [way for way in inner if not way.exit & (Exit.BREAK | Exit.CONTINUE)]
        if RegionKind.LOOP_ELSE in regions:
            after, more = self.block(regions[RegionKind.LOOP_ELSE], dict(after))
            ways += more
        return _joined(after, _state_of(inner, Exit.BREAK))

    def _is_entered(self, statement: int, test: Value | None) -> bool:
        """Say whether a loop runs at least once, by what was assigned right before it."""
        given = known_before(self.body, statement)
        return bool(given) and test is not None and truth(test, given, lambda _: False) is True

    def _with(self, statement: int, state: State, ways: list[Way]) -> State:
        falls, inner = self.block(self._blocks[statement][0], state)
        if statement in self.course.suppressing:
            falls = _joined(falls, _state_of(inner, Exit.RAISE))
            inner = [way for way in inner if way.exit is not Exit.RAISE]
        ways += inner
        if statement in self.course.reraising:
            event = ("s", statement)
            ways += [Way(Exit.RAISE, status, event, origin) for status, origin in falls.items()]
            return {}
        return falls

    def _try(self, statement: int, state: State, ways: list[Way]) -> State:
        regions = {self.body.regions[region].kind: region for region in self._blocks[statement]}
        falls, inner = self.block(regions[RegionKind.TRY], dict(state))
        out = [way for way in inner if way.exit is not Exit.RAISE]
        entries, escaped = self._caught(statement, state, falls, inner)
        out += escaped
        if RegionKind.TRY_ELSE in regions:
            falls, more = self.block(regions[RegionKind.TRY_ELSE], falls)
            out += more
        for handler, entry in entries:
            after, more = self.block(handler.region, entry)
            falls = _joined(falls, after)
            out += more
        if RegionKind.FINALLY in regions:
            falls, out = self._finally(regions[RegionKind.FINALLY], falls, out)
        ways += out
        return falls

    def _caught(
        self, statement: int, before: State, after: State, ways: list[Way]
    ) -> tuple[list[tuple[Handler, State]], list[Way]]:
        """Return the states in which handlers are entered, and the exceptions that go past them."""
        handlers = [handler for handler in self.body.handlers if handler.statement == statement]
        # Anything in the block may have raised before the thing was acquired or after it was gone.
        common: State = dict(before)
        common.pop(Status.HELD, None)
        if Status.GONE in after:
            common.setdefault(Status.GONE, None)
        entries = [dict(common) for _ in handlers]
        escaped: list[Way] = []
        for way in ways:
            if way.exit is not Exit.RAISE:
                continue
            verdict = Catch.NO
            mended = False
            for handler, entry in zip(handlers, entries, strict=True):
                verdict = self.course.catch(way.event, handler)
                if verdict is not Catch.NO:
                    entry.setdefault(way.status, way.origin or way.event)
                    mended = mended or self._releases(handler.region)
                if verdict is Catch.YES:
                    break
            # Who gives the thing back in a handler has thought of what may be raised.
            if verdict is not Catch.YES and not mended:
                escaped.append(way)
        return list(zip(handlers, entries, strict=True)), escaped

    def _releases(self, region: int) -> bool:
        """Say whether a step inside a block gives the thing back or hands it over."""
        return self._does(region, (Act.RELEASE, Act.HAND_OVER))

    def _hands_over(self, region: int) -> bool:
        """Say whether a step inside a block hands the thing over, on some branch at least."""
        return self._does(region, (Act.HAND_OVER,))

    def _does(self, region: int, acts: tuple[Act, ...]) -> bool:
        first, last = self._members[region][0], self._members[region][-1]
        begin, end = self.body.statements[first].at, self.body.statements[last].end
        return any(
            step.act in acts and begin <= step.at < end
            for steps in self.course.steps.values()
            for step in steps
        )

    def _finally(self, region: int, falls: State, ways: list[Way]) -> tuple[State, list[Way]]:
        """Run a ``finally`` block at the end of each way through its statement."""
        out: list[Way] = []
        if falls:
            falls, more = self.block(region, falls)
            out += more
        known: dict[tuple[Status, Event | None], tuple[State, list[Way]]] = {}
        for way in ways:
            key = (way.status, way.origin)
            if key not in known:
                known[key] = self.block(region, {way.status: way.origin})
                out += known[key][1]
            out += [Way(way.exit, status, way.event, way.origin) for status in known[key][0]]
        return falls, list(dict.fromkeys(out))


def _raised(state: State, event: Event) -> Iterator[Way]:
    """Yield what a call that may raise adds; which one raised matters only to a held thing."""
    for status, origin in state.items():
        if status is Status.HELD:
            yield Way(Exit.RAISE, status, event, None)
        else:
            yield Way(Exit.RAISE, status, _ANY, origin)


def _is_flag(test: Value) -> bool:
    """Say whether a condition is a plain name, or its negation."""
    if isinstance(test, Logic) and test.op == "not":
        test = test.parts[0]
    return isinstance(test, Path) and test.text.isidentifier()


def _joined(left: State, right: State) -> State:
    """Return the statuses of both; that no exception led to one is preferred."""
    state = dict(left)
    for status, origin in right.items():
        if status not in state or origin is None:
            state[status] = origin
    return state


def _state_of(ways: list[Way], leaves: Exit) -> State:
    state: State = {}
    for way in ways:
        if way.exit is leaves:
            origin = way.event if leaves is Exit.RAISE and way.origin is None else way.origin
            state = _joined(state, {way.status: origin})
    return state


_LEAVES = {
    StatementKind.RETURN: Exit.RETURN,
    StatementKind.RAISE: Exit.RAISE,
    StatementKind.BREAK: Exit.BREAK,
    StatementKind.CONTINUE: Exit.CONTINUE,
}
