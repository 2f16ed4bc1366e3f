"""By what name a check tells of a setting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from review_checks.facts.schema import Binary

if TYPE_CHECKING:
    from review_checks.rule import Context
    from review_checks.summaries.configuring.flows import Origin

_LITERAL = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_NUMBER = re.compile(r"-?[\d.]*")


def setting_name(origin: Origin) -> str:
    """Return how users know a setting: by its option, or the key of raw text; '' when it has none."""
    if origin.option is not None:
        return origin.text
    literals = [first or second for first, second in _LITERAL.findall(origin.text)]
    if len(literals) > 1 and _NUMBER.fullmatch(literals[-1]):
        # The default of a look-up.
        literals.pop()
    return literals[-1] if literals else ""


def is_computed(origin: Origin, context: Context) -> bool:
    """Say whether a variable on the way of a setting holds more than a copy of it."""
    return any(
        kind == "w" and isinstance(context.facts(function).writes[index].value, Binary)
        for function, kind, index in origin.steps
    )
