"""A JSON list with one object a finding, in the shape of ruff's output, and more.

Rows and columns count from 1, columns in code points. Paths are absolute.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from review_checks.engine.discovery import rules_by_name
from review_server.cli.formats import View, counts
from review_server.links import web_page

if TYPE_CHECKING:
    from review_checks.model import Edit, Fix, Note, Span
    from review_server.cli.report import Remark, Result


def render(result: Result, view: View) -> None:
    """Write a line for each finding; the whole is one JSON value."""
    rows: list[dict[str, Any]]
    if view.statistics:
        rows = [
            {"code": rule, "count": count, "fixable": fixable}
            for rule, count, fixable in counts(result)
        ]
    else:
        rows = [_finding(remark) for remark in result.remarks]
    lines = ",\n".join(json.dumps(row) for row in rows)
    view.out.write(f"[\n{lines}\n]\n" if rows else "[]\n")


def _finding(remark: Remark) -> dict[str, Any]:
    finding = remark.finding
    rule = rules_by_name()[finding.rule]
    return {
        "code": finding.rule,
        "filename": finding.path,
        **_range(finding.span),
        "message": finding.message,
        "url": web_page(finding.rule) or None,
        "fix": _fix(remark.fix) if remark.fix is not None else None,
        "severity": str(finding.severity),
        "concern": rule.concern,
        "tier": str(rule.tier),
        "evidence": [_note(note) for note in finding.notes],
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "applicability": str(fix.safety),
        "message": fix.title,
        "edits": [_edit(edit) for edit in fix.edits],
    }


def _edit(edit: Edit) -> dict[str, Any]:
    return {"filename": edit.path, "content": edit.text, **_range(edit.span)}


def _note(note: Note) -> dict[str, Any]:
    return {"filename": note.path, **_range(note.span), "message": note.message}


def _range(span: Span) -> dict[str, dict[str, int]]:
    return {
        "location": {"row": span.line + 1, "column": span.column + 1},
        "end_location": {"row": span.end_line + 1, "column": span.end_column + 1},
    }
