"""When the editor or the server dies, nothing of theirs is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from e2e.wire import Wire
from review_server.cache import OFF_VARIABLE
from support.commands import POOL

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 2.0


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project that keeps surveyors busy for a while."""
    monkeypatch.setenv(OFF_VARIABLE, "1")
    made = tmp_path.resolve() / "service"
    made.mkdir()
    (made / "pyproject.toml").write_text("")
    text = "\n\n".join(POOL.replace("Pool", f"Pool{number}") for number in range(100))
    for number in range(300):
        (made / f"module{number}.py").write_text(text)
    return made


def children(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        # A thread may end while they are listed.
        with contextlib.suppress(OSError):
            found += [int(row) for row in (task / "children").read_text().split()]
    return found


def is_running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    # One that nobody has asked for its exit code, such as in a container without an init.
    return status.rpartition(")")[2].split()[0] != "Z"


def serve(wire: Wire, root: Path, **more: Any) -> list[int]:
    """Begin a session; return the surveyors, once they work."""
    folders = [{"uri": root.as_uri(), "name": "service"}]
    capabilities = {"textDocument": {"publishDiagnostics": {"versionSupport": True}}}
    wire.initialize(workspaceFolders=folders, capabilities=capabilities, **more)
    while not (found := children(wire.process.pid)):
        time.sleep(0.01)
    # By now they read files.
    while not any("surveyor" in Path(f"/proc/{one}/cmdline").read_text() for one in found):
        time.sleep(0.01)
    time.sleep(0.5)
    return found


def assert_gone(processes: list[int], since: float) -> None:
    while left := [one for one in processes if is_running(one)]:
        assert time.monotonic() - since < SECONDS, f"{left} are left"
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
@pytest.mark.parametrize("how", ["kill", "terminate", "close"])
def test_the_server_dies(root: Path, how: str) -> None:
    ends: dict[str, Callable[[Wire], None]] = {
        "kill": lambda wire: wire.process.kill(),
        "terminate": lambda wire: wire.process.send_signal(signal.SIGTERM),
        "close": lambda wire: wire.process.stdin.close() if wire.process.stdin else None,
    }
    with Wire() as wire:
        surveyors = serve(wire, root)
        assert all(map(is_running, surveyors))
        since = time.monotonic()
        ends[how](wire)
        assert_gone([wire.process.pid, *surveyors], since)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_the_editor_dies(root: Path) -> None:
    # The editor's own end of the pipe stays open here, so that only its process is missed.
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as editor, Wire() as wire:
        surveyors = serve(wire, root, processId=editor.pid)
        editor.kill()
        assert_gone([wire.process.pid, *surveyors], time.monotonic())


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_a_server_in_due_form_takes_its_surveyors_along(root: Path) -> None:
    with Wire() as wire:
        surveyors = serve(wire, root)
        assert wire.request(2, "shutdown")["result"] is None
        since = time.monotonic()
        wire.send({"method": "exit"})
        assert wire.end() == 0
        assert_gone(surveyors, since)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_the_server_answers_on_while_its_surveyors_are_killed(root: Path) -> None:
    path = root / "module0.py"
    document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": POOL}
    with Wire() as wire:
        serve(wire, root)
        wire.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        for version in range(2, 40):
            for process in children(wire.process.pid):
                # It may have ended by itself in the meantime.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            text = POOL if version % 2 else POOL.replace("self._active.pop(name, None)", "pass")
            identifier = {"uri": path.as_uri(), "version": version}
            changes = {"textDocument": identifier, "contentChanges": [{"text": text}]}
            wire.send({"method": "textDocument/didChange", "params": changes})
            while (message := wire.next()).get("params", {}).get("version") != version:
                assert "error" not in message, json.dumps(message)
            assert len(message["params"]["diagnostics"]) == version % 2
