"""``initialized``: the client can be asked for things now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from review_server.features import did_change_configuration
from review_server.project import CONFIGURATION_FILES

if TYPE_CHECKING:
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, _params: types.InitializedParams) -> None:
    """Get ready, and ask for the settings and to be told of changes."""
    client = ls.session.client
    ls.schedule.soon("prepare", ls.session.projects.prepare)
    registrations = []
    if client.watches_files:
        patterns = ["**/*.py", *(f"**/{name}" for name in CONFIGURATION_FILES)]
        watchers = [types.FileSystemWatcher(pattern) for pattern in patterns]
        registrations.append(
            types.Registration(
                "files",
                types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                types.DidChangeWatchedFilesRegistrationOptions(watchers),
            )
        )
    if client.registers_configuration:
        registrations.append(
            types.Registration(
                "settings",
                types.WORKSPACE_DID_CHANGE_CONFIGURATION,
                types.DidChangeConfigurationRegistrationOptions(did_change_configuration.SECTION),
            )
        )
    if registrations:
        parameters = types.RegistrationParams(registrations)
        ls.ask(types.CLIENT_REGISTER_CAPABILITY, parameters)
    if client.has_configuration:
        did_change_configuration.ask(ls)
