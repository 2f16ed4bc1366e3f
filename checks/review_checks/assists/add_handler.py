"""Log what the selected calls may raise where it is raised, and raise it on.

The handler names the exceptions that the calls are known to raise, in the words in which the module
can name them, and stands around the smallest run of statements with those calls; where nothing is
known, around all calls that are selected, for ``Exception``. It is not offered where what they are
known to raise is handled already, and refused where the module has no logger.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from review_checks.assist import Offer
from review_checks.facts.schema import FunctionKind, Result
from review_checks.mending.exceptions import spelled
from review_checks.mending.handling import add_handler
from review_checks.summaries.failing.failures import call_failures, is_caught
from review_checks.summaries.names import callees
from review_checks.summaries.secrecy.sinks import sinks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.assist import Selection
    from review_checks.rule import FixContext

KIND = "refactor.rewrite"


def offers(selection: Selection, context: FixContext) -> Iterator[Offer]:
    """Yield one offer, if a call is selected that may fail."""
    function, body = selection.function, context.facts(selection.function)
    orders = selection.orders(body)
    logged = sinks(context.db, function)
    targets = callees(context.db, function[0])[function[1]]
    if body.kind not in (FunctionKind.FUNCTION, FunctionKind.MODULE):
        return
    # What is raised is made there, which is not what may fail.
    raised = {row.value.call for row in body.raises if isinstance(row.value, Result)}
    known: dict[int, list[str]] = {}
    unknown: list[int] = []
    for index, call in enumerate(body.calls):
        target = targets[index]
        if call.at not in orders or index in logged or index in raised:
            continue
        if target is not None and context.models.knowledge(target).harmless:
            continue
        failures = call_failures(context.db, function, index)
        if not failures:
            unknown.append(index)
        open_ones = [
            one for one in failures if not is_caught(context.db, function, call.statement, one)
        ]
        if open_ones:
            known[index] = open_ones
    calls = list(known) or unknown
    exceptions = list(dict.fromkeys(one for rows in known.values() for one in rows))
    if calls:
        clause = spelled(function, exceptions, context)
        mend = functools.partial(add_handler, function, calls, context, exceptions)
        yield Offer("", f"Log `{clause}` here and raise it on", mend)
