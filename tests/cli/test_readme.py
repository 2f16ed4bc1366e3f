"""What the README shows is what the command says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from review_server.cli.check import check
from support.commands import spawn
from support.nova import nova_source

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_comment_shown_is_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (sample,) = re.findall(r"^```text\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(nova_source("34.0.0"))
    (path, *_) = re.findall(r"check --diff (\S+\.py)", README)
    done = spawn("check", "--diff", path)
    assert done.code == 1
    assert sample in done.out


def test_the_options_shown_exist() -> None:
    known = {name for parameter in check.params for name in parameter.opts}
    shown = set(re.findall(r"(?<![\w-])--(?:diff|fix|unsafe|output|prof|sel|ign)[a-z-]*", README))
    assert shown
    assert shown <= known


def test_ci_does_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (command,) = re.findall(r"^(.* && \.venv/bin/pytest)$", README, re.MULTILINE)
    _, install, tests = (step.removeprefix(".venv/bin/") for step in command.split(" && "))
    assert install.replace("pip install", "pip install --quiet") in script
    assert f"step tests {tests}\n" in script
