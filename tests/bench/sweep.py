"""Measures what findings of files that are not open cost, with Nova as the editor's folder.

    python tests/bench/sweep.py [--edits EDITS]

Prints a row for each request for the findings of all files: the first one, the next one when nothing
has changed, and one after each edit of an open file. Seconds count from the request, which waits
until the editor rests, to its answer; beside them stand those of processor time, the files that
were reported anew, and the server's resident MiB at most and at the end. The index is complete, and
on the first row it is as large as it is then.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import footprint
import latency
import lsp_latency

from support.nova import nova_source

MOST_MEBIBYTES = 160
FILES = {
    "nova/compute/resource_tracker.py": ("self.old_resources.pop(", "self.old_resources.popx("),
    "nova/objects/instance.py": ("return self.info_cache", "return self.info_cached"),
    "nova/utils.py": ("return", "return 1 or"),
}
"""File → a text that is edited there: in a service, in what few use, and in what many do."""


class Sweeps:
    """A server that was asked for the findings of all files, and what it answered."""

    def __init__(self, root: Path) -> None:
        conf = {
            **latency.servers()[-1],
            "mode": "pull",
            "timeout_s": 600,
            "initializationOptions": {"workspace-diagnostics": True},
            "capabilities": {
                "experimental": {"reviewStatus": True},
                "workspace": {"configuration": False, "diagnostics": {"refreshSupport": True}},
            },
        }
        self.client = lsp_latency.Client(conf, root)
        self.client.start()
        self.client.wait(lambda message: _state(message) == "indexing", 60)
        self.client.wait(lambda message: _state(message) == "idle", 600)
        self._results: dict[str, str] = {}

    def measure(self, name: str) -> str:
        """Ask for the findings of all files; return a row of the table."""
        pid = self.client.proc.pid
        most = [0.0]
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.05):
                most[0] = max(most[0], footprint.resident(pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        known = [{"uri": uri, "value": value} for uri, value in self._results.items()]
        began, busy = time.perf_counter(), _busy(pid)
        request = self.client.request("workspace/diagnostic", {"previousResultIds": known})
        found = self.client.wait(lambda message: message.get("id") == request, 600)
        seconds, busy = time.perf_counter() - began, _busy(pid) - busy
        done.set()
        watcher.join()
        rows = found[1]["result"]["items"]
        self._results.update((row["uri"], row["resultId"]) for row in rows)
        news = sum(row["kind"] == "full" for row in rows)
        end = footprint.resident(pid)
        met = "met" if max(most[0], end) <= MOST_MEBIBYTES else "missed"
        return (
            f"| {name} | {seconds:.1f} | {busy:.1f} | {news} | {most[0]:.0f} | {end:.0f} | {met} |"
        )


def _busy(pid: int) -> float:
    """Return the seconds of processor time that a process alone has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / lsp_latency.TICK


def _state(message: dict[str, Any]) -> str:
    """Return the state that a notification of it tells."""
    return message["params"]["state"] if message.get("method") == "review/status" else ""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--edits", type=int, default=3, help="edits of each file")
    given = parser.parse_args()
    root = nova_source("34.0.0")
    sweeps = Sweeps(root)
    print(f"| | seconds | busy | reported | MiB at most | at the end (≤ {MOST_MEBIBYTES}) | |")
    print("|" + "---|" * 7)
    print(f"| index | | | | | {footprint.resident(sweeps.client.proc.pid):.0f} | |")
    try:
        print(sweeps.measure("everything"), flush=True)
        print(sweeps.measure("nothing new"), flush=True)
        for name, (old, new) in FILES.items():
            sweeps.client.open(root / name, (root / name).read_text())
            print(sweeps.measure(f"{name} opened"), flush=True)
            for edit in range(given.edits):
                before, after = (old, new) if edit % 2 == 0 else (new, old)
                start = sweeps.client.text.index(before)
                sweeps.client.change(start, start + len(before), after)
                print(sweeps.measure(f"edit {edit + 1}"), flush=True)
    finally:
        sweeps.client.stop()


if __name__ == "__main__":
    main()
