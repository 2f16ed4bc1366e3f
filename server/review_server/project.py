"""Projects on disk: where one begins, which files it has, and how they are read."""

from __future__ import annotations

import io
import os
import tokenize
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from review_checks.engine.source import ModuleName
from review_checks.options import Options, Problem, read_options

_MARKERS = ("review-lsp.toml", "pyproject.toml", "setup.cfg", "setup.py", ".git", ".hg")


class Configuration(msgspec.Struct, frozen=True):
    """The options of a project, the file they come from ('' when there is none), and its faults."""

    options: Options
    path: str = ""
    problems: tuple[Problem, ...] = ()


def find_root(path: Path) -> Path:
    """Return the folder of the project that a file or folder belongs to.

    That is the nearest folder above with a project's marker, else the folder that contains the
    outermost package, else the file's own folder.
    """
    path = path.resolve()
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in _MARKERS):
            return folder
    return import_root(path)


def import_root(path: Path) -> Path:
    """Return the folder from which a file is imported: that above its outermost package."""
    folder = path if path.is_dir() else path.parent
    while (folder / "__init__.py").exists() and folder.parent != folder:
        folder = folder.parent
    return folder


def decode(raw: bytes) -> str | None:
    """Return the text of a Python file, or None when its bytes are not what it declares."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None
    return text.removeprefix("\ufeff")


class DiskSource:
    """The files of one project on disk. Paths are absolute."""

    def __init__(self, root: Path) -> None:
        """Look for modules under ``root`` and the folders from which its packages are imported."""
        self.root = root
        self._roots: dict[str, None] = {str(root): None}
        for name in ("src", "lib"):
            if (root / name).is_dir():
                self._roots[str(root / name)] = None
        self._names: dict[str, ModuleName] = {}

    def read(self, path: str) -> str | None:
        """Return the text of a file, or None when it is not there or cannot be decoded."""
        try:
            raw = Path(path).read_bytes()
        except OSError:
            return None
        return decode(raw)

    def find_module(self, dotted: str) -> str:
        """Return the path of a project module, or ''."""
        if not dotted.isidentifier() and not all(part.isidentifier() for part in dotted.split(".")):
            return ""
        stem = dotted.replace(".", os.sep)
        for root in self._roots:
            base = os.path.join(root, stem)  # noqa: PTH118 -- this is asked thousands of times
            for path in (base + os.sep + "__init__.py", base + ".py"):
                if os.path.isfile(path):  # noqa: PTH113 -- see above
                    return path
        return ""

    def module_name(self, path: str) -> ModuleName:
        """Return the dotted name under which a file is imported."""
        known = self._names.get(path)
        if known is None:
            file = Path(path)
            root = import_root(file)
            self._roots.setdefault(str(root), None)
            parts = list(file.with_suffix("").relative_to(root).parts)
            package = parts[-1] == "__init__"
            if package:
                parts.pop()
            known = self._names[path] = ModuleName(".".join(parts), package)
        return known


def configuration(root: Path) -> Configuration:
    """Return the options of a project: ``review-lsp.toml``, else the table in ``pyproject.toml``."""
    own, shared = root / "review-lsp.toml", root / "pyproject.toml"
    path = own if own.is_file() else shared
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return Configuration(Options())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        if path == shared:
            # Other tools complain about it, and it may have no table of ours.
            return Configuration(Options())
        return Configuration(Options(), str(path), (Problem("", str(error)),))
    if path == shared:
        table = table.get("tool", {}).get("review-lsp")
        if table is None:
            return Configuration(Options())
    options, problems = read_options(table)
    return Configuration(options, str(path), problems)
