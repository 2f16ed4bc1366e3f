# ruff: noqa: INP001 -- a script, and no part of a package.
"""Writes the server's settings into ``package.json``, from the class that says which there are.

Run it with the Python in which review-lsp is installed, whenever an option is added or changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from review_checks.options import Options

MANIFEST = Path(__file__).resolve().parent.parent / "package.json"
PREFIX = "review-lsp."
OWN = tuple(f"{PREFIX}{name}." for name in ("server", "trace"))
"""Settings of the extension itself; they are written by hand."""

# What the server reads once for all folders.
_OF_WINDOW = ("workspace-diagnostics", "precedence")


def settings() -> dict[str, Any]:
    """Return the settings as VS Code wants them declared."""
    schema = msgspec.json.schema(Options)
    definitions = schema["$defs"]
    rows = _inlined(definitions["Options"]["properties"], definitions)
    return {
        f"{PREFIX}{name}": _setting(name, order, row)
        for order, (name, row) in enumerate(rows.items())
    }


def _setting(name: str, order: int, row: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in row.items() if key not in ("description", "examples")}
    if "enum" in shown:
        shown.setdefault("type", "string")
    words = [row["description"]]
    words += [f"For example `{json.dumps(example)}`." for example in row.get("examples", ())]
    scope = "window" if name in _OF_WINDOW else "resource"
    return {"order": order, **shown, "scope": scope, "markdownDescription": " ".join(words)}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema without references, which the settings editor does not follow."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        found = definitions[node["$ref"].rpartition("/")[2]]
        kept = {key: value for key, value in found.items() if key not in ("title", "description")}
        node = {**kept, **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in node.items()}


def manifest() -> str:
    """Return the text of the manifest with the settings as they are now."""
    whole = json.loads(MANIFEST.read_text(encoding="utf-8"))
    configuration = whole["contributes"]["configuration"]
    own = {name: row for name, row in configuration["properties"].items() if name.startswith(OWN)}
    configuration["properties"] = {**settings(), **own}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    MANIFEST.write_text(manifest(), encoding="utf-8")
