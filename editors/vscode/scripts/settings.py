# ruff: noqa: INP001 -- a script, and no part of a package.
"""Writes the server's settings into ``package.json``, as the server generates them.

Run it with the Python in which review-lsp is installed, whenever a rule or an option is added.
"""

from __future__ import annotations

import json
from pathlib import Path

from review_server.settings_reference import vscode_settings

MANIFEST = Path(__file__).resolve().parent.parent / "package.json"
OWN = ("review-lsp.server.", "review-lsp.trace.")
"""Settings of the extension itself; they are written by hand."""


def manifest() -> str:
    """Return the text of the manifest with the settings as they are now."""
    whole = json.loads(MANIFEST.read_text(encoding="utf-8"))
    configuration = whole["contributes"]["configuration"]
    own = {name: row for name, row in configuration["properties"].items() if name.startswith(OWN)}
    configuration["properties"] = {**vscode_settings(), **own}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    MANIFEST.write_text(manifest(), encoding="utf-8")
