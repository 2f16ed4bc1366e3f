"""A small service with one finding, and a way to run the command on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from review_server.__main__ import main
from support.commands import POOL, Outcome, Run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project that is the current folder, with one file that has one finding."""
    root = tmp_path / "service"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'service'\n")
    (root / "pool.py").write_text(POOL)
    monkeypatch.chdir(root)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command in this process."""

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return call
