"""Fixes of findings that are alike but for their places."""

from __future__ import annotations

from review_checks.model import Fix, Safety
from support.literate import analyse, apply_fix

ALIKE = """\
def close_all(readers, writers):
    for one in readers:
        one.close()
    for one in writers:
        one.close()
"""
"""Two findings of one rule, function, symbol and message."""


def test_all_findings_that_are_alike_are_fixed() -> None:
    workspace, found = analyse({"case.py": ALIKE})
    assert len({(row.rule, row.scope, row.symbol, row.message) for row in found}) == 1
    assert len(found) == 2
    fix = workspace.fix_all("case.py", "Fix", lambda _: True, [Safety.UNSAFE])
    assert isinstance(fix, Fix)
    workspace.open("case.py", apply_fix({"case.py": ALIKE}, fix)["case.py"])
    assert workspace.findings("case.py") == []


def test_one_that_cannot_be_fixed_does_not_stop_the_next() -> None:
    text = ALIKE.replace(
        "        one.close()\n", "        one.close()\n        if one:\n            return\n", 1
    )
    workspace, found = analyse({"case.py": text})
    assert len(found) == 2
    fix = workspace.fix_all("case.py", "Fix", lambda _: True, [Safety.UNSAFE])
    assert isinstance(fix, Fix)
    workspace.open("case.py", apply_fix({"case.py": text}, fix)["case.py"])
    assert workspace.findings("case.py") == found[:1]
