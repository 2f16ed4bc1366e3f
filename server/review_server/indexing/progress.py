"""Shows the user how far the index is, where the client can."""

from __future__ import annotations

import itertools
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Callable

    from review_server.host import ReviewServer

_numbers = itertools.count(1)


class WorkDoneProgress:
    """A progress bar that the server begins by itself."""

    def __init__(self, ls: ReviewServer) -> None:
        """Show nothing yet."""
        self._ls = ls
        self._token = ""
        self._shown = False
        self._percentage = 0

    def begin(self, cancel: Callable[[], None]) -> None:
        """Ask for a bar; ``cancel`` is called when the user wants an end."""
        if self._token:
            return
        token = self._token = f"review-lsp-index-{next(_numbers)}"
        # pygls cancels the future when the client says so.
        wish: Future[Any] = Future()
        wish.add_done_callback(lambda done: cancel() if done.cancelled() else None)
        self._ls.protocol.progress.tokens[token] = wish
        parameters = types.WorkDoneProgressCreateParams(token)
        self._ls.ask(
            types.WINDOW_WORK_DONE_PROGRESS_CREATE, parameters, lambda _: self._show(token)
        )

    def _show(self, token: str) -> None:
        """Begin, now that the client has agreed, unless it is all over."""
        if token == self._token:
            self._shown = True
            self._percentage = 0
            title = "Indexing"
            self._send(types.WorkDoneProgressBegin(title, cancellable=True, percentage=0))

    def report(self, done: int, total: int) -> None:
        """Move the bar; nothing is sent for less than a hundredth."""
        percentage = 100 * done // max(total, 1)
        if self._shown and percentage != self._percentage:
            self._percentage = percentage
            message = f"{done}/{total} files"
            self._send(types.WorkDoneProgressReport(message=message, percentage=percentage))

    def end(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._send(types.WorkDoneProgressEnd())
        self._ls.protocol.progress.tokens.pop(self._token, None)
        self._token, self._shown = "", False

    def _send(self, value: Any) -> None:
        converter = self._ls.protocol._converter  # noqa: SLF001 -- pygls has no other name for it
        value = converter.unstructure(value)
        self._ls.tell(types.PROGRESS, {"token": self._token, "value": value})
