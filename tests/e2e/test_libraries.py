"""What only the installed libraries tell comes later, and is shown then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.clients import EGLOT, NEOVIM, VSCODE, Capabilities
from e2e.editor import connected, first_shown, until
from e2e.samples import RULE, SERVICE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

USER = SERVICE.replace("import utils", "import vendor").replace(
    "utils.one_at_a_time", "vendor.serial"
)
WRITE = "self.nodes.pop(name, None)"


@pytest.fixture
def service(project: Path) -> Path:
    """Return a file whose lock comes from a library that only passes it on."""
    site = project / ".venv" / "lib" / "python3.12" / "site-packages"
    for name, text in {
        "vendor.py": "from oslo_concurrency.lockutils import synchronized as serial\n",
        "oslo_concurrency/__init__.py": "",
        "oslo_concurrency/lockutils.py": "def synchronized(name):\n    return lambda made: made\n",
    }.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    path = project / "service.py"
    path.write_text(USER)
    return path


@pytest.mark.parametrize("client", [VSCODE, NEOVIM, EGLOT])
async def test_findings_follow_when_the_answer_is_there(
    project: Path, service: Path, client: Capabilities
) -> None:
    async with connected(client, project) as editor:
        uri = editor.open(service)
        assert await editor.diagnostics(uri) == []
        (found,) = await first_shown(editor, uri)
        if editor.pulls:
            await until(lambda: editor.client.diagnostic_refresh_count)
        assert (found.code, editor.slice(uri, found.range)) == (RULE, WRITE)


async def test_nobody_is_asked_who_is_not_wanted(project: Path, service: Path) -> None:
    (project / "review-lsp.toml").write_text("jedi = false\n")
    async with connected(VSCODE, project) as editor:
        uri = editor.open(service)
        assert await editor.diagnostics(uri) == []
        editor.replace(uri, (WRITE, "self.nodes.popitem()"))
        assert await editor.diagnostics(uri) == []
        assert not editor.client.diagnostic_refresh_count
