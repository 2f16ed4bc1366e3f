"""``review-lsp rules`` and ``review-lsp explain``: what there is, and what it means."""

from __future__ import annotations

import json
import sys

import click

from review_checks.docs import page
from review_checks.engine.discovery import all_rules
from review_checks.rule import Over
from review_server.cli.names import known_rule

_COLUMNS = ("name", "concern", "severity", "tier", "fix")


@click.command(short_help="List the rules.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
def rules(output_format: str) -> None:
    """List the rules with their concern, severity, tier, and how safe their fix is.

    As JSON, which is for who counts findings by concern, those on code alone; rules on suppression
    comments have none of the six concerns.
    """
    rows = [
        (rule.name, rule.concern, str(rule.severity), str(rule.tier), rule.safety)
        for rule in all_rules()
        if output_format == "text" or rule.over is not Over.COMMENT
    ]
    if output_format == "json":
        shown = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(shown, indent=1) + "\n")
        return
    table = [_COLUMNS, *((*row[:-1], str(row[-1] or "-")) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


@click.command(short_help="Explain a rule.")
@click.argument("rule")
def explain(rule: str) -> None:
    """Explain a rule: why it matters, examples, when it stays silent, its fix."""
    text = page(known_rule(rule))
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 -- only a terminal needs rich

    from review_server.cli.terminal import terminal  # noqa: PLC0415 -- see above

    terminal(sys.stdout).print(Markdown(text), soft_wrap=False)
