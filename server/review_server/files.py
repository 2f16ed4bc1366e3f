"""Finds the Python files below a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from review_checks.text.lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SKIPPED = frozenset({"__pycache__", "__pypackages__", "node_modules", "site-packages"})
_HEAD_BYTES = 2048


def walk(top: str, on_error: Callable[[OSError], None]) -> Iterator[str]:
    """Yield the Python files below a folder; those that are links come last."""
    links: list[str] = []
    folders = [top]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                rows = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            on_error(error)
            continue
        for entry in rows:
            if entry.is_dir(follow_symlinks=False):
                if not _is_skipped(entry):
                    folders.append(entry.path)
            elif entry.name.endswith(".py") and not entry.name.startswith("."):
                if entry.is_symlink():
                    links.append(entry.path)
                else:
                    yield entry.path
    yield from links


def by_folder(path: str) -> list[str]:
    """Return what orders paths so that the files of a folder stand together."""
    return path.split(os.sep)  # noqa: PTH206 -- strings, for there may be thousands


def _is_skipped(folder: os.DirEntry[str]) -> bool:
    """Say whether a folder holds nothing that its project wrote, such as a virtual environment."""
    if folder.name.startswith(".") or folder.name in _SKIPPED:
        return True
    return os.path.exists(os.path.join(folder.path, "pyvenv.cfg"))  # noqa: PTH110, PTH118


def head(path: str) -> list[str]:
    """Return the first lines of a file, none when it cannot be read."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 -- strings, for there may be thousands
            return first_lines(stream.read(_HEAD_BYTES))
    except OSError:
        return []


def first_lines(raw: bytes) -> list[str]:
    """Return the first lines of a file's bytes; only comments matter, so any encoding will do."""
    return split_lines(raw[:_HEAD_BYTES].decode("latin-1"))
