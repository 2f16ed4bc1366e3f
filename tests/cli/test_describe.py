"""``rules``, ``explain`` and the pages of the rules."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from review_checks.docs import page, summary
from review_checks.engine.discovery import all_rules
from review_checks.rule import Over

if TYPE_CHECKING:
    from review_checks.rule import Rule
    from support.commands import Run


def test_rules_as_json(run: Run) -> None:
    done = run("rules", "--output-format", "json")
    assert done.code == 0
    rows = json.loads(done.out)
    assert {
        "name": "unguarded-write",
        "concern": "synchronization",
        "severity": "warning",
        "tier": "default",
        "fix": "unsafe",
    } in rows
    over_code = [rule.name for rule in all_rules() if rule.over is not Over.COMMENT]
    assert [row["name"] for row in rows] == over_code
    assert len({row["concern"] for row in rows}) == 6
    assert {row["fix"] for row in rows} <= {"safe", "unsafe", None}
    assert {row["severity"] for row in rows} <= {"error", "warning", "information", "hint"}
    assert {row["tier"] for row in rows} <= {"default", "review", "strict"}


def test_rules_as_text(run: Run) -> None:
    lines = run("rules").out.splitlines()
    assert lines[0].split() == ["name", "concern", "severity", "tier", "fix"]
    assert len(lines) == 1 + len(all_rules())
    row = next(line for line in lines if line.startswith("unguarded-write "))
    assert row.split() == ["unguarded-write", "synchronization", "warning", "default", "unsafe"]


def test_explain(run: Run) -> None:
    done = run("explain", "unguarded-write")
    assert done.code == 0
    assert done.out.startswith("# unguarded-write\n\nState that a lock guards elsewhere")
    assert "| synchronization | warning | default | unsafe |" in done.out


@pytest.mark.parametrize("name", ["unguarded_write", "Unguarded-Write", "ungarded-write"])
def test_an_unknown_rule_is_wrong_usage(run: Run, name: str) -> None:
    done = run("explain", name)
    assert done.code == 2
    assert f"there is no rule `{name}`; did you mean `unguarded-write`?" in done.err


def test_explain_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "review_server", "explain", "unguarded-write"],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "60"},
    ) as command:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        os.close(ours)
        assert command.wait() == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).splitlines()
    assert "\x1b[" in shown.decode()
    assert "Why it matters" in "".join(plain)
    assert max(len(line.rstrip()) for line in plain) <= 60


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_pages(rule: Rule) -> None:
    text = page(rule)
    assert text.startswith(f"# {rule.name}\n\n{summary(rule)}\n")
    assert summary(rule).endswith(".")
    for comment in ("ignore", "ignore-file"):
        assert f"`# review: {comment}[{rule.name}] reason`.\n" in text
    assert "```python\n" in text
    assert set(re.findall(r"^```(.*)$", text, re.MULTILINE)) == {"python", ""}
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "Why it matters"
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
