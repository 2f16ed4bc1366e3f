"""Progress of a request, by the token that the client has sent along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from review_server.host import ReviewServer


class TokenProgress:
    """Shows how far a request is; without a token it shows nothing."""

    def __init__(self, ls: ReviewServer, token: int | str | None) -> None:
        """Take the token of the request."""
        self._ls = ls
        self._token = token
        self._shown = -1
        self._ended = False

    def begin(self, title: str) -> None:
        """Show that it began; a token serves for one beginning."""
        if self._shown < 0:
            self._shown = 0
            self._send({"kind": "begin", "title": title, "percentage": 0})

    def report(self, done: int, total: int) -> None:
        """Show how much is done; nothing is sent for less than a hundredth."""
        percentage = min(100, 100 * done // max(total, 1))
        if percentage != self._shown and not self._ended:
            self._shown = percentage
            message = f"{done}/{total} files"
            self._send({"kind": "report", "message": message, "percentage": percentage})

    def end(self) -> None:
        """Show that it is over."""
        if not self._ended:
            self._ended = True
            self._send({"kind": "end"})

    def _send(self, value: dict[str, Any]) -> None:
        if self._token is not None:
            self._ls.tell(types.PROGRESS, {"token": self._token, "value": value})
