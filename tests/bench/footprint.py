"""Measures what the server costs at rest: the first diagnostics, and memory with Nova open.

    python tests/bench/footprint.py [--rounds ROUNDS] [--rest SECONDS]

Each round starts a server for each file, once with an empty cache and once with the cache that the
former left. Prints the medians against the targets of DESIGN.md: milliseconds from the start of the
process to the first diagnostics, those of processor time besides, and resident MiB at those
diagnostics, and after the editor has rested; then also those of the server's children.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import latency
import lsp_latency

from support.nova import nova_source

MOST_MILLISECONDS = 800
MOST_MEBIBYTES = 120


class Sample(NamedTuple):
    """One start, in milliseconds and MiB."""

    ready: float
    first: float
    busy: float
    opened: float
    rested: float
    children: float


def measure(root: Path, file: Path, cache: str, rest: float) -> Sample:
    """Start a server, open a file, wait for its diagnostics, and then for ``rest`` seconds.

    Raises:
        RuntimeError: there were none.
    """
    conf = latency.servers()[-1]
    # What is installed has its bytecode; the start after an edit must not pay for compiling it.
    conf["env"] = {
        **conf["env"], "REVIEW_LSP_CACHE_DIR": cache, "PYTHONDONTWRITEBYTECODE": ""
    }  # fmt: skip
    # A client that may pull waits whether the server wants it to, before it opens anything.
    conf["mode"] = "push"
    client = lsp_latency.Client(conf, root)
    try:
        client.start()
        found = client.open(file, file.read_bytes().decode())
        if found is None:
            message = f"no diagnostics of {file}"
            raise RuntimeError(message)
        pid = client.proc.pid
        busy, opened = lsp_latency.usage(pid)[0], resident(pid)
        time.sleep(rest)
        rested = resident(pid)
        children = lsp_latency.usage(pid)[1] - rested
    finally:
        client.stop()
    first = found[0] - client.t_start
    return Sample(client.t_init * 1e3, first * 1e3, busy * 1e3, opened, rested, children)


def resident(pid: int) -> float:
    """Return the MiB that a process alone has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def row(name: str, cache: str, samples: list[Sample]) -> str:
    """Return a row of the table."""
    ready, first, busy, opened, rested, children = map(
        statistics.median, zip(*samples, strict=True)
    )
    met = first <= MOST_MILLISECONDS and max(opened, rested) <= MOST_MEBIBYTES
    return (
        f"| {name} | {cache} | {ready:.0f} | {first:.0f} (≤ {MOST_MILLISECONDS}) | {busy:.0f} "
        f"| {opened:.0f} | {rested:.0f} (≤ {MOST_MEBIBYTES}) | {children:.0f} "
        f"| {'met' if met else 'missed'} |"
    )


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each kind")
    parser.add_argument("--rest", type=float, default=3, help="seconds before memory is read again")
    given = parser.parse_args()
    root = nova_source("34.0.0")
    print(
        "| file | cache | initialize ms | first diagnostics ms | busy ms | server MiB "
        "| at rest | children | |\n|" + "---|" * 9
    )
    for name in latency.FILES:
        samples: dict[str, list[Sample]] = {"empty": [], "warm": []}
        for _ in range(given.rounds):
            with tempfile.TemporaryDirectory() as cache:
                for kind in samples.values():
                    kind.append(measure(root, root / name, cache, given.rest))
        for kind, found in samples.items():
            print(row(Path(name).name, kind, found))


if __name__ == "__main__":
    main()
