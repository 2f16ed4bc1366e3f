"""What the product was begun for: the comments on Nova's resource tracker, in two of its versions.

Upstream fixed both writes that come too early years after 16.1.6; `remove_node` is as it was.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from support.nova import nova_source

if TYPE_CHECKING:
    from support.commands import Run

FILE = "nova/compute/resource_tracker.py"
DECORATOR = "    @utils.synchronized(COMPUTE_RESOURCE_SEMAPHORE, fair=True)\n"


class Comment(NamedTuple):
    """A finding: its rule, the line it stands on, and the line's text."""

    rule: str
    line: int
    text: str


class Review:
    """What is said of the resource tracker of a version."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch, version: str, *more: str) -> None:
        root = nova_source(version)
        monkeypatch.chdir(root)
        self.done = run("check", *more, FILE)
        self.rows = json.loads(run("check", "--output-format", "json", *more, FILE).out)
        self.lines = (root / FILE).read_text().split("\n")

    def comments(self) -> list[Comment]:
        found = [(row["code"], row["location"]["row"]) for row in self.rows]
        return [Comment(rule, line, self.lines[line - 1].strip()) for rule, line in found]

    def on(self, rule: str, text: str) -> dict[str, Any]:
        """Return the one finding of a rule that stands on a line with a text."""
        at = self.comments()
        (row,) = [
            row
            for row, comment in zip(self.rows, at, strict=True)
            if comment.rule == rule and text in comment.text
        ]
        return dict(row)

    def evidence(self, row: dict[str, Any]) -> list[str]:
        return [item["message"] for item in row["evidence"]]


def test_remove_node_holds_no_semaphore(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    review = Review(run, monkeypatch, "34.0.0")
    writes = [row for row in review.comments() if row.rule == "unguarded-write"]
    assert [row.text for row in writes] == [
        "self.compute_nodes.pop(nodename, None)",
        "self.old_resources.pop(nodename, None)",
    ]
    for field in ("compute_nodes", "old_resources"):
        row = review.on("unguarded-write", f"self.{field}.pop")
        assert f"`{field}` is written without `COMPUTE_RESOURCE_SEMAPHORE`" in row["message"]
        assert "places" in row["message"]
        assert any("whose callers hold" in text for text in review.evidence(row))
        (edit,) = row["fix"]["edits"]
        assert edit["content"] == DECORATOR
        (below,) = [at for at, line in enumerate(review.lines) if "def remove_node(" in line]
        assert edit["location"]["row"] == below + 1
    # The helpers that are called with the semaphore held are left alone, and so are the settings
    # that are compared, as far as there are any.
    assert {row.rule for row in review.comments()} <= {
        "unguarded-write", "halting-cleanup", "unvalidated-setting"
    }  # fmt: skip


def test_what_the_first_review_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    review = Review(run, monkeypatch, "16.1.6")
    early = [row for row in review.comments() if row.rule == "state-before-failure"]
    assert [row.text for row in early] == [
        "self.compute_nodes[nodename] = cn",
        "self.old_resources[nodename] = copy.deepcopy(compute_node)",
    ]
    remembered = review.on("state-before-failure", "self.old_resources[nodename]")
    assert "`compute_node.save`" in remembered["message"]
    halting = review.on("halting-cleanup", "self.pci_tracker.free_device(")
    assert any("is raised here" in text for text in review.evidence(halting))
    declared = {"disk": "reserved_host_disk_mb", "mem": "reserved_host_memory_mb"}
    for inventory, option in {**declared, "cpu": "reserved_host_cpus"}.items():
        reserved = [
            row
            for row in review.rows
            if row["code"] == "unvalidated-setting"
            and f"`CONF.{option}` is stored in `{inventory}_inv['reserved']`" in row["message"]
        ]
        used = [
            row
            for row in review.rows
            if row["code"] == "unvalidated-setting"
            and f"`CONF.{option}` is stored in `cn." in row["message"]
        ]
        assert (len(reserved), len(used)) == (1, 1)
        for row in (*reserved, *used):
            first = row["evidence"][0]
            assert first["filename"].endswith("nova/conf/compute.py")
            assert "`min=0`" in first["message"]


@pytest.mark.parametrize("version", ["16.1.6", "34.0.0"])
def test_the_strict_profile_says_more(
    run: Run, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    usual = Review(run, monkeypatch, version).comments()
    strict = Review(run, monkeypatch, version, "--profile", "strict").comments()
    assert set(usual) < set(strict)
    reads = [row.text for row in strict if row.rule == "unguarded-read"]
    assert any("self.compute_nodes" in text for text in reads)


def test_mature_code_is_left_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    root = nova_source("34.0.0")
    monkeypatch.chdir(root)
    folder = root / "nova" / "compute"
    lines = sum(path.read_text().count("\n") for path in folder.rglob("*.py"))
    rows = json.loads(run("check", "--output-format", "json", "nova/compute").out)
    assert len(rows) < 3 * lines / 1000
