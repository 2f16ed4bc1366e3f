"""Who calls a function from other files, and what follows from it."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.summaries.callers import callers_elsewhere
from review_checks.summaries.index import qualified_name
from review_checks.summaries.inputs import unit_path
from review_checks.summaries.names import function_of
from support.pools import BARE, POOL

LOCKED = """\
import threading

from pool import Pool

POOL = Pool()
LOCK = threading.Lock()


def forget(name):
    with LOCK:
        POOL.drop(name)
"""
OTHER = "class Drain:\n    def drop(self):\n        pass\n\n\ndef close():\n    Drain().drop()\n"


def workspace(**files: str) -> Workspace:
    texts = {"pool.py": POOL, **{f"{name}.py": text for name, text in files.items()}}
    made = Workspace(MemorySource(texts))
    for path, text in texts.items():
        made.open(path, text)
    return made


def callers(made: Workspace) -> list[tuple[str, str]]:
    function = function_of(made.db, "pool.Pool.drop")
    assert function is not None
    return [
        (unit_path(made.db, caller[0]), qualified_name(made.db, caller))
        for caller in callers_elsewhere(made.db, function)
    ]


def test_calls_of_other_files_are_found() -> None:
    made = workspace(one=BARE, two=LOCKED, three=OTHER, four="import pool\n\npool.Pool().drop(1)\n")
    # What runs at import is not called by anybody.
    assert callers(made) == [("one.py", "forget"), ("two.py", "forget")]


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 0),
        ({"api": BARE}, 1),
        ({"api": LOCKED}, 0),
        ({"api": OTHER}, 0),
        ({"api": LOCKED, "other": BARE}, 1),
    ],
)
def test_a_public_name_is_no_slip_when_others_call_it(files: dict[str, str], count: int) -> None:
    found = [row for row in workspace(**files).findings("pool.py") if row.scope == "Pool.drop"]
    assert len(found) == count


def test_findings_follow_the_other_file() -> None:
    made = workspace(api=LOCKED)
    assert made.findings("pool.py") == []
    made.open("api.py", BARE)
    (finding,) = made.findings("pool.py")
    assert finding.rule == "unguarded-write"
    made.close("api.py")
    assert made.findings("pool.py") == []
    made.note([("new.py", ("POOL", "drop"))])
    made.announce()
    assert made.findings("pool.py") == [], "there is no such file"
