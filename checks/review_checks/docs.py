"""Turns a rule into the Markdown page that explains it; ``explain``, hovers and the site show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from review_checks.rule import Rule

_FENCE = re.compile(r"^```python (bad|good|fixed)$", re.MULTILINE)
_CAPTIONS = {
    "bad": "This is reported:",
    "good": "This is not:",
    "fixed": "After the fix:",
}


class Fact(NamedTuple):
    """One thing to know about a rule, for the table under its title."""

    name: str
    value: str


def facts(rule: Rule) -> tuple[Fact, ...]:
    """Return what is to be known of a rule at one glance."""
    return (
        Fact("concern", rule.concern),
        Fact("severity", str(rule.severity)),
        Fact("tier", str(rule.tier)),
        Fact("fix", f"{rule.safety or 'none'}{', at times safe' if rule.safer else ''}"),
    )


def summary(rule: Rule) -> str:
    """Return the sentence that says what a rule reports."""
    return " ".join(rule.document.partition("\n\n")[0].split())


def page(rule: Rule) -> str:
    """Return the page of a rule: its title, its facts, and the sections of its docstring.

    Each example gets a line that says what it shows, and is marked as plain Python, so that any
    Markdown renderer colours it.
    """
    known = facts(rule)
    body = rule.document.partition("\n\n")[2].strip()
    return "\n".join(
        [
            f"# {rule.name}",
            "",
            summary(rule),
            "",
            f"| {' | '.join(fact.name for fact in known)} |",
            "|" + "---|" * len(known),
            f"| {' | '.join(fact.value for fact in known)} |",
            "",
            _FENCE.sub(lambda match: f"{_CAPTIONS[match[1]]}\n\n```python", body),
            "",
            f"One place is silenced by a comment: `# review: ignore[{rule.name}] reason`.",
            f"For a whole file it is: `# review: ignore-file[{rule.name}] reason`.",
            "",
        ]
    )
