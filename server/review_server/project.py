"""Projects on disk: where one begins, which files it has, and how they are read."""

from __future__ import annotations

import io
import os
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

from review_checks.engine.source import ModuleName
from review_server.configuration import CONFIGURATION_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKERS = (*CONFIGURATION_FILES, "setup.cfg", "setup.py", ".git", ".hg")


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
    except (SyntaxError, ValueError, LookupError):
        # Some of the codecs that a file may declare raise more than UnicodeDecodeError.
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
        # Files that cannot be imported are still to be found under the names they go by here.
        self._scripts: dict[str, str] = {}

    def learn(self, paths: Iterable[str]) -> bool:
        """Take the files of the project, in order; return whether modules may lie elsewhere now.

        Where the same name lies in several folders, the answer depends on which of them are known.
        """
        before = len(self._roots)
        folders: set[str] = set()
        for path in paths:
            folder = os.path.dirname(path)  # noqa: PTH120 -- there may be many thousands
            if folder not in folders:
                folders.add(folder)
                self.module_name(path)
        return len(self._roots) != before

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
            return self._scripts.get(dotted, "")
        stem = dotted.replace(".", os.sep)
        for root in self._roots:
            base = os.path.join(root, stem)  # noqa: PTH118 -- this is asked thousands of times
            for path in (base + os.sep + "__init__.py", base + ".py"):
                if os.path.isfile(path):  # noqa: PTH113 -- see above
                    return path
        return self._scripts.get(dotted, "")

    def module_name(self, path: str) -> ModuleName:
        """Return the dotted name under which a file is imported."""
        known = self._names.get(path)
        if known is None:
            file = Path(path)
            if not file.is_absolute():
                # A buffer that was never saved has no place to be imported from.
                return ModuleName(file.stem, package=False)
            root = import_root(file)
            self._roots.setdefault(str(root), None)
            # A dot in the name of a file is none between modules.
            parts = [
                part.replace(".", "-") for part in file.with_suffix("").relative_to(root).parts
            ]
            package = parts[-1] == "__init__"
            if package:
                parts.pop()
            known = ModuleName(".".join(parts), package)
            if self.find_module(known.name) not in ("", path):
                # Folders that are no packages may hold modules of one name, mostly scripts.
                name = "-".join(file.with_suffix("").parts[1:]).replace(".", "-")
                known = ModuleName(name, package=False)
            if not self.find_module(known.name):
                self._scripts[known.name] = path
            self._names[path] = known
        return known
