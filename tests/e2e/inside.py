"""A server in the test's own process, for what cannot be provoked from outside."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from review_server.host import ReviewServer

if TYPE_CHECKING:
    from collections.abc import Callable

PULLING = {
    "workspace": {"diagnostics": {"refreshSupport": True}},
    "textDocument": {"diagnostic": {}, "publishDiagnostics": {"relatedInformation": True}},
}


class Inside:
    """A server, and everything that it sent.

    Attributes:
        is_prompt: whether it is told the settings, of which there are none, when it asks for them.
    """

    is_prompt = True

    def __init__(self, capabilities: dict[str, Any], folder: str | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.server = ReviewServer(lambda: None)
        self.server.protocol.set_writer(self)  # type: ignore[arg-type]
        self._number = 0
        folders = [{"uri": folder, "name": "folder"}] if folder else None
        params = {"capabilities": capabilities, "workspaceFolders": folders}
        self.ask("initialize", {"processId": None, **params})
        self.tell("initialized", {})
        if self.is_prompt:
            self.settle(result=[])

    def write(self, data: bytes) -> None:
        self.sent.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None:
        """Do nothing; pygls wants it."""

    def tell(self, method: str, params: Any) -> None:
        self._receive({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self._receive({"id": self._number, "method": method, "params": params})
        return next(row for row in reversed(self.sent) if row.get("id") == self._number)["result"]

    def settle(self, **answer: Any) -> None:
        """Answer the questions for the settings."""
        for row in [row for row in self.sent if row.get("method") == "workspace/configuration"]:
            self._receive({"id": row["id"], **answer})

    def _receive(self, message: dict[str, Any]) -> None:
        self.server.protocol.receive([json.dumps({"jsonrpc": "2.0", **message}).encode()])

    def open(self, uri: str, text: str) -> None:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, *changes: dict[str, Any]) -> None:
        identifier = {"uri": uri, "version": 2}
        params = {"textDocument": identifier, "contentChanges": list(changes)}
        self.tell("textDocument/didChange", params)

    def pull(self, uri: str) -> list[dict[str, Any]]:
        report = self.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        rows: list[dict[str, Any]] = report["items"]
        return rows

    def logged(self) -> list[str]:
        return [
            row["params"]["message"]
            for row in self.sent
            if row.get("method") == "window/logMessage"
        ]


def inside(test: Callable[[], None]) -> None:
    """Run a test where there is an event loop, which a server asks for."""

    async def run() -> None:
        test()

    asyncio.run(run())
