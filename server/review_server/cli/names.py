"""Names of rules and concerns as users write them."""

from __future__ import annotations

import difflib
import pkgutil
from typing import TYPE_CHECKING

import click

import review_checks.rules
from review_checks.engine.discovery import rules_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from review_checks.rule import Rule


def known_rule(name: str) -> Rule:
    """Return the rule of a name.

    Raises:
        click.UsageError: there is none; the message suggests the nearest one.
    """
    rules = rules_by_name()
    if name not in rules:
        raise click.UsageError(f"there is no rule `{name}`{suggestion(name, rules)}")
    return rules[name]


def rules_and_concerns(given: Iterable[str]) -> tuple[str, ...]:
    """Return the names in lists that are separated by commas.

    Raises:
        click.UsageError: one is neither a rule nor a concern.
    """
    known = rule_and_concern_names()
    names = [name.strip() for row in given for name in row.split(",")]
    for name in names:
        if name and name not in known:
            raise click.UsageError(f"there is no rule or concern `{name}`{suggestion(name, known)}")
    return tuple(name for name in names if name)


def rule_and_concern_names() -> set[str]:
    """Return what may stand where a rule or a concern is named."""
    return {*rules_by_name(), *concerns()}


def concerns() -> list[str]:
    """Return the folders of rules; a concern without rules is one too."""
    return sorted(found.name for found in pkgutil.iter_modules(review_checks.rules.__path__))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint at what may have been meant, to be put behind a message."""
    near = difflib.get_close_matches(name.lower().replace("_", "-"), list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else "; `review-lsp rules` lists them"
