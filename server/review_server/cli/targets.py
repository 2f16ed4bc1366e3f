"""Finds the files that a command is about, and the project that each belongs to."""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from review_server.cli.reading import why
from review_server.cli.report import Complaint
from review_server.files import by_folder, head, walk
from review_server.project import find_root
from review_server.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from review_checks.options import Options


class Target(msgspec.Struct, frozen=True):
    """A file to check and its size in bytes."""

    path: str
    size: int


class ProjectFiles(msgspec.Struct, frozen=True):
    """The files to check of one project, ordered by path."""

    selection: Selection
    targets: tuple[Target, ...]

    @property
    def root(self) -> str:
        """The folder of the project."""
        return self.selection.root

    @property
    def options(self) -> Options:
        """The options of the project."""
        return self.selection.options


class Targets(msgspec.Struct, frozen=True):
    """What to check.

    Attributes:
        projects: the files, by project.
        named: the files that were asked for by name.
        complaints: paths that were asked for and cannot be had.
        oddities: files met in folders that cannot be had.
        left_out: how many files were not checked: tests, generated and excluded ones.
    """

    projects: tuple[ProjectFiles, ...]
    named: frozenset[str]
    complaints: tuple[Complaint, ...]
    oddities: tuple[Complaint, ...]
    left_out: int

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(target.size for project in self.projects for target in project.targets)


def collect(paths: Iterable[str], selection_of: Callable[[Path], Selection]) -> Targets:
    """Return the files that paths stand for.

    A file that is named is checked whatever it is. Of a folder, all Python files below it are,
    but for tests, generated files and those that the project excludes. Symbolic links to folders
    are not followed, and no file comes twice.

    Args:
        paths: files and folders.
        selection_of: says what is wanted of the project with that root.
    """
    collector = _Collector(functools.cache(selection_of))
    for path in paths:
        collector.add(path)
    return collector.targets()


class _Collector:
    def __init__(self, selection_of: Callable[[Path], Selection]) -> None:
        self._selection_of = selection_of
        self._roots: dict[str, Path] = {}
        self._found: dict[str, tuple[int, Path]] = {}
        self._named: set[str] = set()
        self._left_out: set[str] = set()
        self._complaints: list[Complaint] = []
        self._oddities: dict[str, Complaint] = {}

    def add(self, path: str) -> None:
        """Take a path that the user gave."""
        try:
            real = os.path.realpath(path)
            status = os.stat(real)  # noqa: PTH116 -- strings throughout this module
            if stat.S_ISDIR(status.st_mode):
                os.scandir(real).close()
                for file in walk(real, self._cannot_list):
                    self._meet(file)
            elif stat.S_ISREG(status.st_mode):
                self._found[real] = status.st_size, self._root(real)
                self._named.add(real)
            else:
                self._complaints.append(Complaint(path, "it is neither a file nor a folder"))
        except OSError as error:
            self._complaints.append(Complaint(path, why(error, path)))
        except ValueError as error:
            self._complaints.append(Complaint(path, str(error)))

    def targets(self) -> Targets:
        """Return what was found."""
        projects: dict[Path, list[Target]] = {}
        for path in sorted(self._found, key=by_folder):
            size, root = self._found[path]
            projects.setdefault(root, []).append(Target(path, size))
        return Targets(
            tuple(
                ProjectFiles(self._selection_of(root), tuple(targets))
                for root, targets in projects.items()
            ),
            frozenset(self._named),
            tuple(self._complaints),
            tuple(self._oddities[path] for path in sorted(self._oddities)),
            len(self._left_out - self._found.keys()),
        )

    def _meet(self, path: str) -> None:
        """Take a Python file, or a link to one, that lies in a folder."""
        real = os.path.realpath(path)
        if real in self._found or real in self._left_out:
            return
        try:
            status = os.stat(real)  # noqa: PTH116 -- see above
            if not stat.S_ISREG(status.st_mode):
                return
            root = self._root(real)
        except OSError as error:
            self._oddities[path] = Complaint(path, why(error, path))
            return
        if self._selection_of(root).is_checked(real, head(real)):
            self._found[real] = status.st_size, root
        else:
            self._left_out.add(real)

    def _root(self, path: str) -> Path:
        folder = os.path.dirname(path)  # noqa: PTH120 -- see above
        root = self._roots.get(folder)
        if root is None:
            root = self._roots[folder] = find_root(Path(path))
        return root

    def _cannot_list(self, error: OSError) -> None:
        path = str(error.filename)
        self._oddities[path] = Complaint(path, why(error, path))
