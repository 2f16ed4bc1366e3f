"""What the engine asks of the world outside: the text of files, and where modules lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModuleName(NamedTuple):
    """The dotted name of a file's module, and whether it is a package's ``__init__``."""

    name: str
    package: bool


class Source(Protocol):
    """The files of one project. Paths are opaque strings to the engine."""

    def read(self, path: str) -> str | None:
        """Return the text of a file, or None when there is none or it cannot be decoded."""

    def find_module(self, dotted: str) -> str:
        """Return the path of a project module, or '' when the project has none of that name."""

    def module_name(self, path: str) -> ModuleName:
        """Return the dotted name under which a file is imported."""


class MemorySource:
    """A project held in a mapping from ``package/module.py`` paths to texts."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    def read(self, path: str) -> str | None:
        """Return the text of a file."""
        return self.files.get(path)

    def find_module(self, dotted: str) -> str:
        """Return the path of a module."""
        stem = dotted.replace(".", "/")
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in self.files:
                return path
        return ""

    def module_name(self, path: str) -> ModuleName:
        """Return the dotted name of a path."""
        stem = path.removesuffix(".py")
        package = stem.endswith("/__init__") or stem == "__init__"
        return ModuleName(stem.removesuffix("/__init__").replace("/", "."), package)
