"""``workspace/diagnostic``: the findings of all files, where the user wants them.

Where he does not, or not any more, there are none, and the client is told so of each file of which
it knows any; see ``offering`` for who is asked then.

A client that takes partial results is sent the findings as they are found; its request is answered
when something was new to it, and held until then. One that does not is answered at once.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from review_server.progress_token import TokenProgress

if TYPE_CHECKING:
    from review_server.host import ReviewServer
    from review_server.sweeping import Row

_BATCH = 20
_MOST_SECONDS = 1.0
"""How long what was found is kept back from a client that takes it in pieces."""


async def handle(
    ls: ReviewServer, params: types.WorkspaceDiagnosticParams
) -> types.WorkspaceDiagnosticReport:
    """Report the files whose findings are others than those that the client has."""
    known = {row.uri: row.value for row in params.previous_result_ids}
    sweep = _Sweep(ls, params.partial_result_token)
    progress = TokenProgress(ls, params.work_done_token)
    await ls.session.settling.over()
    ls.session.projects.find()
    while True:
        files = await ls.session.sweeper.files()
        # What has happened by now is seen on this round.
        count = ls.session.news.count
        progress.begin("Reviewing")
        try:
            async for row in ls.session.sweeper.rows(files, known, progress.report):
                sweep.add(row)
        finally:
            progress.end()
        if sweep.has_news or not sweep.streams:
            return types.WorkspaceDiagnosticReport(sweep.rest())
        await ls.session.news.since(count)


class _Sweep:
    """What one request has come to so far."""

    def __init__(self, ls: ReviewServer, token: int | str | None) -> None:
        self._ls = ls
        self._token = token
        self._waiting: list[dict[str, Any]] = []
        self._sent = time.monotonic()
        self.has_news = False

    @property
    def streams(self) -> bool:
        """Whether the client takes partial results."""
        return self._token is not None

    def add(self, row: Row) -> None:
        """Take what is to be said of a file, and send it when there is enough."""
        if row.rows is None:
            if self.streams:
                return
            self._waiting.append(
                {
                    "kind": "unchanged",
                    "uri": row.uri,
                    "version": row.version,
                    "resultId": row.result,
                }
            )
            return
        self.has_news = True
        self._waiting.append(
            {
                "kind": "full",
                "uri": row.uri,
                "version": row.version,
                "resultId": row.result,
                "items": [json.loads(item) for item in row.rows],
            }
        )
        late = time.monotonic() - self._sent > _MOST_SECONDS
        if self.streams and (late or len(self._waiting) >= _BATCH):
            self._send()

    def rest(self) -> list[Any]:
        """Return what was not sent yet, as the answer has it."""
        if self.streams:
            # The answer to a request that was streamed has nothing of its own.
            self._send()
            return []
        self._drop_stale()
        structure = self._ls.protocol._converter.structure  # noqa: SLF001 -- pygls has no other name
        kinds = {
            "full": types.WorkspaceFullDocumentDiagnosticReport,
            "unchanged": types.WorkspaceUnchangedDocumentDiagnosticReport,
        }
        return [structure(row, kinds[row["kind"]]) for row in self._waiting]

    def _drop_stale(self) -> None:
        """Leave out documents that were edited since: for these the client asks by itself."""
        session = self._ls.session

        def is_fresh(row: dict[str, Any]) -> bool:
            document = session.document(row["uri"])
            version = document.version if document is not None else None
            return bool(row["version"] == version)

        self._waiting = list(filter(is_fresh, self._waiting))

    def _send(self) -> None:
        self._drop_stale()
        self._sent = time.monotonic()
        if self._waiting:
            value = {"items": self._waiting}
            self._ls.tell(types.PROGRESS, {"token": self._token, "value": value})
            self._waiting = []
