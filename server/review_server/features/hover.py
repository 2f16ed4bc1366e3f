"""``textDocument/hover``: the page of a rule, on its finding and on the comment that silences it.

Anywhere else there is nothing: what code means is the business of other servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.docs import page
from review_checks.engine.discovery import rules_by_name
from review_server import convert, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from review_checks.model import Span
    from review_checks.text.silencers import Silencer
    from review_server.documents import OpenDocument
    from review_server.host import ReviewServer
    from review_server.session import Session

_SEPARATOR = "\n---\n\n"


def handle(ls: ReviewServer, params: wire.HoverParams) -> wire.Hover | None:
    """Return the pages of the rules at a place, or None."""
    session = ls.session
    document = session.document(params.text_document.uri)
    if document is None:
        return None
    at = wire.Range(params.position, params.position)
    place = convert.span_of(at, document.lines, session.client.encoding)
    found = list(_on_comments(document, place)) or list(_on_findings(session, document, place))
    rules = rules_by_name()
    names = dict.fromkeys(name for name, _ in found if name in rules)
    if not names:
        return None
    kind = "markdown" if session.client.renders_markdown else "plaintext"
    text = _SEPARATOR.join(page(rules[name]) for name in names)
    shown = convert.range_of(found[0][1], document.lines, session.client.encoding)
    return wire.Hover(wire.MarkupContent(kind, text), shown)


def _on_comments(document: OpenDocument, place: Span) -> Iterator[tuple[str, Span]]:
    """Yield the rules that a silencer names at a place; all of its rules for the rest of it."""
    for silencer in document.project.analysis.silencers(document.path):
        if silencer.span.contains(place):
            yield from _named(silencer, place)


def _named(silencer: Silencer, place: Span) -> Iterable[tuple[str, Span]]:
    names = silencer.names or ()
    for index, named in enumerate(names):
        span = silencer.span_of(index)
        if span.contains(place):
            return [(named.name, span)]
    return [(named.name, silencer.span) for named in names]


def _on_findings(
    session: Session, document: OpenDocument, place: Span
) -> Iterator[tuple[str, Span]]:
    for finding in session.reporter.find(document).findings:
        if finding.span.contains(place):
            yield finding.rule, finding.span
