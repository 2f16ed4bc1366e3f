"""Finds the editors, and runs them so that nothing is left behind.

``REVIEW_LSP_EDITORS`` names the folder into which ``install.sh`` put them. A test is skipped when
its editor is missing, unless ``REVIEW_LSP_EDITORS_REQUIRED`` says that none may be. The server is the
command ``review-lsp`` beside this Python, or the one that ``REVIEW_LSP_COMMAND`` names.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).resolve().parent
EDITORS = HERE.parents[2] / "editors"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
FOLDER = Path(os.environ.get("REVIEW_LSP_EDITORS") or _CACHE / "review-lsp-editors")
PATIENCE = 100.0
_KEPT = ("TERM", "TMPDIR", "LD_LIBRARY_PATH", "PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def missing(what: str) -> None:
    """Skip the test because of something that is missing, or fail where it must be there."""
    reason = f"{what} is missing; tests/e2e/editors/install.sh installs the editors into {FOLDER}"
    if os.environ.get("REVIEW_LSP_EDITORS_REQUIRED"):
        pytest.fail(reason)
    pytest.skip(reason)


def server() -> str:
    """Return the path of the installed server."""
    given = os.environ.get("REVIEW_LSP_COMMAND")
    beside = Path(sys.executable).with_name("review-lsp")
    found = given or (str(beside) if beside.exists() else shutil.which("review-lsp"))
    if found is None:
        missing("the command `review-lsp`")
    return str(found)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which an editor finds the server and none of the user's files."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    folders = ("CONFIG", "DATA", "STATE", "CACHE")
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(server()).parent), os.environ["PATH"]]),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        **{f"XDG_{name}_HOME": str(home / name.lower()) for name in folders},
        **more,
    }


@contextlib.contextmanager
def running(
    command: Sequence[str], where: Path, env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its children in a process group, which ends with the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=where,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(command: Sequence[str], where: Path, env: Mapping[str, str], log: Path) -> str:
    """Run a program to its end, which must be a good one; return what it printed."""
    with running(command, where, env, log) as process:
        try:
            code: int | None = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
    printed = log.read_text(errors="replace")
    if code != 0:
        ended = "did not end" if code is None else f"ended with code {code}"
        pytest.fail(f"{Path(command[0]).name} {ended}:\n{printed}", pytrace=False)
    return printed
