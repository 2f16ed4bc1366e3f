"""Tells clients that want to know how the server is doing, in ``review/status`` notifications.

They are no part of the protocol, so that only a client gets them that says it knows them, by the
experimental capability ``reviewStatus``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_server.indexing.status import IndexStatus, State

if TYPE_CHECKING:
    from collections.abc import Callable

METHOD = "review/status"


class Status(msgspec.Struct, frozen=True):
    """How the server is doing.

    Attributes:
        state: ``idle``, ``indexing``, or ``degraded`` when something does not work as it should.
        done: how many files are indexed, while that goes on.
        total: how many there are.
        reasons: why it is degraded, for people; given while it is indexing, too.
    """

    state: State = State.IDLE
    done: int = 0
    total: int = 0
    reasons: tuple[str, ...] = ()


class Teller:
    """Keeps the status, and sends it when it is another than before."""

    def __init__(self) -> None:
        """Begin well."""
        self.current = Status()
        self._index = IndexStatus()
        self._troubles: dict[str, str] = {}
        self._send: Callable[[str, Status], None] | None = None

    def begin(self, send: Callable[[str, Status], None]) -> None:
        """Send every new status from now on, the present one first."""
        self._send = send
        send(METHOD, self.current)

    def index_changed(self, status: IndexStatus) -> None:
        """Take what the index says of itself."""
        self._index = status
        self._tell()

    def trouble(self, what: str, reason: str) -> None:
        """Note why something does not work as it should; an empty reason means that it does."""
        if reason:
            self._troubles[what] = reason
        else:
            self._troubles.pop(what, None)
        self._tell()

    def _tell(self) -> None:
        index = self._index
        reasons = [*([index.reason] if index.reason else []), *self._troubles.values()]
        state = index.state
        if state is not State.INDEXING:
            state = State.DEGRADED if reasons else State.IDLE
        done, total = (index.done, index.total) if state is State.INDEXING else (0, 0)
        status = Status(state, done, total, tuple(dict.fromkeys(reasons)))
        if status != self.current:
            self.current = status
            if self._send is not None:
                self._send(METHOD, status)
