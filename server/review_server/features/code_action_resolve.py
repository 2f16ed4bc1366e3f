"""``codeAction/resolve``: the user chose an action; now its edits are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types
from msgspec import UNSET
from pygls.exceptions import JsonRpcException

from review_checks.model import Refusal
from review_server import convert
from review_server.features import code_action

if TYPE_CHECKING:
    from review_checks.model import Finding
    from review_server import wire
    from review_server.documents import OpenDocument
    from review_server.host import ReviewServer
    from review_server.session import Session


def handle(ls: ReviewServer, params: wire.CodeAction) -> wire.CodeAction:
    """Return the action with its edits.

    Raises:
        JsonRpcException: the finding is gone, or the fix turned out to do harm.
    """
    data = params.data
    if data is UNSET:
        return params
    session = ls.session
    document = session.document(data.uri)
    finding = _find_again(session, document, data) if document is not None else None
    if document is None or finding is None:
        raise JsonRpcException("The finding is gone", types.LSPErrorCodes.ContentModified.value)
    result = code_action.compute(document, finding, data.what)
    if isinstance(result, Refusal):
        raise JsonRpcException(result.reason, types.LSPErrorCodes.RequestFailed.value)
    edit = convert.workspace_edit(result.edits, session.client, session.reporter.view(document))
    return msgspec.structs.replace(params, edit=edit)


def _find_again(session: Session, document: OpenDocument, data: wire.ActionData) -> Finding | None:
    """Return the finding that an action was offered for; the text may have moved since."""
    wanted = (data.rule, data.scope, data.symbol)
    candidates = [
        finding
        for finding in session.reporter.find(document).findings
        if (finding.rule, finding.scope, finding.symbol) == wanted
    ]
    return min(candidates, key=lambda one: abs(one.span.line - data.line), default=None)
