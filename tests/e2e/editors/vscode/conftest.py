"""One editor for all tests of VS Code; each opens a window of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.editors.vscode.code_server import Workbench, started

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Return the running editor."""
    with started(tmp_path_factory.mktemp("vscode").resolve()) as running:
        yield running
