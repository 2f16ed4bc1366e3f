"""What goes wrong is written to standard error and to the editor's log, and never pops up."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from review_server.host import ReviewServer

_REPEAT_SECONDS = 60.0
_PER_MINUTE = 30
_TYPES = {
    logging.CRITICAL: types.MessageType.Error,
    logging.ERROR: types.MessageType.Error,
    logging.WARNING: types.MessageType.Warning,
}


class ToClient(logging.Handler):
    """Sends records to the editor's log: each text once a minute, and not too many in all."""

    def __init__(self, server: ReviewServer) -> None:
        """Send by a server, from the time it has a session."""
        super().__init__(logging.WARNING)
        self._server = server
        self._sent: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, unless it was sent lately."""
        now = time.monotonic()
        text = self.format(record)
        self._sent = {
            known: when for known, when in self._sent.items() if now - when < _REPEAT_SECONDS
        }
        if text in self._sent or len(self._sent) >= _PER_MINUTE or not self._server.has_session:
            return
        self._sent[text] = now
        kind = _TYPES.get(record.levelno, types.MessageType.Info)
        self._server.tell(types.WINDOW_LOG_MESSAGE, {"type": kind.value, "message": text})


def forward(server: ReviewServer) -> None:
    """Send warnings and errors to the client, too."""
    logging.getLogger().addHandler(ToClient(server))
