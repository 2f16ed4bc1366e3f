"""Declare which lock guards a field that is used at the cursor: ``# guarded by: self._lock``.

The comment goes behind the first assignment to the field, or above it. Offered are the locks that
are held at other uses of the field, or else those that its class or module takes; nothing is where
a guard is declared already. It is refused where the assignment shares its line with other code.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from review_checks.assist import Offer
from review_checks.mending.guard_declarations import declarable, declare_guard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.assist import Selection
    from review_checks.rule import FixContext

KIND = "refactor.rewrite"

_MOST = 5
"""How many declarations are offered."""


def offers(selection: Selection, context: FixContext) -> Iterator[Offer]:
    """Yield one offer a field and lock."""
    for chosen in declarable(selection.function, selection.span.line, context)[:_MOST]:
        key = f"{chosen.field} {chosen.guard.identity}"
        yield Offer(key, chosen.title, functools.partial(declare_guard, chosen, context))
