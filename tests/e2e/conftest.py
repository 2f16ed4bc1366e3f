"""A project of one file that something can be said about, and an editor to share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from e2e.clients import VSCODE
from e2e.editor import Editor, connected
from e2e.samples import POOL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a project with ``pool.py``."""
    root = tmp_path.resolve() / "a project"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "pool.py").write_text(POOL)
    return root


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """Return VS Code, with a folder in which there is nothing."""
    async with connected(VSCODE, tmp_path_factory.mktemp("folder").resolve()) as connection:
        yield connection
