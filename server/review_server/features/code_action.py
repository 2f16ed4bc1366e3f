"""``textDocument/codeAction``: what can be done at a place.

The list says what there is without computing it. The edits are computed when the user has chosen,
by ``codeAction/resolve``, or at once for a client that cannot ask for them then.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from review_checks.model import Refusal
from review_server import convert, wire
from review_server.actions import assists, comments, fixes
from review_server.actions.computing import compute, is_of_many
from review_server.actions.request import Entry, Request

if TYPE_CHECKING:
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.CodeActionParams) -> list[wire.CodeAction]:
    """Return the actions at a place: fixes first, then what silences findings, then assists."""
    session = ls.session
    document = session.document(params.text_document.uri)
    if document is None:
        return []
    request = Request(session, document, params)
    listed = itertools.chain(
        fixes.entries(request),
        fixes.entries_for_file(request),
        comments.entries(request),
        assists.entries(request),
    )
    return [action for entry in listed if (action := _finished(entry, request)) is not None]


def _finished(entry: Entry, request: Request) -> wire.CodeAction | None:
    """Return an action as the client can use it; None when it cannot."""
    client, action = request.session.client, entry.action
    if action.disabled is not UNSET:
        return action if client.shows_disabled else None
    if client.resolves_edits:
        return msgspec.structs.replace(action, data=entry.data)
    result = compute(request.session, request.document, entry.data)
    if result is None:
        return None
    if isinstance(result, Refusal):
        disabled = wire.Disabled(result.reason)
        shown = msgspec.structs.replace(action, is_preferred=UNSET, disabled=disabled)
        return shown if client.shows_disabled else None
    view = request.session.reporter.view(request.document)
    edit = convert.workspace_edit(result, client, view, of_many=is_of_many(entry.data))
    return msgspec.structs.replace(action, edit=edit)
