"""Where the pages of the rules are, for editors that open links.

The pages come with the server, so that it can show them offline: as documents of a scheme of its own
to editors that ask servers for the contents of such. For others the page on the web is the rule's
own module, whose docstring it is, in the repository that the package names, as it is in this version.
While the package names none there is no link: a wrong one would be worse.
"""

from __future__ import annotations

import functools
from urllib.parse import unquote, urlsplit

from review_checks.engine.discovery import rules_by_name
from review_server import __version__

SCHEME = "review-rule"


def page_uri(rule: str) -> str:
    """Return the URI under which editors that can ask the server find the page of a rule."""
    return f"{SCHEME}:/{__version__}/{rule}.md"


def rule_of(uri: str) -> str:
    """Return the rule whose page has a URI, or '' when it is no page of ours."""
    parts = urlsplit(uri)
    if parts.scheme != SCHEME:
        return ""
    name = unquote(parts.path).rpartition("/")[2].removesuffix(".md")
    return name if name in rules_by_name() else ""


def web_page(rule: str) -> str:
    """Return the page of a rule on the web, as it is in this version; '' when there is none."""
    repository = _repository()
    known = rules_by_name().get(rule)
    if not repository or known is None:
        return ""
    module = f"checks/review_checks/rules/{known.concern}/{rule.replace('-', '_')}.py"
    return f"{repository}/blob/v{__version__}/{module}"


@functools.cache
def _repository() -> str:
    """Return the repository that the metadata of the installed package name, or ''."""
    from importlib import metadata  # noqa: PLC0415 -- it takes 30 ms, and few clients need it

    try:
        rows = metadata.metadata("review-lsp").get_all("Project-URL") or ()
    except metadata.PackageNotFoundError:
        return ""
    for row in rows:
        name, _, address = row.partition(",")
        if name.strip().lower() in {"repository", "source"} and "https://" in address:
            return str(address).strip().rstrip("/")
    return ""
