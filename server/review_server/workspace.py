"""The projects that open documents belong to, and what the user chose for each."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review_checks.engine.discovery import all_rules
from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.options import Options, read_options
from review_server.convert import path_of, uri_of
from review_server.project import (
    CONFIGURATION_FILES,
    DiskSource,
    configuration,
    find_root,
    ignored_rules,
    is_checked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from review_checks.options import Problem

logger = logging.getLogger(__name__)


class Project:
    """One project: its options and its analysis. Without a root it has no files on disk."""

    def __init__(self, root: Path | None, settings: Mapping[str, Any]) -> None:
        """Read the options of the project; ``settings`` are those of the editor."""
        self.root = root
        self.options = self._read(settings)
        source = MemorySource({}) if root is None else DiskSource(root)
        self.analysis = Workspace(source, self.options)

    def configure(self, settings: Mapping[str, Any]) -> bool:
        """Read the options again; return whether they changed."""
        options = self._read(settings)
        if options == self.options:
            return False
        self.options = options
        self.analysis.configure(options)
        return True

    def _read(self, settings: Mapping[str, Any]) -> Options:
        problems: tuple[Problem, ...]
        where = "the editor's settings"
        if self.root is None:
            options, problems = read_options(settings)
        else:
            found = configuration(self.root, settings)
            options, problems = found.options, found.problems
            where = f"{found.path} or {where}" if found.path else where
        for problem in problems:
            logger.warning("Configuration (%s): %s", where, problem.message)
        return options

    def is_checked(self, path: str, lines: Sequence[str]) -> bool:
        """Say whether findings of a file are wanted."""
        return self.root is None or is_checked(path, self.root, self.options, lines)

    def ignored(self, path: str) -> frozenset[str]:
        """Return the rules and concerns that are not reported in a file."""
        return frozenset() if self.root is None else ignored_rules(path, self.root, self.options)


class Projects:
    """The projects of a session, made when a document of theirs is opened."""

    def __init__(self, folders: Iterable[str], settings: Mapping[str, Any]) -> None:
        """Take the URIs of the editor's folders, and the editor's settings."""
        self.set_folders(folders)
        self.settings = settings
        self._projects: dict[Path | None, Project] = {}

    def set_folders(self, uris: Iterable[str]) -> None:
        """Take other folders; ``uris`` are spelled as the editor spells them."""
        self.folders = [(path_of(uri), uri) for uri in uris]

    def uri(self, path: str) -> str:
        """Return the URI of a file, spelled as the editor spells that of its folder."""
        return uri_of(path, self.folders)

    def of(self, path: str) -> Project:
        """Return the project of a file; a buffer without one gets that of the first folder."""
        places = [Path(path), *(Path(folder) for folder, _ in self.folders)]
        root = next((find_root(place) for place in places if place.is_absolute()), None)
        project = self._projects.get(root)
        if project is None:
            project = self._projects[root] = Project(root, self.settings)
        return project

    def prepare(self) -> None:
        """Load what the first document will need, while the editor is still busy with itself."""
        all_rules()
        for path, _ in self.folders:
            self.of(path)

    def configure(self, settings: Mapping[str, Any] | None = None) -> bool:
        """Read all options again, with other settings if given; return whether any changed."""
        if settings is not None:
            self.settings = settings
        changed = [project.configure(self.settings) for project in self._projects.values()]
        return any(changed)

    def refresh(self, paths: Sequence[str]) -> bool:
        """Note that files were changed by somebody else; return whether it may matter."""
        changed = False
        if any(os.path.basename(path) in CONFIGURATION_FILES for path in paths):  # noqa: PTH119
            changed = self.configure()
        sources = [path for path in paths if path.endswith(".py")]
        for project in self._projects.values() if sources else ():
            project.analysis.refresh(*sources)
            changed = True
        return changed
