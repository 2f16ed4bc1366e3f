"""``new-rule`` begins a rule whose tests fail until it is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.commands import Run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of this checkout that is the current folder."""
    root = tmp_path / "copy"
    rubbish = shutil.ignore_patterns("__pycache__", ".*", "node_modules")
    for name in ("checks", "server", "tests/rules", "tests/support"):
        shutil.copytree(ROOT / name, root / name, ignore=rubbish)
    shutil.copy(ROOT / "pyproject.toml", root)
    monkeypatch.chdir(root)
    return root


def test_the_files_are_made_and_their_tests_fail(checkout: Path, run: Run) -> None:
    inner = checkout / "tests" / "rules"
    os.chdir(inner)
    done = run("new-rule", "errors", "lost-answer")
    assert done == (
        0,
        "checks/review_checks/rules/errors/lost_answer.py\ntests/rules/errors/lost-answer.md\n",
        "",
    )
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "lost-answer", inner / "test_cases.py"],
        env={**os.environ, "PYTHONPATH": f"{checkout / 'checks'}{os.pathsep}{checkout / 'server'}"},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 1, tests.stdout
    assert "the bad example of lost-answer is silent" in tests.stdout
    assert "lost-answer: Say what is reported" in tests.stdout
    assert "3 failed, 2 passed" in tests.stdout, tests.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["error", "lost-answer"], "there is no concern `error`; did you mean `errors`?"),
        (["errors", "Lost_Answer"], "`Lost_Answer` is no name"),
        (["errors", "lost--answer"], "`lost--answer` is no name"),
        (["errors", "../x"], "`../x` is no name"),
        (["errors", "raise"], "`raise` is no name"),
        (["errors", "unguarded-write"], "there is a rule or concern `unguarded-write` already"),
        (["errors", "logging"], "there is a rule or concern `logging` already"),
        (["errors"], "Missing argument 'NAME'"),
    ],
)
def test_wrong_usage(checkout: Path, run: Run, arguments: list[str], message: str) -> None:
    before = sorted(checkout.rglob("*"))
    done = run("new-rule", *arguments)
    assert done.code == 2
    assert message in done.err
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.usefixtures("checkout")
def test_nothing_is_overwritten(run: Run) -> None:
    assert run("new-rule", "errors", "lost-answer").code == 0
    done = run("new-rule", "errors", "lost-answer")
    assert done.code == 2
    assert "already" in done.err


def test_elsewhere_it_says_that_it_needs_a_checkout(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("new-rule", "errors", "lost-answer")
    assert done.code == 2
    assert "a checkout of review-lsp" in done.err
