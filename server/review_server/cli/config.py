"""``review-lsp config``: which options are in force, and which there are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from review_server.cli.check import CLEAN, TROUBLE
from review_server.cli.formats import relative
from review_server.configuration import DEFAULT, Configuration, configuration
from review_server.describing import described
from review_server.project import find_root
from review_server.settings_reference import reference, schema, vscode_settings


@click.command(short_help="Show the options in force.")
@click.argument("path", default=".", type=click.Path(exists=True, path_type=Path), metavar="[PATH]")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@click.option("--schema", "what", flag_value="schema", help="Print the JSON Schema of the file.")
@click.option("--reference", "what", flag_value="reference", help="Print the page on all options.")
@click.option("--vscode", "what", flag_value="vscode", help="Print the settings for VS Code.")
@click.pass_context
def config(context: click.Context, path: Path, output_format: str, what: str | None) -> None:
    """Show the options in force for PATH (by default, the current folder), and what sets each.

    The exit code is 2 when something is wrong with the configuration.
    """
    if what == "reference":
        sys.stdout.write(reference())
        return
    if what is not None:
        _print_json(schema() if what == "schema" else vscode_settings())
        return
    found = configuration(find_root(path))
    if output_format == "json":
        _print_json({"file": found.path or None, "options": described(found)})
    else:
        _print_table(found)
    for fault in found.faults:
        line = f":{fault.span.line + 1}" if fault.span is not None else ""
        sys.stderr.write(f"{relative(fault.origin)}{line}: {fault.message}\n")
    context.exit(TROUBLE if found.faults else CLEAN)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _print_table(found: Configuration) -> None:
    """Print each option, its value, and what set it."""
    rows = [
        (key, json.dumps(row["value"], ensure_ascii=False), row["origin"])
        for key, row in described(found).items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for key, value, origin in rows:
        shown = origin if origin == DEFAULT else relative(origin)
        sys.stdout.write(f"{key:{widths[0]}}  {value:{widths[1]}}  {shown}\n")
