"""``initialized``: the client can be asked for things now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from review_server.editor_settings import SECTION
from review_server.features import did_change_configuration
from review_server.indexing.progress import WorkDoneProgress
from review_server.links import SCHEME
from review_server.watching import Watch

if TYPE_CHECKING:
    from review_server.host import ReviewServer

_MOST_SECONDS = 5.0
"""When indexing begins at the latest."""


def handle(ls: ReviewServer, _params: types.InitializedParams) -> None:
    """Get ready, and ask for the settings and to be told of changes."""
    client = ls.session.client
    ls.schedule.soon("prepare", ls.session.projects.prepare)
    if client.wants_status:
        ls.status.begin(ls.tell)
    if client.shows_progress:
        ls.session.index.progress = WorkDoneProgress(ls)
    # The first document comes first, but who never stops typing is not to go without.
    ls.schedule.when_idle("index", ls.session.index.start)
    asyncio.get_running_loop().call_later(_MOST_SECONDS, ls.session.index.start)
    registrations = []
    if client.watches_files:
        watch = Watch(ls)
        registrations.append(watch.begin())
    if client.registers_configuration:
        registrations.append(
            types.Registration(
                "settings",
                types.WORKSPACE_DID_CHANGE_CONFIGURATION,
                types.DidChangeConfigurationRegistrationOptions(SECTION),
            )
        )
    if client.reads_pages:
        registrations.append(
            types.Registration(
                "pages",
                types.WORKSPACE_TEXT_DOCUMENT_CONTENT,
                types.TextDocumentContentRegistrationOptions([SCHEME]),
            )
        )
    if registrations:
        parameters = types.RegistrationParams(registrations)
        ls.ask(types.CLIENT_REGISTER_CAPABILITY, parameters)
    if client.has_configuration:
        ls.protocol.keep_diagnostics_until_settled()
        did_change_configuration.ask(ls)
