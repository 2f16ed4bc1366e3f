"""SARIF 2.1.0, which code hosts and review tools take; evidence becomes related locations."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review_checks.docs import page, summary
from review_checks.engine.discovery import rules_by_name
from review_checks.model import Edit, Fix, Severity, Span
from review_server import __version__
from review_server.cli.formats import View, relative
from review_server.links import web_page

if TYPE_CHECKING:
    from review_checks.rule import Rule
    from review_server.cli.report import Remark, Result

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def render(result: Result, view: View) -> None:
    """Write one run with the rules that have findings, and the findings."""
    used = sorted({remark.finding.rule for remark in result.remarks})
    driver = {
        "name": "review-lsp",
        "version": __version__,
        "rules": [_rule(rules_by_name()[name]) for name in used],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": Path.cwd().as_uri() + "/"}},
        "results": [_result(remark, used) for remark in result.remarks],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    json.dump(log, view.out, indent=1)
    view.out.write("\n")


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": summary(rule)},
        "help": {"text": summary(rule), "markdown": page(rule)},
        **({"helpUri": address} if (address := web_page(rule.name)) else {}),
        "defaultConfiguration": {"level": _LEVELS.get(rule.severity, "note")},
        "properties": {"concern": rule.concern, "tier": str(rule.tier)},
    }


def _result(remark: Remark, used: list[str]) -> dict[str, Any]:
    finding = remark.finding
    row: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": used.index(finding.rule),
        "level": _LEVELS.get(finding.severity, "note"),
        "message": {"text": finding.message},
        "locations": [_location(finding.path, finding.span)],
        "relatedLocations": [
            {**_location(note.path, note.span), "id": number, "message": {"text": note.message}}
            for number, note in enumerate(finding.notes, 1)
        ],
        # The names outlast moved lines; so must what tells old findings from new ones.
        "partialFingerprints": {"scopeAndSymbol/v1": f"{finding.scope}:{finding.symbol}"},
    }
    if remark.fix is not None:
        row["fixes"] = [_fix(remark.fix)]
    return row


def _fix(fix: Fix) -> dict[str, Any]:
    edits: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        edits.setdefault(edit.path, []).append(edit)
    changes = [
        {
            "artifactLocation": _artifact(path),
            "replacements": [
                {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
                for edit in rows
            ],
        }
        for path, rows in edits.items()
    ]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _location(path: str, span: Span) -> dict[str, Any]:
    return {
        "physicalLocation": {"artifactLocation": _artifact(path), "region": _region(span)},
    }


def _artifact(path: str) -> dict[str, str]:
    name = relative(path)
    if os.path.isabs(name):  # noqa: PTH117 -- a name
        return {"uri": Path(name).as_uri()}
    return {"uri": Path("/", name).as_uri().removeprefix("file:///"), "uriBaseId": "SRCROOT"}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line + 1,
        "startColumn": span.column + 1,
        "endLine": span.end_line + 1,
        "endColumn": span.end_column + 1,
    }
