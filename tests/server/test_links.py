"""Links to pages: offline ones, and those on the web once the package says where."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from review_checks.engine.discovery import all_rules
from review_server import __version__, links

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]


def test_pages_and_rules_name_each_other() -> None:
    for rule in all_rules():
        assert links.rule_of(links.page_uri(rule.name)) == rule.name
    for uri in ("file:///a/leaked-resource.md", "review-rule:/1/none.md", "review-rule:", ""):
        assert links.rule_of(uri) == ""


def test_the_page_on_the_web_is_the_rules_own_file(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = metadata.metadata("review-lsp")
    fields["Project-URL"] = "Repository, https://example.org/owner/name/"
    monkeypatch.setattr(metadata, "metadata", lambda _name: fields)
    links._repository.cache_clear()
    try:
        start = f"https://example.org/owner/name/blob/v{__version__}/"
        for rule in all_rules():
            address = links.web_page(rule.name)
            assert address.startswith(start)
            assert (ROOT / address.removeprefix(start)).is_file()
        assert links.web_page("no-such-rule") == ""
    finally:
        links._repository.cache_clear()
