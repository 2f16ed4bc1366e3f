"""What needs no eyes and hands: suites that run inside the editor, beside the extension."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from e2e.editors.samples import write_expected, write_project
from e2e.editors.vscode.code_server import VSCODE

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.editors.vscode.code_server import Workbench

SUITES = sorted((VSCODE / "suites").glob("*.js"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_suite(suite: Path, workbench: Workbench, tmp_path: Path) -> None:
    root = write_project(tmp_path.resolve() / "project")
    write_expected(root.parent / "expected")
    result = root.parent / "result.json"
    (root.parent / "suite.json").write_text(
        json.dumps({"suite": str(suite), "result": str(result)})
    )
    workbench.browse("suite", workbench.url(root), root.parent, RESULT=str(result))
    outcome = json.loads(result.read_text())
    assert outcome["ok"], outcome["problem"]
