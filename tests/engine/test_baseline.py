"""Known findings stay known while text moves, and are new when their code changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from review_checks.engine.baseline import Known, fingerprints
from support.literate import analyse

if TYPE_CHECKING:
    from review_checks.model import Finding

TEXT = """\
def load(path):
    file = open(
        path, "rb",
    )
    return file.read()


def save(text):
    print(text)  # review: ignore[no-such-rule]
    print(text)  # review: ignore[no-such-rule]
"""


def found(text: str) -> tuple[list[Finding], list[str]]:
    workspace, findings = analyse({"case.py": text})
    return findings, list(workspace.lines("case.py"))


def known(text: str) -> Known:
    return Known(frozenset(fingerprints(*found(text))))


def new(text: str) -> list[tuple[str, int]]:
    findings, lines = found(text)
    return [(row.scope, row.span.line) for row in known(TEXT).new(findings, lines)]


def test_alike_ones_are_numbered() -> None:
    rows = list(fingerprints(*found(TEXT)))
    assert [(row.scope, row.ordinal) for row in rows] == [("load", 0), ("save", 0), ("save", 1)]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    "change",
    [
        ("def load", "# a comment\n\n\ndef load"),
        ('open(\n        path, "rb",\n    )', 'open(path, "rb",)'),
        ("  # review", "\n    # review"),
        ("\n", "\r\n"),
        ("    ", "\t"),
    ],
)
def test_what_moves_stays_known(change: tuple[str, str]) -> None:
    assert new(TEXT.replace(*change)) == []


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (("path, ", "other, "), [("load", 1)]),
        (("def load", "def read"), [("read", 1)]),
        (("def save(", "class Class:\n  pass\n\ndef save("), []),
        (
            ("    return file.read()", "    file = open(path)\n    return file.read()"),
            [("load", 4)],
        ),
    ],
)
def test_what_changes_is_new(change: tuple[str, str], shown: list[tuple[str, int]]) -> None:
    assert new(TEXT.replace(*change)) == shown


def test_one_more_alike_is_new() -> None:
    text = TEXT + "    print(text)  # review: ignore[no-such-rule]\n"
    assert new(text) == [("save", 10)]


def test_nothing_known_leaves_everything() -> None:
    findings, lines = found(TEXT)
    assert Known().new(findings, lines) == findings
