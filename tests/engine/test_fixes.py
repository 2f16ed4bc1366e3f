"""Fixes of findings that are alike but for their places, and of code that is being edited."""

from __future__ import annotations

from review_checks.model import Fix, Refusal, Safety, Span
from support.literate import analyse, apply_fix

ALIKE = """\
import logging
import os

LOG = logging.getLogger(__name__)


def purge(new, old):
    for path in new:
        os.unlink(path)
    for path in old:
        os.unlink(path)
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
        "        os.unlink(path)\n",
        "        os.unlink(path)\n        if path:\n            return\n",
        1,
    )
    workspace, found = analyse({"case.py": text})
    assert len(found) == 2
    fix = workspace.fix_all("case.py", "Fix", lambda _: True, [Safety.UNSAFE])
    assert isinstance(fix, Fix)
    workspace.open("case.py", apply_fix({"case.py": text}, fix)["case.py"])
    assert workspace.findings("case.py") == found[:1]


def test_nothing_is_placed_in_code_that_does_not_parse() -> None:
    workspace, found = analyse({"case.py": ALIKE})
    workspace.change("case.py", [(Span(8, 22, 8, 23), "")])
    assert [row.message for row in workspace.findings("case.py")] == [row.message for row in found]
    fixes = [workspace.fix(row) for row in workspace.findings("case.py")]
    assert fixes == [Refusal("the code there does not parse at the moment")] * 2
    assert list(workspace.assists("case.py", Span(4, 8, 4, 8), lambda _: True)) == []


def test_assists_are_offered_beside_code_that_does_not_parse() -> None:
    workspace, _ = analyse({"case.py": f"{ALIKE}\n\ndef other(disk):\n    disk.save()\n"})
    before = workspace.assists("case.py", Span(14, 4, 14, 4), lambda _: True)
    offers = [(assist.name, offer.title) for assist, offer in before]
    assert offers
    workspace.change("case.py", [(Span(8, 22, 8, 23), "")])
    after = workspace.assists("case.py", Span(14, 4, 14, 4), lambda _: True)
    assert [(assist.name, offer.title) for assist, offer in after] == offers


def test_what_is_found_lies_inside_the_text_however_much_of_it_goes() -> None:
    text = ALIKE + "\n\n" + ALIKE.replace("purge", "cleanup")
    workspace, found = analyse({"case.py": text})
    assert len(found) == 4
    lines = text.splitlines(keepends=True)
    for left in range(len(lines)):
        workspace.open("case.py", text)
        workspace.change("case.py", [(Span(0, 0, len(lines), 0), "".join(lines[:left]) + "def (")])
        for row in workspace.findings("case.py"):
            assert row.span.end_line <= left
            assert isinstance(workspace.suppress(row), Fix | Refusal)
