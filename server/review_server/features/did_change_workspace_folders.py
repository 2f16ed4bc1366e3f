"""``workspace/didChangeWorkspaceFolders``: the user added or removed folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_server.features import did_change_configuration

if TYPE_CHECKING:
    from lsprotocol import types

    from review_server.host import ReviewServer


def handle(ls: ReviewServer, _params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Take the folders, which pygls has noted already."""
    projects = ls.session.projects
    projects.set_folders(folder.uri for folder in ls.workspace.folders.values())
    ls.schedule.soon("prepare", projects.prepare)
    if ls.session.client.has_configuration:
        did_change_configuration.ask(ls)
    ls.session.folders_changed()
