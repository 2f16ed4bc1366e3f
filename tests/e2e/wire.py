"""A client that may break every rule: it writes bytes and reads what comes back."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from typing import Any, Self

from e2e.editor import PATIENCE, SERVER

INITIALIZE = {"processId": None, "rootUri": None, "capabilities": {}}


class Wire:
    """A server's standard input and output."""

    def __init__(self, command: list[str] | None = None) -> None:
        self.process = subprocess.Popen(
            command or SERVER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
        )
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            if header.lower().startswith(b"content-length"):
                while stream.readline().strip():
                    pass
                self._messages.put(json.loads(stream.read(int(header.split(b":")[1]))))
        self._messages.put(None)

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, *messages: dict[str, Any]) -> None:
        """Send messages in one piece."""
        self.write(
            b"".join(framed(json.dumps({"jsonrpc": "2.0", **row}).encode()) for row in messages)
        )

    def request(self, number: int, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request and return its answer."""
        self.send({"id": number, "method": method, "params": params})
        return self.answer(number)

    def answer(self, number: int | None) -> dict[str, Any]:
        """Return the answer to a request; what comes before it is dropped."""
        while True:
            message = self.next()
            if "method" not in message and message["id"] == number:
                return message

    def next(self) -> dict[str, Any]:
        message = self._messages.get(timeout=PATIENCE)
        assert message is not None, "the server went away"
        return message

    def initialize(self, **params: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.request(1, "initialize", {**INITIALIZE, **params})["result"]
        self.send({"method": "initialized", "params": {}})
        return result

    def end(self) -> int:
        """Return the exit code of the server."""
        return self.process.wait(PATIENCE)


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
