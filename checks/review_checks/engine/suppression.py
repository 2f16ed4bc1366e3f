"""Comments that silence findings: ``# review: ignore[rule, rule] reason``.

A comment speaks for the whole logical line on which it stands, or, on a line of its own, for the
logical line below it. ``# review: ignore-file[rule]`` speaks for its file. A rule's concern may
stand in the place of its name; without brackets the comment speaks for all rules.
"""

from __future__ import annotations

import re

from review_checks.engine.discovery import rules_by_name
from review_checks.engine.files import File
from review_checks.facts.schema import Statement
from review_checks.model import Finding

_COMMENT = re.compile(r"#\s*review\s*:\s*(ignore-file|ignore)\b\s*(?:\[([^\]]*)\])?", re.IGNORECASE)


class Suppressions:
    """The comments of one file that silence findings."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._whole: list[frozenset[str] | None] = []
        self._lines: dict[int, list[frozenset[str] | None]] = {}
        for index, state in enumerate(file.states):
            unit, start = file.segmentation.units[index], file.segmentation.starts[index]
            for comment in state.facts.comments:
                line = state.lines[comment.line] if state.lines is not None else comment.line
                self._add(start + line, comment.text)
            for line in range(start + unit.content, start + unit.size):
                if "review" in file.lines[line]:
                    self._add(line, file.lines[line].strip())

    def _add(self, line: int, text: str) -> None:
        match = _COMMENT.match(text)
        if match is None:
            return
        given = match.group(2)
        names = (
            None
            if given is None
            else frozenset(name.strip().lower() for name in given.split(",") if name.strip())
        )
        if match.group(1).lower() == "ignore-file":
            self._whole.append(names)
            return
        alone = self._file.lines[line].lstrip().startswith("#")
        for covered in self._covered(line, alone=alone):
            self._lines.setdefault(covered, []).append(names)

    def _covered(self, line: int, *, alone: bool) -> range:
        """Return the lines of the logical line that a comment speaks for."""
        lines = self._file.lines
        if alone:
            line += 1
            while line < len(lines) - 1 and lines[line].strip()[:1] in ("", "#"):
                line += 1
        index = self._file.segmentation.index_at(line)
        state, start = self._file.states[index], self._file.segmentation.starts[index]
        if state.lines is None:
            for function in state.facts.functions:
                for statement in function.statements:
                    first, last = _header(function.statements, statement)
                    if first <= line - start <= last:
                        return range(start + first, start + last + 1)
        return range(line, line + 1)

    def cover(self, finding: Finding) -> bool:
        """Say whether a comment silences a finding."""
        if not self._whole and not self._lines:
            return False
        rule = rules_by_name().get(finding.rule)
        names = {finding.rule, rule.concern if rule is not None else ""}
        rows = [*self._whole, *self._lines.get(finding.span.line, ())]
        return any(row is None or names & row for row in rows)


def _header(statements: tuple[Statement, ...], statement: Statement) -> tuple[int, int]:
    """Return the first and last line of a statement without the blocks inside it."""
    first, last = statement.span.line, statement.span.end_line
    inner = [
        other.span.line
        for other in statements
        if other is not statement
        and statement.at <= other.at
        and other.end <= statement.end
        and statement.span.contains(other.span)
    ]
    return first, max(first, min([last, *[line - 1 for line in inner]]))
