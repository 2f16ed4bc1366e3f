"""A small project that every editor is tried on: what it holds stands in ``e2e.samples``, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.samples import HELD, POOL, STRAY

if TYPE_CHECKING:
    from pathlib import Path

REPORTS = """\
def first_line(path):
    stream = open(path)
    line = stream.readline()
    stream.close()
    return line


def last_line(path):
    stream = open(path)
    lines = stream.readlines()
    stream.close()
    return lines[-1]
"""
"""Two findings whose fixes are safe."""

MENDED_REPORTS = """\
def first_line(path):
    with open(path) as stream:
        line = stream.readline()
    return line


def last_line(path):
    with open(path) as stream:
        lines = stream.readlines()
    return lines[-1]
"""

FILES = {"pool.py": POOL, "reports.py": REPORTS, "pyproject.toml": ""}


def write_project(root: Path) -> Path:
    """Write the project into a folder; return the folder."""
    root.mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


def write_expected(folder: Path) -> None:
    """Write what the files are when all that an editor is asked for has been mended."""
    folder.mkdir()
    (folder / "pool.py").write_text(POOL.replace(STRAY, HELD))
    (folder / "reports.py").write_text(MENDED_REPORTS)
