"""Options that say what names of the project mean do what they say."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Severity
from review_checks.options import Options, read_options

POOL = """\
from acme.native import Mutex


class Pool:
    def __init__(self):
        self._slots = Mutex()
        self._active = {}

    def add(self, name, worker):
        with self._slots:
            self._active[name] = worker

    def find(self, name):
        with self._slots:
            return self._active.get(name)

    def names(self):
        with self._slots:
            return list(self._active)

    def forget(self, name):
        self._active.pop(name, None)
"""


def rules(options: Options) -> list[str]:
    workspace = Workspace(MemorySource({"pool.py": POOL}), options)
    workspace.open("pool.py", POOL)
    return [finding.rule for finding in workspace.findings("pool.py")]


@pytest.mark.parametrize(
    "given",
    [
        {"locks": ["acme.native.Mutex"]},
        {"models": {"acme.native.Mutex": {"lock": {"kind": "thread"}}}},
        {"models": {"acme.native.Mutex": {"alias": "threading.Lock"}}},
    ],
)
def test_a_lock_that_cannot_be_read(given: dict[str, object]) -> None:
    assert "unguarded-write" not in rules(Options())
    options, problems = read_options(given)
    assert not problems
    assert rules(options) == ["unguarded-write"]


def test_what_is_said_inline_goes_before_the_list_of_locks() -> None:
    options, _ = read_options(
        {"locks": ["acme.native.Mutex"], "models": {"acme.native.Mutex": {"harmless": True}}}
    )
    assert "unguarded-write" not in rules(options)


@pytest.mark.parametrize("name", ["unguarded-write", "synchronization"])
def test_the_level_of_a_rule_or_of_its_concern(name: str) -> None:
    options, _ = read_options({"locks": ["acme.native.Mutex"], "severity": {name: "hint"}})
    workspace = Workspace(MemorySource({"pool.py": POOL}), options)
    workspace.open("pool.py", POOL)
    assert [row.severity for row in workspace.findings("pool.py")] == [Severity.HINT]


def test_what_is_wrong_is_left_out_and_the_rest_counts() -> None:
    options, problems = read_options(
        {"profil": 1, "select": "errors", "ignore": ["errors"], "models": {"a.b": {"lok": 1}}}
    )
    assert options == Options(ignore=("errors",))
    assert [problem.at for problem in problems] == [("profil",), ("select",), ("models", "a.b")]
