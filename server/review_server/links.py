"""Where the rules are explained on the web."""

from __future__ import annotations

from review_server import __version__

_PAGE = "https://review-lsp.dev/{version}/rules/{rule}"


def rule_url(rule: str) -> str:
    """Return the page of a rule, as it is in this version."""
    return _PAGE.format(version=__version__, rule=rule)
