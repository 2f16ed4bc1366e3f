"""Names of rules and concerns as users write them."""

from __future__ import annotations

import difflib
import functools
import pkgutil
from typing import TYPE_CHECKING

import review_checks.rules
from review_checks.engine.discovery import rules_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable


@functools.cache
def concerns() -> tuple[str, ...]:
    """Return the folders of rules; a concern without rules is one too."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(review_checks.rules.__path__)))


@functools.cache
def rule_and_concern_names() -> frozenset[str]:
    """Return what may stand where a rule or a concern is named."""
    return frozenset({*rules_by_name(), *concerns()})


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint at what may have been meant, to be put behind a message."""
    near = difflib.get_close_matches(name.lower().replace("_", "-"), list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else "; `review-lsp rules` lists them"


def no_such_name(name: str) -> str:
    """Return what to say of a name that is neither a rule's nor a concern's."""
    return f"there is no rule or concern `{name}`{suggestion(name, rule_and_concern_names())}"
