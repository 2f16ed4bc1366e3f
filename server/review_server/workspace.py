"""The projects that open documents belong to, and what the user chose for each."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from review_checks.engine.discovery import all_rules
from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_server.cache import open_cache
from review_server.configuration import CONFIGURATION_FILES, Configuration, configuration
from review_server.convert import path_of, uri_of
from review_server.project import DiskSource, find_root
from review_server.resolver import open_resolver
from review_server.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from review_checks.engine.keeping import Shelf
    from review_checks.options import Options
    from review_server.editor_settings import EditorSettings

logger = logging.getLogger(__name__)

_PATIENCE_S = 0.02
"""How long a key may wait for others who write to the cache."""


class Project:
    """One project: its options and its analysis. Without a root it has no files on disk."""

    def __init__(
        self, root: Path | None, settings: EditorSettings, shelf: Shelf | None = None
    ) -> None:
        """Read the options of the project.

        Args:
            root: the folder of the project.
            settings: those of the editor.
            shelf: may have the facts of its files.
        """
        self.root = root
        self._take(self._read(settings))
        self.source = DiskSource(root) if root is not None else None
        source = self.source or MemorySource({})
        self.resolver = open_resolver(root, self.options, self.configuration.base)
        self.analysis = Workspace(source, self.options, shelf, self.is_checked, self.resolver)

    @property
    def options(self) -> Options:
        """What the user chose."""
        return self.configuration.options

    def configure(self, settings: EditorSettings) -> bool:
        """Read the options again; return whether anything about them changed."""
        found = self._read(settings)
        if found == self.configuration:
            return False
        before = self.options
        self._take(found)
        if self.options != before:
            self.analysis.configure(self.options)
        return True

    def _read(self, settings: EditorSettings) -> Configuration:
        return configuration(self.root, settings.layers(self.root))

    def _take(self, found: Configuration) -> None:
        self.configuration = found
        root = str(self.root) if self.root is not None else ""
        self.selection = Selection(root, found.options, found.base, found.baseline)
        for fault in found.faults:
            logger.warning("Configuration (%s): %s", fault.origin, fault.message)

    def is_checked(self, path: str, lines: Sequence[str]) -> bool:
        """Say whether findings of a file are wanted."""
        return self.selection.is_checked(path, lines)


class Projects:
    """The projects of a session, made when a document of theirs is opened."""

    def __init__(self, folders: Iterable[str], settings: EditorSettings) -> None:
        """Take the URIs of the editor's folders, and the editor's settings."""
        self.set_folders(folders)
        self.settings = settings
        self._projects: dict[Path | None, Project] = {}
        self._shelf = open_cache(patience=_PATIENCE_S)
        self._made: list[Callable[[Project], None]] = []

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
            project = self._projects[root] = Project(root, self.settings, self._shelf)
            for made in self._made:
                made(project)
        return project

    def when_made(self, made: Callable[[Project], None]) -> None:
        """Call a function with each project from now on when it is made."""
        self._made.append(made)

    def discover(self, root: str) -> None:
        """Make the project of a folder that was found, if it is in one of the editor's folders."""
        if any(Path(root).is_relative_to(folder) for folder, _ in self.folders):
            self.of(root)

    def want_all_files(self) -> bool:
        """Say whether the user wants the findings of files that are not open, in any folder."""
        inside = [project for root, project in self._projects.items() if self._touches(root)]
        return any(project.options.workspace_diagnostics for project in inside)

    def _touches(self, root: Path | None) -> bool:
        """Say whether a project has files in one of the editor's folders."""
        folders = [Path(folder) for folder, _ in self.folders]
        return root is not None and any(
            root.is_relative_to(folder) or folder.is_relative_to(root) for folder in folders
        )

    def keep(self, used: Collection[Project]) -> list[Project]:
        """Drop the projects that are neither used nor in the editor's folders; return them."""
        dropped = {
            root: project
            for root, project in self._projects.items()
            if root is not None and project not in used and not self._touches(root)
        }
        for root in dropped:
            del self._projects[root]
        return list(dropped.values())

    def all(self) -> list[Project]:
        """Return all projects that were made."""
        return list(self._projects.values())

    def prepare(self) -> None:
        """Load what the first document will need, while the editor is still busy with itself."""
        all_rules()
        self.find()

    def find(self) -> None:
        """Make the projects of the editor's folders."""
        for path, _ in self.folders:
            self.of(path)

    def configure(self, settings: EditorSettings | None = None) -> bool:
        """Read all options again, with other settings if given; return whether any changed."""
        if settings is not None:
            self.settings = settings
        changed = [project.configure(self.settings) for project in self._projects.values()]
        return any(changed)

    def cares_for(self, path: str) -> bool:
        """Say whether a file may matter: it has code, or says what the user chose."""
        return path.endswith(".py") or self._configures(path)

    def _configures(self, path: str) -> bool:
        return os.path.basename(path) in CONFIGURATION_FILES or any(  # noqa: PTH119
            path in project.configuration.files for project in self._projects.values()
        )

    def refresh(self, paths: Sequence[str]) -> bool:
        """Note that files were changed by somebody else; return whether it may matter."""
        changed = any(map(self._configures, paths)) and self.configure()
        sources = [path for path in paths if path.endswith(".py")]
        for project in self._projects.values() if sources else ():
            project.analysis.refresh(*sources)
            changed = True
        return changed
