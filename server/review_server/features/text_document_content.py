"""``workspace/textDocumentContent``: the editor asks for a page that only this server has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcInvalidParams

from review_checks.docs import page
from review_checks.engine.discovery import rules_by_name
from review_server import wire
from review_server.links import rule_of

if TYPE_CHECKING:
    from review_server.host import ReviewServer


def handle(ls: ReviewServer, params: wire.Identifier) -> wire.TextContent:  # noqa: ARG001 -- pygls knows it by its name
    """Return the page of a rule.

    Raises:
        JsonRpcInvalidParams: there is no such page.
    """
    rule = rule_of(params.uri)
    if not rule:
        raise JsonRpcInvalidParams(f"There is no page {params.uri}")
    return wire.TextContent(page(rules_by_name()[rule]))
