"""The extension without an editor: its manifest, the choice of a server, and the bundled starter."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from e2e.editors.tools import EDITORS, missing
from e2e.editors.vscode.code_server import EXTENSION, NODE

if TYPE_CHECKING:
    from pathlib import Path

HOME = EDITORS / "vscode"
MANIFEST = json.loads((HOME / "package.json").read_text())


def node(*arguments: str) -> None:
    """Run Node in the folder of the extension."""
    if not NODE.exists() or not (HOME / "node_modules").exists():
        missing("Node, or what `npm ci` installs")
    done = subprocess.run(
        [str(NODE), *arguments], cwd=HOME, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_settings_are_those_of_the_server() -> None:
    made = runpy.run_path(str(HOME / "scripts" / "settings.py"))["manifest"]()
    assert (HOME / "package.json").read_text() == made, "run editors/vscode/scripts/settings.py"


def test_the_types_are_right() -> None:
    node("node_modules/typescript/bin/tsc", "--noEmit")


def test_the_choice_of_a_server() -> None:
    node("--test", *map(str, (HOME / "test").glob("*.test.ts")))


def test_the_manifest_names_what_exists() -> None:
    source = (HOME / "src" / "extension.ts").read_text()
    contributed = MANIFEST["contributes"]
    for row in contributed["commands"]:
        assert re.search(rf"^      {row['command'].partition('.')[2]}: ", source, re.MULTILINE), row
    restricted = MANIFEST["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    own = {name for name in contributed["configuration"]["properties"] if ".server." in name}
    assert set(restricted) == own
    for step in contributed["walkthroughs"][0]["steps"]:
        (media,) = [value for key, value in step["media"].items() if key != "altText"]
        assert (HOME / media).is_file()
        for command in re.findall(r"\(command:([\w.-]+)", step["description"]):
            ours = {row["command"] for row in contributed["commands"]}
            assert command in ours or command.startswith("workbench.action.")


def test_the_lock_file_names_no_host() -> None:
    packages = json.loads((HOME / "package-lock.json").read_text())["packages"]
    assert packages
    assert not [name for name, row in packages.items() if "resolved" in row]


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """Return the folder of the packaged extension's bundle."""
    if not EXTENSION.exists():
        missing("the packaged extension")
    with zipfile.ZipFile(EXTENSION) as archive:
        wanted = [name for name in archive.namelist() if name.startswith("extension/bundled/")]
        archive.extractall(tmp_path, wanted)
    return tmp_path / "extension" / "bundled"


def test_the_package_holds_the_server_and_nothing_else(unpacked: Path) -> None:
    folders = sorted(path.name for path in unpacked.iterdir() if path.is_dir())
    assert folders == ["cp311", "cp312", "cp313", "cp314", "shared"]
    assert not list((unpacked / "shared").rglob("*.so"))
    assert list((unpacked / "cp311").rglob("*.so"))
    assert (unpacked / "requirements.txt").read_text().startswith("msgspec==")
    with zipfile.ZipFile(EXTENSION) as archive:
        top = {name.split("/")[1] for name in archive.namelist() if name.startswith("extension/")}
    expected = {"LICENSE.txt", "bundled", "changelog.md", "dist", "images", "package.json"}
    assert top == expected | {"readme.md", "walkthrough"}


def test_the_starter_says_what_is_missing(unpacked: Path) -> None:
    def probe() -> dict[str, object]:
        command = [sys._base_executable, "-I", "-S", str(unpacked / "launch.py"), "--probe"]  # type: ignore[attr-defined]
        printed = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
        found: dict[str, object] = json.loads(printed)
        return found

    assert probe()["fits"] is True
    shutil.rmtree(unpacked / f"cp{sys.version_info[0]}{sys.version_info[1]}")
    found = probe()
    assert found["fits"] is False
    assert found["old"] is False
    assert "no compiled packages" in str(found["reason"])


def test_the_bundled_server_runs_without_the_folder_it_is_started_in(
    unpacked: Path, tmp_path: Path
) -> None:
    (tmp_path / "review_server.py").write_text("raise SystemExit('somebody else')\n")
    command = [sys._base_executable, "-I", "-S", str(unpacked / "launch.py"), "--version"]  # type: ignore[attr-defined]
    done = subprocess.run(
        command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("review-lsp ")
