"""``codeAction/resolve``: the user chose an action; now its edits are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types
from msgspec import UNSET
from pygls.exceptions import JsonRpcException

from review_checks.model import Refusal
from review_server import convert
from review_server.actions.computing import compute, is_of_many

if TYPE_CHECKING:
    from review_server import wire
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.CodeAction) -> wire.CodeAction:
    """Return the action with its edits.

    Raises:
        JsonRpcException: what it was offered for is gone, or it turned out to do harm.
    """
    data = params.data
    if data is UNSET:
        return params
    session = ls.session
    document = session.document(data.uri)
    result = compute(session, document, data) if document is not None else None
    if document is None or result is None:
        message = "The code that this was offered for is gone"
        raise JsonRpcException(message, types.LSPErrorCodes.ContentModified.value)
    if isinstance(result, Refusal):
        raise JsonRpcException(result.reason, types.LSPErrorCodes.RequestFailed.value)
    view = session.reporter.view(document)
    edit = convert.workspace_edit(result, session.client, view, of_many=is_of_many(data))
    return msgspec.structs.replace(params, edit=edit)
