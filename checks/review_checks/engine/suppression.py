"""Comments that silence findings: ``# review: ignore[rule, rule] reason``.

A comment speaks for the whole logical line on which it stands. On a line of its own it speaks for
the logical line below it, or, above decorators, for those and the line that they decorate.
``# review: ignore-file[rule]`` speaks for its file. A rule's concern may stand in the place of its
name; without brackets the comment speaks for all rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from review_checks.engine.discovery import rules_by_name
from review_checks.model import Edit, Finding, Fix, Refusal, Safety, Span
from review_checks.text.lines import content_length
from review_checks.text.logical import Flaw, is_whole, read_logical_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.engine.files import File

_COMMENT = re.compile(r"#\s*review\s*:\s*(ignore-file|ignore)\b\s*(?:\[([^\]]*)\])?", re.IGNORECASE)


class Suppressions:
    """The comments of one file that silence findings."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._whole: list[frozenset[str] | None] = []
        self._lines: dict[int, list[frozenset[str] | None]] = {}
        for line, text in file.comments():
            self._add(line, text)

    def _add(self, line: int, text: str) -> None:
        match = _COMMENT.search(text)
        if match is None:
            return
        given = match.group(2)
        names = None if given is None else frozenset(_names(given))
        if match.group(1).lower() == "ignore-file":
            self._whole.append(names)
            return
        for covered in self._covered(line):
            self._lines.setdefault(covered, []).append(names)

    def _covered(self, line: int) -> range:
        """Return the lines that a comment speaks for."""
        lines = self._file.lines
        rows, _ = logical_line(self._file, line)
        if len(rows) > 1 or not _is_trivial(lines[line]):
            return rows
        first = _next_code(lines, line + 1)
        at = first
        while True:
            rows, _ = logical_line(self._file, at)
            if not lines[at].lstrip().startswith("@") or rows.stop >= len(lines):
                return range(first, rows.stop)
            at = _next_code(lines, rows.stop)

    def cover(self, finding: Finding) -> bool:
        """Say whether a comment silences a finding."""
        if not self._whole and not self._lines:
            return False
        rule = rules_by_name().get(finding.rule)
        names = {finding.rule, rule.concern if rule is not None else ""}
        rows = [*self._whole, *self._lines.get(finding.span.line, ())]
        return any(row is None or names & row for row in rows)


def suppress(file: File, finding: Finding) -> Fix | Refusal:
    """Return the edit that silences a finding at its place.

    It goes behind the logical line, beside comments that are there; a comment of ours that names
    rules there gets one more.
    """
    rows, flaw = logical_line(file, finding.span.line)
    if flaw is Flaw.TORN:
        return Refusal("the code around it does not parse")
    title = f"Ignore `{finding.rule}` here"
    for line, text in file.comments():
        match = _COMMENT.search(text)
        if line in rows and match is not None and match.group(1).lower() == "ignore":
            names = ", ".join([*_names(match.group(2) or ""), finding.rule])
            start = file.lines[line].rindex(text) + match.start()
            comment = f"# review: ignore[{names}]"
            span = Span(line, start, line, start + match.end() - match.start())
            return Fix(title, Safety.SAFE, (Edit(finding.path, span, comment),))
    last = rows.stop - 1
    text = file.lines[last]
    end = content_length(text)
    edit = Edit(
        finding.path,
        Span(last, len(text[:end].rstrip()), last, end),
        f"  # review: ignore[{finding.rule}]",
    )
    return Fix(title, Safety.SAFE, (edit,))


def logical_line(file: File, line: int) -> tuple[range, Flaw]:
    """Return the lines of the logical line that a line belongs to, and what is wrong with it."""
    segmentation = file.segmentation
    index = segmentation.index_at(line)
    at = segmentation.starts[index]
    end = at + segmentation.units[index].size
    while at <= line:
        below, flaw = at + 1, Flaw.NONE
        if not is_whole(file.lines[at]):
            below, flaw = read_logical_line(file.lines, at, end, -1)
        if line < below:
            return range(at, below), flaw
        at = below
    return range(line, line + 1), Flaw.NONE


def _names(given: str) -> list[str]:
    return [name.strip().lower() for name in given.split(",") if name.strip()]


def _is_trivial(line: str) -> bool:
    return line.strip()[:1] in ("", "#")


def _next_code(lines: Sequence[str], line: int) -> int:
    """Return the next line that is neither blank nor a comment; the last one if there is none."""
    last = len(lines) - 1
    while line < last and _is_trivial(lines[line]):
        line += 1
    return min(line, last)
