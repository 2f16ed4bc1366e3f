"""The assists at the cursor or selection: listed for a user who asks, never for a moving cursor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec import UNSET

from review_checks.model import Fix, Refusal
from review_server import convert, wire
from review_server.actions.request import QUICK_FIX, Entry, Request
from review_server.hunks import hunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.assist import Assist
    from review_checks.model import Edit
    from review_server.documents import OpenDocument
    from review_server.session import Session

logger = logging.getLogger(__name__)

ASSIST = "assist"


def entries(request: Request) -> Iterator[Entry]:
    """Yield what can be done at the place without a finding; refused ones say why."""
    document = request.document
    if document.is_too_large:
        return
    # What mends a finding here is listed already, unless only assists are asked for.
    tried = request.tried if request.wants(QUICK_FIX) else []
    made = [fix for _, fix in tried if isinstance(fix, Fix)]
    mended = {_change(fix, document) for fix in made}
    # At a mere cursor a fix may go further; who has selected something means just that.
    is_cursor = request.range.start == request.range.end
    titles = {fix.title for fix in made} if is_cursor else set()

    def is_wanted(assist: Assist) -> bool:
        manual = request.is_manual and request.wants(assist.kind)
        return manual or request.asks_for(assist.kind)

    try:
        for assist, offer in document.project.analysis.assists(
            document.path, request.place, is_wanted
        ):
            found = offer.mend()
            if offer.title in titles or (
                isinstance(found, Fix) and _change(found, document) in mended
            ):
                continue
            disabled = wire.Disabled(found.reason) if isinstance(found, Refusal) else UNSET
            data = wire.ActionData(
                ASSIST,
                document.uri,
                name=assist.name,
                key=offer.key,
                range=request.range,
                version=document.version,
            )
            yield Entry(wire.CodeAction(offer.title, assist.kind, disabled=disabled), data)
    except Exception:
        # The fixes are what the user mostly wants; they are listed all the same.
        logger.exception("%s: an assist failed", document.path)


def _change(fix: Fix, document: OpenDocument) -> tuple[Edit, ...]:
    """Return what a fix does to the document, in the same form however it is put together."""
    mine = [edit for edit in fix.edits if edit.path == document.path]
    rest = [edit for edit in fix.edits if edit.path != document.path]
    return (*hunks(mine, document.lines, of_many=False), *rest)


def compute(
    session: Session, document: OpenDocument, data: wire.ActionData
) -> Fix | Refusal | None:
    """Return the change of an assist; None when the text is another by now."""
    if data.range is None or data.version != document.version or document.is_too_large:
        return None
    place = convert.span_of(data.range, document.lines, session.client.encoding)
    return document.project.analysis.assist(document.path, place, data.name, data.key)
