"""What the user sees and touches: through a browser, by keyboard and mouse.

With ``REVIEW_LSP_PICTURES`` set, the pictures that are taken on the way replace those of the README.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from e2e.editors.samples import write_expected, write_project
from e2e.editors.tools import EDITORS
from e2e.samples import BASE, DERIVED, HELD, POOL, STRAY

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.editors.vscode.code_server import Workbench

IMAGES = EDITORS / "vscode" / "images"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = write_project(tmp_path.resolve() / "service")
    write_expected(root.parent / "expected")
    return root


def see(folder: Path, *names: str) -> None:
    """Look at pictures that were taken, and keep them when they are wanted."""
    for name in names:
        picture = folder / name
        assert picture.read_bytes().startswith(_SIGNATURE)
        if os.environ.get("REVIEW_LSP_PICTURES"):
            shutil.copyfile(picture, IMAGES / name)


def test_a_finding_is_read_and_mended_by_keyboard(workbench: Workbench, project: Path) -> None:
    workbench.browse("keyboard", workbench.url(project, "pool.py"), project.parent)
    assert (project / "pool.py").read_text() == POOL.replace(STRAY, HELD)
    see(project.parent, "finding.png", "actions.png", "preview.png")


def test_a_finding_is_mended_by_mouse(workbench: Workbench, project: Path) -> None:
    workbench.browse("mouse", workbench.url(project, "reports.py"), project.parent)
    mended = (project / "reports.py").read_text()
    assert mended.count("with open(path) as stream:") == 1
    assert mended.count("stream = open(path)") == 1


def test_a_fix_of_another_file_is_agreed_to(workbench: Workbench, project: Path) -> None:
    (project / "base.py").write_text(BASE)
    (project / "tracker.py").write_text(DERIVED)
    workbench.browse("other_file", workbench.url(project, "tracker.py"), project.parent)
    decorator = '    @lockutils.synchronized("tracker", fair=True)\n'
    helper = "    def _drop(self, name):\n"
    assert (project / "base.py").read_text() == BASE.replace(helper, f"{decorator}{helper}")
    assert (project / "tracker.py").read_text() == DERIVED


def test_the_page_of_a_rule(workbench: Workbench, project: Path) -> None:
    workbench.browse("pages", workbench.url(project, "pool.py"), project.parent)
    see(project.parent, "rule.png")


def test_an_environment_of_its_own(workbench: Workbench, project: Path) -> None:
    """An interpreter for which nothing is bundled is the base of an environment with what is needed."""
    base = project.parent / "python3.99"
    says = json.dumps({"version": "3.99.0", "executable": str(base), "fits": False, "old": False})
    real = sys._base_executable  # type: ignore[attr-defined]
    base.write_text(
        f'#!/bin/sh\ncase "$*" in *--probe) echo \'{says}\';; *) exec {real} "$@";; esac\n'
    )
    base.chmod(0o755)
    settings = {"source": "bundled", "interpreter": str(base)}
    folder = project / ".vscode"
    folder.mkdir()
    (folder / "settings.json").write_text(
        json.dumps({f"review-lsp.server.{key}": value for key, value in settings.items()})
    )
    workbench.browse("environment", workbench.url(project, "pool.py"), project.parent)
    stored = workbench.home.parent / "data" / "User" / "globalStorage" / "review-lsp.review-lsp"
    assert (stored / "environment" / "pyvenv.cfg").is_file()
