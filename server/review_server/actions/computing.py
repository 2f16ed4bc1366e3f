"""Computes the edits of actions, when the user has chosen one or the client cannot ask later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_server.actions import assists, comments, fixes

if TYPE_CHECKING:
    from collections.abc import Callable

    from review_checks.model import Fix, Refusal
    from review_server import wire
    from review_server.documents import OpenDocument
    from review_server.session import Session

COMPUTED: dict[str, Callable[[Session, OpenDocument, wire.ActionData], Fix | Refusal | None]] = {
    fixes.ONE: fixes.compute,
    fixes.OF_RULE: fixes.compute_of_rule,
    fixes.SAFE_ONES: fixes.compute_safe_ones,
    comments.HERE: comments.compute,
    comments.IN_FILE: comments.compute_in_file,
    assists.ASSIST: assists.compute,
}
"""What an action is → the function that computes its change, or finds that it is of the past."""


def compute(
    session: Session, document: OpenDocument, data: wire.ActionData
) -> Fix | Refusal | None:
    """Return the change of an action; None when what it was offered for is gone."""
    found = COMPUTED.get(data.what)
    return found(session, document, data) if found is not None else None


def is_of_many(data: wire.ActionData) -> bool:
    """Say whether an action does what several do, each of which would do without the others."""
    return data.what in (fixes.OF_RULE, fixes.SAFE_ONES)
