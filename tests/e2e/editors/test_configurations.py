"""The files for editors that cannot run here: they parse, and start a command that exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import Any

import pytest

from e2e.editors.tools import EDITORS, environment, server
from review_checks.options import option_types

FOLDERS = sorted(path.name for path in EDITORS.iterdir() if path.is_dir())


def helix() -> tuple[list[str], dict[str, Any]]:
    given = tomllib.loads((EDITORS / "helix" / "languages.toml").read_text())
    row = given["language-server"]["review-lsp"]
    (language,) = given["language"]
    assert language["name"] == "python"
    assert "review-lsp" in language["language-servers"]
    return [row["command"], *row["args"]], row["config"]["review-lsp"]


def sublime() -> tuple[list[str], dict[str, Any]]:
    text = (EDITORS / "sublime" / "LSP.sublime-settings").read_text()
    row = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))["clients"]["review-lsp"]
    assert row["selector"] == "source.python"
    settings = {key.removeprefix("review-lsp."): value for key, value in row["settings"].items()}
    return row["command"], settings


def kate() -> tuple[list[str], dict[str, Any]]:
    row = json.loads((EDITORS / "kate" / "settings.json").read_text())["servers"]["python"]
    return row["command"], row["settings"]["review-lsp"]


def coc() -> tuple[list[str], dict[str, Any]]:
    given = json.loads((EDITORS / "coc" / "coc-settings.json").read_text())
    row = given["languageserver"]["review-lsp"]
    assert row["filetypes"] == ["python"]
    return [row["command"], *row["args"]], row["settings"]["review-lsp"]


def zed() -> tuple[list[str], dict[str, Any]]:
    extension = tomllib.loads((EDITORS / "zed" / "extension.toml").read_text())
    assert extension["language_servers"]["review-lsp"]["languages"] == ["Python"]
    (capability,) = extension["capabilities"]
    cargo = tomllib.loads((EDITORS / "zed" / "Cargo.toml").read_text())
    assert cargo["package"]["version"] == extension["version"]
    row = json.loads((EDITORS / "zed" / "settings.json").read_text())["lsp"]["review-lsp"]
    started = [row["binary"]["path"], *row["binary"]["arguments"]]
    assert started == [capability["command"], *capability["args"]]
    return started, row["settings"]


@pytest.mark.parametrize("read", [helix, sublime, kate, coc, zed], ids=lambda read: read.__name__)
def test_the_command_and_the_options_exist(read: Any, tmp_path: Any) -> None:
    (program, *arguments), settings = read()
    path = environment(tmp_path / "home")["PATH"]
    found = shutil.which(program, path=path)
    assert found is not None
    assert found.endswith(program)
    subprocess.run([server(), *arguments, "--help"], check=True, capture_output=True, timeout=60)
    assert set(settings) <= set(option_types())


@pytest.mark.parametrize("editor", FOLDERS)
def test_every_editor_has_a_page(editor: str) -> None:
    page = EDITORS / editor / "README.md"
    assert page.is_file()
    assert f"]({editor}/README.md)" in (EDITORS / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert all((page.parent / link).exists() for link in links)


def test_zed_compiles_what_parses(tmp_path: Any) -> None:
    formatter = shutil.which("rustfmt")
    if formatter is None:
        pytest.skip("rustfmt is missing")
    source = EDITORS / "zed" / "src" / "lib.rs"
    subprocess.run(
        [formatter, "--check", "--edition", "2021", str(source)], check=True, cwd=tmp_path
    )
