"""Compares the server with ``ruff server``, key by key, in one alternating run on Nova.

    python tests/bench/latency.py [-n EDITS] [--rounds ROUNDS] [-o OUT]

Prints the harness's own table, then the ratios that DESIGN.md sets targets for: the median over
forward edits of every kind, and the 95th percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import lsp_latency

from support.nova import nova_source

ROOT = Path(__file__).parents[2]
FILES = {
    "nova/compute/resource_tracker.py": 0.6,
    "nova/compute/manager.py": 0.15,
    "nova/virt/libvirt/driver.py": 0.15,
}
"""File → the greatest median that is allowed, as a multiple of ruff's."""

_RULES = ["S", "BLE", "TRY", "LOG", "G", "B", "SIM", "ASYNC", "PL"]


def servers() -> list[dict[str, Any]]:
    """Return how both servers are started; ours runs from this checkout."""
    beside = Path(sys.executable).parent / "ruff"
    ruff = str(beside) if beside.exists() else shutil.which("ruff")
    if ruff is None:
        sys.exit("ruff is not installed; it is part of the extra `dev`")
    settings = {"lint": {"select": _RULES}}
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("checks", "server"))
    return [
        {
            "name": "ruff",
            "cmd": [ruff, "server"],
            "settings": settings,
            "initializationOptions": {"settings": settings},
        },
        {
            "name": "review-lsp",
            "cmd": [sys.executable, "-m", "review_server"],
            "env": {"PYTHONPATH": paths, "REVIEW_LSP_CACHE_DIR": tempfile.mkdtemp()},
        },
    ]


def forward(result: dict[str, Any]) -> list[float]:
    """Return the milliseconds of all edits that are not undone edits."""
    samples = result["samples"]
    return [row["first_ms"] for kind, rows in samples.items() if "." not in kind for row in rows]


def compare(results: list[dict[str, Any]], target: float) -> str:
    """Return a row of the table of ratios."""
    ruff, ours = results
    if "error" in ruff or "error" in ours:
        return f"| {Path(ours['file']).name} | {ruff.get('error')} | {ours.get('error')} | | | | |"
    theirs, mine = forward(ruff), forward(ours)
    medians = statistics.median(theirs), statistics.median(mine)
    tails = lsp_latency.pct(theirs, 0.95), lsp_latency.pct(mine, 0.95)
    ratio = medians[1] / medians[0]
    verdict = "met" if ratio <= target and tails[1] <= tails[0] else "missed"
    return (
        f"| {Path(ours['file']).name} ({ours['lines']}) | {medians[0]:.2f} | {medians[1]:.2f} "
        f"| {ratio:.2f} (≤ {target}) | {tails[0]:.1f} | {tails[1]:.1f} "
        f"| {ours['cold_ms']:.0f} | {ours['rss_mib']:.0f} | {verdict} |"
    )


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("-n", type=int, default=40, help="edits of each kind")
    parser.add_argument(
        "--rounds", type=int, default=4, help="turns in which the servers alternate"
    )
    parser.add_argument("-o", "--out", type=Path, help="write all results as JSON")
    given = parser.parse_args()
    root = nova_source("34.0.0")
    args = argparse.Namespace(
        n=given.n,
        rounds=given.rounds,
        kinds=list(lsp_latency.KINDS),
        seed=1,
        pause=0,
        raw=True,
        root=str(root),
    )
    rows = [
        (lsp_latency.run_file(servers(), root / name, args), target)
        for name, target in FILES.items()
    ]
    lsp_latency.table([result for results, _ in rows for result in results])
    print(
        "\n| file (lines) | ruff p50 | ours p50 | ratio | ruff p95 | ours p95 "
        "| ours cold ms | ours MiB | |\n|" + "---|" * 9
    )
    for results, target in rows:
        print(compare(results, target))
    if given.out:
        given.out.write_text(json.dumps([results for results, _ in rows], indent=1))


if __name__ == "__main__":
    main()
