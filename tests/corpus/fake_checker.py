"""A checker for the scorer's tests: the lines it checks say what it reports.

``# report RULE`` is reported, ``# strict RULE`` in the profile strict only, ``# beside FILE RULE``
when that file is there; ``# crash`` is an internal error, ``# garble`` makes the report unreadable,
and ``# sleep`` takes longer than anybody waits. Each run leaves a line in the file that
``CHECKER_LOG`` names.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = [
    {"name": "race", "concern": "synchronization"},
    {"name": "race-swallowed", "concern": "errors"},
]


def main(words: list[str]) -> int:
    """Run the command line, as far as the scorer uses it."""
    if words[0] == "rules":
        print(json.dumps(RULES))
        return 0
    with Path(os.environ["CHECKER_LOG"]).open("a") as log:
        print(*words, file=log)
    profile, files = words[2], words[5:]
    rows = [row for path in files for row in check(path, profile)]
    print(json.dumps(rows))
    return 1 if rows else 0


def check(path: str, profile: str) -> Iterator[dict[str, object]]:
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        match re.findall(r"\S+", line.partition("#")[2]):
            case ["report", rule]:
                yield row(path, number, rule)
            case ["strict", rule] if profile == "strict":
                yield row(path, number, rule)
            case ["beside", other, rule] if Path(other).exists():
                yield row(path, number, rule)
            case ["crash"]:
                raise SystemExit("boom")
            case ["garble"]:
                print("what?")
            case ["sleep"]:
                time.sleep(60)


def row(path: str, number: int, rule: str) -> dict[str, object]:
    place = {"row": number, "column": 1}
    return {
        "code": rule,
        "filename": path,
        "location": place,
        "end_location": place,
        "message": f"this is a {rule}",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
