"""Workflow commands of GitHub Actions, which shows them beside the changed lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Severity
from review_server.cli.formats import View, relative

if TYPE_CHECKING:
    from review_server.cli.report import Remark, Result

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_LINE_ENDS = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_MARKS = {**_LINE_ENDS, ":": "%3A", ",": "%2C"}


def render(result: Result, view: View) -> None:
    """Write one command a finding; the evidence follows the message on lines of its own."""
    for remark in result.remarks:
        view.out.write(_command(remark) + "\n")


def _command(remark: Remark) -> str:
    finding = remark.finding
    span = finding.span
    properties = {
        "title": f"review-lsp ({finding.rule})",
        "file": relative(finding.path),
        "line": str(span.line + 1),
        "endLine": str(span.end_line + 1),
    }
    if span.line == span.end_line:
        # Columns of a range over several lines are an error there.
        properties["col"] = str(span.column + 1)
        properties["endColumn"] = str(span.end_column + 1)
    evidence = [
        f"{relative(note.path)}:{note.span.line + 1}: {note.message}" for note in finding.notes
    ]
    level = _LEVELS.get(finding.severity, "notice")
    given = ",".join(f"{name}={_escape(value, _MARKS)}" for name, value in properties.items())
    return f"::{level} {given}::{_escape(chr(10).join([finding.message, *evidence]), _LINE_ENDS)}"


def _escape(text: str, marks: dict[str, str]) -> str:
    return "".join(marks.get(character, character) for character in text)
