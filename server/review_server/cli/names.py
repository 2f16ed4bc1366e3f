"""Names of rules and concerns as users write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from review_checks.engine.discovery import rules_by_name
from review_server.names import no_such_name, rule_and_concern_names, suggestion

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
            raise click.UsageError(no_such_name(name))
    return tuple(name for name in names if name)
