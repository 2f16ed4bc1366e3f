"""Has the client tell of changes to the files that matter.

These are code, configurations, and what the configurations name. The last are not known beforehand,
so that the client is asked anew when they are others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from review_server.configuration import CONFIGURATION_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from review_server.host import ReviewServer

_USUAL = ("**/*.py", *(f"**/{name}" for name in CONFIGURATION_FILES))
_USUAL_ID, _NAMED_ID = "files", "named-files"


class Watch:
    """What a client that can watch files is asked to watch."""

    def __init__(self, ls: ReviewServer) -> None:
        """Ask for nothing yet."""
        self._ls = ls
        self._named: frozenset[str] = frozenset()

    def begin(self) -> types.Registration:
        """Return what asks for the files that matter in every project."""
        self._ls.session.when_options_change(self.look)
        return _registration(_USUAL_ID, _USUAL)

    def look(self) -> None:
        """Ask for the files that the configurations name, if they are others than before."""
        named = frozenset(
            Path(file).name
            for project in self._ls.session.projects.all()
            for file in project.configuration.files
        ).difference(CONFIGURATION_FILES)
        before, self._named = self._named, named
        if named == before:
            return
        if before:
            row = types.Unregistration(_NAMED_ID, types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
            self._ls.ask(types.CLIENT_UNREGISTER_CAPABILITY, types.UnregistrationParams([row]))
        if named:
            # They may lie outside of the folders; a name is what every client can match.
            rows = [_registration(_NAMED_ID, [f"**/{name}" for name in sorted(named)])]
            self._ls.ask(types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams(rows))


def _registration(name: str, patterns: Iterable[str]) -> types.Registration:
    return types.Registration(
        name,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
        types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(pattern) for pattern in patterns]
        ),
    )
