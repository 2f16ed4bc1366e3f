"""The options as a JSON Schema, as a reference page, and as the settings of VS Code.

All three are made from ``review_checks.options.Options``, so that none can say something else.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from review_checks.options import EDITOR_ONLY, Options, option_types
from review_server.names import rule_and_concern_names

_NAMED = ("select", "ignore")
_PREFIX = "review-lsp"
_INTRODUCTION = f"""\
# Options

A project sets options in `review-lsp.toml`, or in `pyproject.toml` under `[tool.review-lsp]`. The
nearest such file in the folder of the project or above it counts, up to the root of the repository.
An editor has settings of the same names under `{_PREFIX}`. An option that several places set is taken
whole from the first of these:

1. the editor's settings of the folder, its general ones, and those it started the server with;
2. the file of the project;
3. the default.

With `precedence` set to `project` in the editor, the file goes first; with `projectOnly`, the
editor's settings do not count. On the command line, options of the call go before the file.
`review-lsp config` shows what is in force, and where it comes from.
"""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of ``review-lsp.toml``, and of the table in ``pyproject.toml``."""
    properties = {
        key: row for key, row in _properties().items() if key not in _keys_for_editors_only()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "review-lsp",
        "description": "What review-lsp reports, and where.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def vscode_settings() -> dict[str, Any]:
    """Return the settings for ``contributes.configuration.properties`` of a VS Code extension.

    All of them may be unset, and are by default: what the editor sets goes before the project.
    """
    return {f"{_PREFIX}.{key}": _unset_by_default(row) for key, row in _properties().items()}


def reference() -> str:
    """Return the page that describes all options, as Markdown."""
    lines = [_INTRODUCTION]
    for key, row in _properties().items():
        lines += [f"## `{key}`", "", row["description"], ""]
        lines += [f"- Type: {_type(row)}", f"- Default: `{_toml(row['default'])}`"]
        if key in _keys_for_editors_only():
            lines.append("- Only an editor can set it.")
        elif row.get("examples"):
            lines += ["", "```toml", f"{key} = {_toml(row['examples'][0])}", "```"]
        lines.append("")
    return "\n".join(lines)


def _properties() -> dict[str, dict[str, Any]]:
    """Return the schema of each option, with everything that it refers to put in its place."""
    made = msgspec.json.schema(Options)
    definitions = made["$defs"]
    rows: dict[str, dict[str, Any]] = _inlined(definitions["Options"]["properties"], definitions)
    names = sorted(rule_and_concern_names())
    for key in _NAMED:
        rows[key]["items"] = {"type": "string", "enum": names}
        rows[key]["uniqueItems"] = True
    rows["severity"]["propertyNames"] = {"enum": names}
    rows["per-file-ignores"]["additionalProperties"]["items"] = {"type": "string", "enum": names}
    return rows


def _inlined(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(row, definitions) for row in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
    kept = value if "properties" in value or "type" not in value else _without_title(value)
    return {key: _inlined(row, definitions) for key, row in kept.items()}


def _without_title(value: dict[str, Any]) -> dict[str, Any]:
    return {key: row for key, row in value.items() if key != "title"}


def _keys_for_editors_only() -> set[str]:
    return {
        name
        for name, annotated in option_types().items()
        if any((one.extra or {}).get("scope") == EDITOR_ONLY for one in annotated.__metadata__)
    }


def _unset_by_default(row: dict[str, Any]) -> dict[str, Any]:
    given = {
        key: value
        for key, value in row.items()
        if key not in {"description", "default", "examples"}
    }
    if "enum" in given:
        given["enum"] = [None, *given["enum"]]
    kind = given.pop("type", "string")
    text = f"{row['description']} Default: `{_toml(row['default'])}`."
    return {
        "type": [kind, "null"],
        "default": None,
        "scope": "resource",
        "markdownDescription": text,
        **given,
    }


def _type(row: dict[str, Any]) -> str:
    """Return the type of an option in words."""
    if "enum" in row:
        return "one of " + ", ".join(f"`{value}`" for value in row["enum"])
    if row["type"] == "array":
        return "list of texts" if "enum" not in row["items"] else "list of rules or concerns"
    if row["type"] == "object":
        inner = row.get("additionalProperties")
        return f"table; values: {_type(inner)}" if isinstance(inner, dict) and inner else "table"
    return {"boolean": "`true` or `false`", "integer": "whole number", "string": "text"}[
        row["type"]
    ]


def _toml(value: Any) -> str:
    """Return a value as TOML writes it on one line."""
    if isinstance(value, dict):
        rows = [f"{_toml_key(key)} = {_toml(row)}" for key, row in value.items()]
        return "{ " + ", ".join(rows) + " }" if rows else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _toml_key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() else json.dumps(key)
