"""Emacs in batch mode, with the packages of the distribution: Eglot and lsp-mode."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from e2e.editors.samples import write_expected, write_project
from e2e.editors.tools import EDITORS, HERE, environment, missing, run

if TYPE_CHECKING:
    from pathlib import Path

SCENARIOS = sorted((HERE / "emacs" / "scenarios").glob("*.el"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_emacs(scenario: Path, tmp_path: Path) -> None:
    program = shutil.which("emacs")
    if program is None:
        missing("Emacs")
    library = "eglot" if scenario.stem.startswith("eglot") else "lsp-mode"
    root = write_project(tmp_path.resolve() / "a project")
    write_expected(root.parent / "expected")
    env = environment(
        tmp_path / "home",
        PACKAGE=str(EDITORS / "emacs"),
        SCENARIO=str(scenario),
        LIBRARY=library,
    )
    command = [str(program), "--batch", "-Q", "-l", str(HERE / "emacs" / "harness.el")]
    printed = run(command, root, env, tmp_path / "emacs.log")
    if "There is no library" in printed:
        missing(f"{library} for Emacs")
