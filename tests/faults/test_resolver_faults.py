"""Killing jedi's process at any moment costs time, and no answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.clients import VSCODE
from e2e.editor import PATIENCE, connected, first_shown
from support.libraries import install

if TYPE_CHECKING:
    from e2e.editor import Editor

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]

RULE = "self-deadlock"
USER = """\
import vendor

lock = vendor.make_lock()


def outer():
    with lock:
        inner()


def inner():
    with lock:
        pass
"""
"""Whether `inner` deadlocks, only the library tells."""


def resolvers(server: int) -> list[int]:
    """Return the processes of a server that run jedi."""
    found = []
    for task in Path(f"/proc/{server}/task").iterdir():
        with contextlib.suppress(OSError):
            found += [
                int(child)
                for child in (task / "children").read_text().split()
                if "jedi_resolver" in Path(f"/proc/{child}/cmdline").read_text()
            ]
    return found


async def killed(editor: Editor, times: int, chance: random.Random) -> int:
    """Kill what answers the questions a few times; return how often that was done."""
    server = editor.client._server
    assert server is not None
    done = 0
    while done < times:
        for process in resolvers(server.pid):
            await asyncio.sleep(chance.uniform(0, 0.6))
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                done += 1
        await asyncio.sleep(0.01)
    return done


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with a library in its environment."""
    made = tmp_path.resolve()
    (made / "pyproject.toml").touch()
    (made / "user.py").write_text(USER)
    install(made / ".venv" / "lib" / "python3.12" / "site-packages")
    return made


@pytest.mark.parametrize("seed", range(2))
async def test_the_process_is_killed(root: Path, seed: int) -> None:
    async with connected(VSCODE, root) as editor:
        uri = editor.open(root / "user.py")
        assert await editor.diagnostics(uri) == []
        async with asyncio.timeout(PATIENCE):
            await killed(editor, 1, random.Random(seed))  # noqa: S311 -- only a moment is chosen
        # The server answers on meanwhile, and knows in the end.
        shown = await first_shown(editor, uri)
        assert [row.code for row in shown] == [RULE]
