"""Says on which paths a function leaves without releasing what it acquired.

A path counts when the resource is still held where it leaves the function: because nothing releases
it there, or because a call raised and so skipped the release. The latter needs a release to skip,
which shows that the function means to give the resource back itself, or a resource that nobody frees
in its stead, such as a bare file descriptor.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Exit, RegionKind
from review_checks.summaries.failing.endings import unreturning
from review_checks.summaries.failing.failures import call_failures
from review_checks.summaries.flow import ancestry, is_inside, may_follow
from review_checks.summaries.inputs import FunctionId, models
from review_checks.summaries.names import callees
from review_checks.summaries.owning.attesting import is_once
from review_checks.summaries.owning.courses import (
    CLEANING,
    conditions_around,
    course_of,
    with_ends,
    without_cleanup,
)
from review_checks.summaries.owning.forking import is_in_child
from review_checks.summaries.owning.kin import Owned
from review_checks.summaries.owning.ownership import Holding
from review_checks.summaries.owning.resources import acquired
from review_checks.summaries.owning.walking import Act, Course, Event, Step, Way, ways_out
from review_checks.summaries.paths import last_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.incremental import Database

_MINOR = ("as_", "fileno", "get", "has_", "is_", "tell", "to_")


class Cause(enum.Enum):
    """Why a resource is not released."""

    NEVER = "never"
    """No path releases it or hands it over."""
    KEPT = "kept"
    """No path releases it; some hand it over, and another does not."""
    FAILED = "failed"
    """Only where something went wrong it is released."""
    LEFT = "left"
    """A path of normal flow leaves without releasing it."""
    AGAIN = "again"
    """A loop acquires it anew while the last one is held."""
    RAISED = "raised"
    """A call raises."""
    CAUGHT = "caught"
    """A call raises, and the path on which that is handled does not release it."""


class Leak(msgspec.Struct, frozen=True, array_like=True):
    """A resource that is still held on a way out of the function that acquired it.

    Attributes:
        owned: the resource.
        cause: why it is not released.
        event: what leaves: a call that raises, a ``return``, the acquisition in a loop, or
            ``("n", 0)`` for the end of the function.
        after: the call that raised earlier, for ``CAUGHT``.
        skipped: a release that is missed, or that other paths have; None when there is none.
    """

    owned: Owned
    cause: Cause
    event: Event
    after: Event | None = None
    skipped: Event | None = None


def leaks(db: Database, function: FunctionId) -> Iterator[tuple[Leak, Holding]]:
    """Yield the resources that a function acquires for itself and does not always release.

    With each comes what its owner does with it, for the fix.
    """
    for owned in acquired(db, function):
        holding = Holding(db, function, owned)
        leak = _leak(db, function, holding, frozenset())
        if leak is not None:
            # Asked only now, for the answer may take a look through the project.
            ends = unreturning(db, function)
            leak = _leak(db, function, holding, ends) if ends else leak
        if leak is not None:
            yield leak, holding


def _leak(
    db: Database, function: FunctionId, holding: Holding, ends: frozenset[int]
) -> Leak | None:
    """Return how a thing leaks, given the calls that never return."""
    ways = ways_out(_course(db, function, holding, ends))
    acquisition = holding.owned.call
    if ways and is_once(holding.body, holding.body.calls[acquisition].statement):
        ways = [way for way in ways if way.event != ("c", acquisition)]
    return _Judge(db, function, holding).leak(ways) if ways else None


class _Judge:
    """Chooses the way out, if any, that a reviewer would point at."""

    def __init__(self, db: Database, function: FunctionId, holding: Holding) -> None:
        self._db = db
        self._function = function
        self._owned = holding.owned
        self._body = holding.body
        self._acquired: Event = ("c", holding.owned.call)
        self._own = frozenset(holding.uses())
        self._known: dict[Event, bool] = {}
        rows = sorted(step for found in holding.steps.values() for step in found)
        self._releases = [step for step in rows if step.act is Act.RELEASE]
        given = [step for step in rows if step.act is Act.HAND_OVER]
        self._hands_over = bool(given)
        self._gives_away = any(self._is_given_away(step.event) for step in given)
        # A function that has thought of exceptions takes what it leaves outside its `try` or `with`
        # to be safe, and so do we where nothing else is known.
        self._guarded = any(step.event[0] == "i" for step in self._releases) or any(
            self._body.regions[region].kind in CLEANING
            for step in self._releases
            for region, _ in ancestry(self._body, self._statement(step.event))
        )

    def leak(self, ways: list[Way]) -> Leak | None:
        """Return the leak of the plainest way out."""
        ways = sorted(ways, key=lambda way: self._order(way.event))
        ways = [
            way for way in ways if not self._owned.lazy or self._is_used(way.origin or way.event)
        ]
        for way in ways:
            if way.exit is not Exit.RAISE and way.origin is None:
                return self._left(way)
        raised = [leak for way in ways if (leak := self._raised(way)) is not None]
        if raised and is_in_child(self._db, self._function, self._statement(self._acquired)):
            raised = [leak for leak in raised if leak.cause is not Cause.RAISED]
        return min(raised, key=self._weakness, default=None)

    def _is_given_away(self, event: Event) -> bool:
        """Say whether an event gives away the thing, and not only its name to something else."""
        kind, index = event
        if kind == "w" and self._body.writes[index].path == self._owned.name:
            return False
        made = self._statement(self._acquired)
        return may_follow(self._body, made, self._statement(event))

    def _weakness(self, leak: Leak) -> int:
        """Return how unlikely it is that something raises; of equals the first in the source counts."""
        event = leak.after or leak.event
        if event[0] == "s":
            return 1
        name = last_step(self._body.calls[event[1]].callee)
        if self._is_minor(name, event):
            return 4 if self._is_known(event) else 6
        if not self._is_known(event):
            # To make an object fails more rarely than to use one.
            return 5 if name[:1].isupper() else 3
        if event[1] in self._own:
            return 0
        return 2 if self._makes(event) else 1

    def _is_minor(self, name: str, event: Event) -> bool:
        """Say whether nobody expects a call to fail: it asks, tells, converts, or imports late."""
        minor = name.startswith(_MINOR) and name != "get"
        if minor or name in models(self._db).lexicon.log_methods:
            return event[1] not in self._own
        return set(call_failures(self._db, self._function, event[1])) == {"ImportError"}

    def _makes(self, event: Event) -> bool:
        """Say whether a call makes another resource, which fails more rarely than to use one."""
        if event[0] != "c":
            return False
        target = callees(self._db, self._function[0])[self._function[1]][event[1]]
        return target is not None and models(self._db).knowledge(target).resource is not None

    def _left(self, way: Way) -> Leak:
        if not self._releases and not self._gives_away:
            return Leak(self._owned, Cause.NEVER, way.event)
        if way.event == self._acquired:
            cause = Cause.AGAIN
        elif not self._releases:
            cause = Cause.KEPT
        else:
            statements = [self._statement(step.event) for step in self._releases]
            mended = all(self._handlers_around(row) for row in statements)
            cause = Cause.FAILED if mended else Cause.LEFT
        skipped = self._releases[0].event if self._releases else None
        return Leak(self._owned, cause, way.event, None, skipped)

    def _raised(self, way: Way) -> Leak | None:
        origin = way.origin or way.event
        skipped = next((step.event for step in self._releases if self._skips(origin, step)), None)
        known = self._is_known(origin)
        if skipped is None and (
            self._owned.resource.release or not known or way.exit is Exit.RAISE
        ):
            return None
        if not known and self._hands_over:
            return None
        if self._guarded and (not known or self._makes(origin)):
            return None
        if way.exit is Exit.RAISE:
            return Leak(self._owned, Cause.RAISED, origin, None, skipped)
        return Leak(self._owned, Cause.CAUGHT, way.event, origin, skipped)

    def _skips(self, origin: Event, release: Step) -> bool:
        """Say whether a release would have been reached had something not been raised."""
        first, second = self._statement(origin), self._statement(release.event)
        if origin[0] == "s":
            return self._body.statements[first].at < release.at
        if first == second or not may_follow(self._body, first, second):
            return False
        return all(is_inside(self._body, first, row) for row in self._handlers_around(second))

    def _handlers_around(self, statement: int) -> list[int]:
        return [
            row
            for row, _ in ancestry(self._body, statement)
            if self._body.regions[row].kind is RegionKind.HANDLER
        ]

    def _is_known(self, event: Event) -> bool:
        """Say whether something is known to raise: a ``raise``, or a call of which that is said."""
        if event[0] == "s":
            return True
        if event not in self._known:
            self._known[event] = bool(call_failures(self._db, self._function, event[1]))
        return self._known[event]

    def _is_used(self, event: Event) -> bool:
        """Say whether a method of the resource was called before an event."""
        if event == ("n", 0):
            return bool(self._own)
        target = self._statement(event)
        return any(
            event != ("c", index)
            and may_follow(self._body, self._body.calls[index].statement, target)
            for index in self._own
        )

    def _statement(self, event: Event) -> int:
        kind, index = event
        if kind == "c":
            return self._body.calls[index].statement
        if kind == "w":
            return self._body.writes[index].statement
        return self._body.withs[index].statement if kind == "i" else index

    def _order(self, event: Event) -> tuple[int, int]:
        """Return a key by which what comes after the acquisition is first, the end of all last."""
        kind, index = event
        if kind == "n":
            return (2, 0)
        at = self._body.calls[index].at if kind == "c" else self._body.statements[index].at
        return (int(at <= self._body.calls[self._owned.call].at), at)


def _course(db: Database, function: FunctionId, holding: Holding, ends: frozenset[int]) -> Course:
    call = holding.body.calls[holding.owned.call]
    given = conditions_around(holding.body, call.statement, holding.asks_about)
    steps = without_cleanup(holding.body, call.statement, holding.steps)
    # What ends the process gives back all that it holds.
    raising = [row for row in ends if set(call_failures(db, function, row)) - {"SystemExit"}]
    return course_of(
        db,
        function,
        with_ends(holding.body, ends, raising, steps),
        lambda test: holding.truth(test, given),
        holding.asks_about,
    )
