"""Reads rule cases from Markdown: prose, then code with its findings marked under it.

A case begins with a heading of level two and has one or more fenced blocks:

- ``python`` or ``python path/to/file.py``: a file of the case. Under a line, ``#~~~~ rule: text``
  marks a finding that begins at the column of the ``#`` and is as long as the marker; with blanks
  behind the ``#`` it begins at the first ``~``. ``#---- text`` marks a piece of evidence in the same
  way. The text must be part of the message, and may be left out. ``#<`` marks the whole line.
- ``fixed`` or ``fixed path``: the text after the fix of the first finding.
- ``refused``: why the fix of the first finding is refused.

Without markers, the case is silent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Finding, Fix, Refusal, Span
from review_checks.options import Options
from review_checks.text.editing import apply

if TYPE_CHECKING:
    from pathlib import Path

_FENCE = re.compile(r"^```(\w*)[ \t]*(\S*)[ \t]*$")
_MARK = re.compile(r"^(\s*)#(\s*)(~+|-{2,}|<)\s*(.*)$")


@dataclass
class Mark:
    path: str
    span: Span
    text: str


@dataclass
class Case:
    title: str
    files: dict[str, str] = field(default_factory=dict)
    findings: list[Mark] = field(default_factory=list)
    evidence: list[Mark] = field(default_factory=list)
    fixed: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    profile: str = "strict"


def read_cases(path: Path) -> list[Case]:
    cases: list[Case] = []
    block: list[str] | None = None
    kind = name = ""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        fence = _FENCE.match(line)
        if block is not None:
            if line.startswith("```"):
                _close(cases[-1], kind, name or "case.py", block)
                block = None
            else:
                block.append(line)
        elif line.startswith("## "):
            cases.append(Case(line[3:].strip()))
        elif fence and fence.group(1):
            kind, name, block = fence.group(1), fence.group(2), []
    return cases


def _close(case: Case, kind: str, name: str, block: list[str]) -> None:
    if kind == "fixed":
        case.fixed[name] = "".join(block)
    elif kind == "refused":
        case.refused = "".join(block).strip()
    elif kind == "python":
        kept: list[str] = []
        for line in block:
            mark = _MARK.match(line)
            if mark is None:
                kept.append(line)
                continue
            _add_mark(case, name, kept, mark)
        case.files[name] = "".join(kept)


def _add_mark(case: Case, name: str, kept: list[str], mark: re.Match[str]) -> None:
    row = len(kept) - 1
    indent, blanks, line, text = mark.groups()
    if line == "<":
        start, length = 0, len(kept[row].rstrip())
        is_finding = True
    else:
        start = len(indent) + (1 + len(blanks) if blanks else 0)
        length = len(line) + (0 if blanks else 1)
        is_finding = line.startswith("~")
    span = Span(row, start, row, start + length)
    (case.findings if is_finding else case.evidence).append(Mark(name, span, text.strip()))


def analyse(files: dict[str, str], profile: str = "strict") -> tuple[Workspace, list[Finding]]:
    workspace = Workspace(MemorySource(files), Options(profile=profile))
    for path, text in files.items():
        workspace.open(path, text)
    found = [finding for path in files for finding in workspace.findings(path)]
    failures = [failure for path in files for failure in workspace.failures(path)]
    assert not failures, failures[0][1]
    return workspace, found


def check_case(case: Case, rule: str) -> None:
    workspace, everything = analyse(case.files)
    found = [finding for finding in everything if finding.rule == rule]
    shown = [(finding.path, finding.span, finding.message) for finding in found]
    expected = [(mark.path, mark.span.line) for mark in case.findings]
    assert [(path, span.line) for path, span, _ in shown] == sorted(expected), shown
    by_place = {
        (finding.path, finding.span.line, finding.span.column): finding for finding in found
    }
    for mark in case.findings:
        finding = by_place.get((mark.path, mark.span.line, mark.span.column))
        if finding is None:
            finding = next(item for item in found if item.span.line == mark.span.line)
            assert mark.span.column == 0, (finding.span, mark)
        elif finding.span.end_line == finding.span.line:
            assert finding.span.end_column == mark.span.end_column, (finding.span, mark)
        code, _, text = mark.text.partition(":")
        assert code.strip() == rule, mark
        assert text.strip() in finding.message, finding.message
    for mark in case.evidence:
        notes = [note for finding in found for note in finding.notes]
        assert any(
            note.path == mark.path
            and (note.span.line, note.span.column) == (mark.span.line, mark.span.column)
            and mark.text in note.message
            for note in notes
        ), (mark, notes)
    if case.fixed or case.refused:
        check_fix(workspace, found[0], case)


def check_fix(workspace: Workspace, finding: Finding, case: Case) -> None:
    fix = workspace.fix(finding)
    if case.refused:
        assert isinstance(fix, Refusal), fix
        assert case.refused in fix.reason, fix.reason
        return
    assert isinstance(fix, Fix), fix
    after = apply_fix(case.files, fix)
    for path, text in case.fixed.items():
        assert after[path] == text, after[path]
    assert after != case.files, "the fix changes nothing"


def apply_fix(files: dict[str, str], fix: Fix) -> dict[str, str]:
    after = dict(files)
    for path in {edit.path for edit in fix.edits}:
        edits = [edit for edit in fix.edits if edit.path == path]
        lines = analyse({path: files[path]})[0].lines(path)
        after[path] = apply(lines, edits)
    return after
