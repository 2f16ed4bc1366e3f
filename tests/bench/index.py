"""Measures the index of whole Nova: time and memory, cold and warm, in the server and the command.

    python tests/bench/index.py [--rounds ROUNDS] [--root FOLDER]

Prints one row a run: how long after ``initialized`` the index was complete, the processor seconds
of the server and of its surveyors, the server's memory then, and the size of the cache. The cache
is one of the benchmark's own. A second table tells how long a key takes in a large file, from the
edit to the diagnostics, while everything is indexed again and again, and while nothing is.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.nova import nova_source

ROOT = Path(__file__).parents[2]
SERVER = [sys.executable, "-m", "review_server"]
CAPABILITIES = {
    "textDocument": {"diagnostic": {}},
    "window": {"workDoneProgress": True},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}
FILE = "nova/compute/resource_tracker.py"
LARGE = "nova/compute/manager.py"
LINE = 2000
KEYS = 160


def environment(cache: Path) -> dict[str, str]:
    """Return an environment with a cache of its own, for the code of this checkout."""
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("checks", "server"))
    return {**os.environ, "PYTHONPATH": paths, "REVIEW_LSP_CACHE_DIR": str(cache)}


class Client:
    """As much of an editor as shows the progress."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.process = subprocess.Popen(
            SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(cache)
        )
        folder = {"uri": root.as_uri(), "name": root.name}
        parameters = {
            "processId": None, "capabilities": CAPABILITIES, "workspaceFolders": [folder]
        }  # fmt: skip
        self.send(id=1, method="initialize", params=parameters)
        while "result" not in self.receive():
            pass

    def send(self, **message: Any) -> None:
        """Send a message."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Return the next message."""
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline()) != b"\r\n":
            if not line:
                sys.exit("the server went away")
            if line.lower().startswith(b"content-length"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(stream.read(length))
        return message

    def until_indexed(self) -> str:
        """Answer the server until it ends the progress; return what it showed last."""
        shown = ""
        while True:
            message = self.receive()
            if "id" in message and "method" in message:
                self.send(id=message["id"], result=None)
            if message.get("method") == "$/progress":
                value = message["params"]["value"]
                shown = value.get("message", shown)
                if value["kind"] == "end":
                    return shown

    def until(self, number: int) -> None:
        """Answer the server until it answers a request."""
        while (message := self.receive()).get("id") != number or "method" in message:
            if "id" in message and "method" in message:
                self.send(id=message["id"], result=None)

    def open(self, path: Path) -> None:
        """Open a document, and wait for its first diagnostics."""
        self._document = {"uri": path.as_uri(), "version": 1}
        document = {**self._document, "languageId": "python", "text": path.read_text()}
        self.send(method="textDocument/didOpen", params={"textDocument": document})
        self._pull()

    def press(self) -> float:
        """Type a letter at the end of a line inside a function; return the seconds it took."""
        self._document["version"] += 1
        started = time.perf_counter()
        at = {"line": LINE, "character": 0}
        changes = [{"range": {"start": at, "end": at}, "text": "#"}]
        params = {"textDocument": self._document, "contentChanges": changes}
        self.send(method="textDocument/didChange", params=params)
        self._pull()
        return time.perf_counter() - started

    def _pull(self) -> None:
        params = {"textDocument": {"uri": self._document["uri"]}}
        self.send(id=6, method="textDocument/diagnostic", params=params)
        self.until(6)

    def leave(self) -> None:
        """End the server."""
        self.send(id=2, method="shutdown")
        while self.receive().get("id") != 2:
            pass
        self.send(method="exit")
        self.process.wait(10)


def memory(process: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def seconds(process: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def size(cache: Path) -> float:
    """Return the MiB that a folder takes."""
    return sum(path.stat().st_size for path in cache.iterdir()) / 2**20


def serve(root: Path, cache: Path) -> str:
    """Index a folder in a server; return the cells of its row."""
    client = Client(root, cache)
    text = (root / FILE).read_text()
    document = {"uri": (root / FILE).as_uri(), "languageId": "python", "version": 1, "text": text}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = seconds(client.process.pid)
    started = time.perf_counter()
    client.send(method="initialized", params={})
    client.send(method="textDocument/didOpen", params={"textDocument": document})
    identifier = {"textDocument": {"uri": document["uri"]}}
    client.send(id=5, method="textDocument/diagnostic", params=identifier)
    shown = client.until_indexed()
    took = time.perf_counter() - started
    own = seconds(client.process.pid) - used
    mib = memory(client.process.pid)
    client.leave()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{took:.2f} | {own:.2f} | {total - own:.2f} | {mib:.0f} | {size(cache):.1f} | {shown}"


def keys(root: Path, cache: Path) -> list[str]:
    """Press keys in a server that indexes and in one that rests; return the rows of a table."""
    rows = []
    for name, busy in (("at rest", False), ("while indexing", True)):
        client = Client(root, cache)
        client.send(method="initialized", params={})
        client.until_indexed()
        client.open(root / LARGE)
        used = seconds(client.process.pid)
        took = []
        for number in range(KEYS):
            if busy and number % 40 == 0:
                shutil.rmtree(cache, ignore_errors=True)
                arguments = {"command": "review.restartIndex", "arguments": []}
                client.send(id=7, method="workspace/executeCommand", params=arguments)
                client.until(7)
            took.append(client.press())
            time.sleep(0.03)
        used = seconds(client.process.pid) - used
        mib = memory(client.process.pid)
        client.leave()
        took.sort()
        middle, tail = took[len(took) // 2], took[len(took) * 95 // 100]
        rows.append(
            f"| {name} | {middle * 1000:.2f} | {tail * 1000:.2f} | {used / KEYS * 1000:.2f} "
            f"| {mib:.0f} |"
        )
    return rows


def command(cache: Path, *arguments: str) -> str:
    """Run a command; return the cells of its row."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [*SERVER, *arguments],
        capture_output=True,
        text=True,
        env=environment(cache),
        check=False,
    )
    took = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    last = (done.stdout.strip() or done.stderr.strip() or "-").splitlines()[-1]
    return f"{took:.2f} | | {total:.2f} | | {size(cache):.1f} | {last[:60]}"


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is run")
    parser.add_argument("--root", type=Path, help="another project than Nova")
    given = parser.parse_args()
    root = given.root or nova_source("34.0.0")
    print(
        "| run | seconds | server's CPU s | all others' CPU s | server's MiB | cache's MiB | |\n|"
        + "---|" * 7
    )
    for _ in range(given.rounds):
        folder = Path(tempfile.mkdtemp(prefix="review-lsp-bench-"))
        try:
            print(f"| server, cold | {serve(root, folder)} |", flush=True)
            print(f"| server, warm | {serve(root, folder)} |", flush=True)
            print(f"| index, warm | {command(folder, 'index', str(root))} |", flush=True)
            print(f"| check, warm | {command(folder, 'check', str(root))} |", flush=True)
        finally:
            shutil.rmtree(folder)
        folder.mkdir()
        try:
            print(f"| index, cold | {command(folder, 'index', str(root))} |", flush=True)
        finally:
            shutil.rmtree(folder)
    print(
        "\n| a key in a large file | ms p50 | ms p95 | server's CPU ms | server's MiB |\n|"
        + "---|" * 5
    )
    with tempfile.TemporaryDirectory(prefix="review-lsp-bench-") as scratch:
        for row in keys(root, Path(scratch, "cache")):
            print(row)


if __name__ == "__main__":
    main()
