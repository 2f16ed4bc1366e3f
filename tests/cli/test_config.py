"""``review-lsp config``, and baselines on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from review_checks.options import option_types
from support.commands import POOL, Run

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_in_force_and_why(project: Path, run: Run) -> None:
    (project / "review-lsp.toml").write_text("profile = 'strict'\n")
    done = run("config")
    assert done.code == 0
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()}
    assert set(rows) == set(option_types())
    assert rows["profile"] == ['"strict"', "review-lsp.toml"]
    assert rows["jedi"][-1] == "default"
    shown = json.loads(run("config", "--output-format", "json", "pool.py").out)
    assert shown["file"] == str(project / "review-lsp.toml")
    assert shown["options"]["profile"]["value"] == "strict"


def test_faults_are_named_with_their_lines(project: Path, run: Run) -> None:
    (project / "review-lsp.toml").write_text("\nprofil = 'strict'\n")
    done = run("config")
    assert done.code == 2
    assert done.err.startswith("review-lsp.toml:2: there is no option `profil`")


@pytest.mark.usefixtures("project")
def test_what_is_made_of_the_options(run: Run) -> None:
    assert json.loads(run("config", "--schema").out)["properties"]["profile"]
    assert json.loads(run("config", "--vscode").out)["review-lsp.profile"]
    assert run("config", "--reference").out.startswith("# Options\n")


def test_a_baseline_leaves_only_what_is_new(project: Path, run: Run) -> None:
    done = run("check", "--write-baseline", "--baseline", "known.json")
    assert (done.code, done.out) == (0, "")
    assert done.err == "1 finding written to known.json\n"
    assert json.loads((project / "known.json").read_text())["findings"].keys() == {"pool.py"}
    assert run("check").code == 1
    done = run("check", "--baseline", "known.json")
    assert (done.code, done.out) == (
        0,
        "No new findings in 1 file. 1 known finding in the baseline.\n",
    )
    text = "# moved\n" + POOL.replace("\n", "\r\n")
    (project / "pool.py").write_bytes(text.encode())
    assert run("check", "--baseline", "known.json").code == 0
    text = POOL + "\n\ndef load(path):\n    file = open(path)\n    return file.read()\n"
    (project / "pool.py").write_text(text)
    done = run("check", "--baseline", "known.json")
    assert done.code == 1
    assert "1 finding in 1 file: 1 warning. 1 known finding in the baseline." in done.out


def test_the_baseline_of_the_project(project: Path, run: Run) -> None:
    (project / "review-lsp.toml").write_text("baseline = 'known.json'\n")
    done = run("check")
    assert done.code == 2
    assert "`baseline`: known.json: no such file" in done.err
    assert run("check", "--write-baseline").code == 0
    assert run("check").code == 0
    assert run("check", "--fix", "--unsafe-fixes").code == 0
    assert (project / "pool.py").read_text() == POOL, "what is known is not mended, either"


def test_files_that_are_no_baselines(project: Path, run: Run) -> None:
    for text, why in (("{", "no baseline"), ('{"version": 9, "findings": {}}', "version is 9")):
        (project / "known.json").write_text(text)
        done = run("check", "--baseline", "known.json")
        assert done.code == 2
        assert why in done.err
    assert run("check", "--baseline", "none.json").code == 2
    done = run("check", "--write-baseline")
    assert done.code == 2
    assert "needs --baseline FILE" in done.err
    assert run("check", "--write-baseline", "--fix").code == 2
