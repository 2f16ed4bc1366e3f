"""A project of one file that something can be said about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.samples import POOL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a project with ``pool.py``."""
    root = tmp_path.resolve() / "a project"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "pool.py").write_text(POOL)
    return root
