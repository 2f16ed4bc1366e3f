"""Every rule's cases, and the examples in its documentation, hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from review_checks.engine.discovery import all_rules, rules_by_name
from review_checks.model import Fix, Safety
from support.literate import Case, analyse, apply_fix, check_case, read_cases

if TYPE_CHECKING:
    from review_checks.rule import Rule

HERE = Path(__file__).parent
FILES = {path.stem: path for path in HERE.glob("*/*.md")}
CASES = [(stem, case) for stem, path in sorted(FILES.items()) for case in read_cases(path)]
_EXAMPLE = re.compile(r"^```python (bad|good|fixed)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LONGEST_TITLE = 60
_NAMELESS = "unused-suppression"
"""The rule whose fix takes a whole comment away, which has no name."""
_HEADINGS = ["Why it matters", "Example", "When it stays silent", "Fix", "Options", "References"]


@pytest.mark.parametrize(
    ("rule", "case"), CASES, ids=[f"{rule}: {case.title}" for rule, case in CASES]
)
def test_case(rule: str, case: Case) -> None:
    check_case(case, rule)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_documentation(rule: Rule) -> None:
    headings = re.findall(r"^## (.+)$", rule.document, re.MULTILINE)
    assert headings == _HEADINGS
    examples = _EXAMPLE.findall(rule.document)
    assert any(kind == "bad" for kind, _ in examples)
    before: dict[str, str] | None = None
    for kind, text in examples:
        files = {"example.py": text}
        workspace, found = analyse(files)
        mine = [finding for finding in found if finding.rule == rule.name]
        if kind == "bad":
            assert mine, f"the bad example of {rule.name} is silent"
            assert all(len(finding.title) <= _LONGEST_TITLE for finding in mine)
            named = [finding.title for finding in mine if finding.fix and rule.name != _NAMELESS]
            assert all("`" in title for title in named), named
            before = files
        else:
            assert not mine, mine
        if kind == "fixed":
            assert before is not None
            workspace, found = analyse(before)
            finding = next(item for item in found if item.rule == rule.name)
            fix = workspace.fix(finding)
            assert isinstance(fix, Fix), fix
            assert apply_fix(before, fix)["example.py"] == text


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_cases_balance(rule: Rule) -> None:
    cases = [case for name, case in CASES if name == rule.name]
    firing = [case for case in cases if case.findings]
    silent = [case for case in cases if not case.findings]
    assert len(firing) >= 3
    assert len(silent) >= len(firing)
    texts = [tuple(case.files.items()) for case in cases]
    assert len(set(texts)) == len(texts), "two cases are the same"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_a_fix_is_as_safe_as_its_rule_says(rule: Rule) -> None:
    seen: set[Safety | None] = set()
    for name, case in CASES:
        if name == rule.name:
            _, found = analyse(case.files)
            seen.update(finding.fix for finding in found if finding.rule == name and finding.fix)
    assert (Safety.SAFE in seen and rule.safety is not Safety.SAFE) is rule.safer


def test_every_case_file_belongs_to_a_rule() -> None:
    assert {path.stem for path in FILES.values()} == set(rules_by_name())
    assert all(path.parent.name == rules_by_name()[path.stem].concern for path in FILES.values())
