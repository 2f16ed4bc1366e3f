"""The messages that have come in and wait for their turn."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types
from msgspec import UNSET

if TYPE_CHECKING:
    from review_server import wire

_EDITS = frozenset(
    {
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_CLOSE,
    }
)
_ENDS = frozenset({types.SHUTDOWN, types.EXIT})


class Message(NamedTuple):
    """One message: as it came, as far as it was read, and when, in seconds of the clock."""

    body: bytes
    envelope: wire.Envelope
    since: float

    @property
    def is_request(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self.envelope.method) and self.envelope.id is not UNSET

    @property
    def is_edit(self) -> bool:
        """Whether it changes the text of a document."""
        return self.envelope.method in _EDITS

    @property
    def is_pull(self) -> bool:
        """Whether it asks for the diagnostics of a document."""
        return self.envelope.method == types.TEXT_DOCUMENT_DIAGNOSTIC and self.is_request


class Inbox:
    """Messages in the order in which they came, but for requests for diagnostics.

    These are kept back until the edits that came with them are made: what they ask about is the
    text that the user sees by now, and it is analysed once.

    Attributes:
        keeps_pulls: requests for diagnostics are kept back, whatever else is to be handled.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.keeps_pulls = False
        self._messages: deque[Message] = deque()
        self._pulls: deque[Message] = deque()

    def __bool__(self) -> bool:
        """Say whether anything waits that may be handled now."""
        if self.keeps_pulls:
            return any(not message.is_pull for message in self._messages)
        return bool(self._messages or self._pulls)

    def put(self, message: Message) -> None:
        """Take a message that came in."""
        self._messages.append(message)

    @property
    def edits_are_next(self) -> bool:
        """Whether an edit is what is to be handled next."""
        others = (message.is_edit for message in self._messages if not message.is_pull)
        return next(others, False)

    @property
    def ends_in_form(self) -> bool:
        """Whether the client asks for the end, and waits for the answer."""
        return any(one.envelope.method == types.SHUTDOWN for one in self._messages)

    @property
    def ends(self) -> bool:
        """Whether the client wants to end, so that nothing else needs to be done."""
        return any(one.envelope.method in _ENDS for one in self._messages)

    def put_back(self, request: Message) -> None:
        """Take a request whose turn was too early: one that is no pull waits for all that came."""
        if request.is_pull:
            self._pulls.appendleft(request)
        else:
            self._messages.append(request)

    def take(self) -> Message:
        """Return what is to be handled next.

        Raises:
            IndexError: nothing waits.
        """
        while self._messages:
            if not self._messages[0].is_pull:
                # Whatever else there is comes after the requests before it, but for the end.
                keeps = self.keeps_pulls or self._messages[0].is_edit or self.ends
                if self._pulls and not keeps:
                    break
                return self._messages.popleft()
            self._pulls.append(self._messages.popleft())
        return self._pulls.popleft()

    def withdraw(self, request: wire.RequestId) -> bool:
        """Drop a request that nobody waits for any more; return whether it was here."""
        for waiting in (self._messages, self._pulls):
            for message in waiting:
                if message.envelope.id == request and message.is_request:
                    waiting.remove(message)
                    return True
        return False
