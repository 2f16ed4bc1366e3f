"""Neovim, as its users have it: the plugin on the runtime path, the server on the path."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from e2e.editors.samples import write_expected, write_project
from e2e.editors.tools import EDITORS, FOLDER, HERE, environment, missing, run

if TYPE_CHECKING:
    from pathlib import Path

SCENARIOS = sorted((HERE / "neovim" / "scenarios").glob("*.lua"))
PLUGIN = EDITORS / "neovim"


def neovim() -> str:
    installed = FOLDER / "neovim" / "bin" / "nvim"
    found = str(installed) if installed.exists() else shutil.which("nvim")
    if found is None:
        missing("Neovim")
    return str(found)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_neovim(scenario: Path, tmp_path: Path) -> None:
    program = neovim()
    root = write_project(tmp_path.resolve() / "a project")
    write_expected(root.parent / "expected")
    documentation = shutil.copytree(PLUGIN / "doc", tmp_path / "help" / "doc")
    env = environment(
        tmp_path / "home",
        PLUGIN=str(PLUGIN),
        SCENARIO=str(scenario),
        DOCUMENTATION=str(documentation),
    )
    harness = HERE / "neovim" / "harness.lua"
    command = [program, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {harness}"]
    run(command, root, env, tmp_path / "neovim.log")
