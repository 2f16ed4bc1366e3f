"""Says which calls a reader reckons with an exception from.

Nearly any call may raise. Trivial ones, logging, and those that give something back do not count.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from review_checks.facts.schema import Const
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step, parent_of

if TYPE_CHECKING:
    from review_checks.facts.schema import Call, Value
    from review_checks.models.schema import Lexicon

# Methods of strings and the builtin containers.
_HARMLESS_METHODS = frozenset(
    {
        "capitalize", "copy", "count", "encode", "endswith", "find", "format", "get", "index", "isdigit",
        "items", "join", "keys", "ljust", "lower", "lstrip", "partition", "replace", "rfind", "rjust",
        "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper",
        "values", "zfill",
    }
)  # fmt: skip
_STANDARD = (0, 1, 2)
_BUILTINS = frozenset(dir(builtins))


@query
def hazards(db: Database, function: FunctionId) -> frozenset[int]:
    """Return the calls of a function that may raise."""
    lexicon = models(db).lexicon
    targets = callees(db, function[0])[function[1]]
    calls = unit_facts(db, function[0]).functions[function[1]].calls
    return frozenset(
        [index for index, call in enumerate(calls) if _may_raise(db, call, targets[index], lexicon)]
    )


def _may_raise(db: Database, call: Call, target: str | None, lexicon: Lexicon) -> bool:
    last, owner = last_step(call.callee), parent_of(call.callee)
    if last in lexicon.release:
        # That something else cannot be given back is another matter.
        return False
    if target is not None:
        known = models(db).knowledge(target)
        if known.harmless or known.log is not None or known.redacts:
            return False
        if known.raises:
            # To make an exception, such as a time limit's, is not to raise it.
            return target not in known.raises
        if known.harmless_onto is not None:
            return not _is_standard(call.args[known.harmless_onto : known.harmless_onto + 1])
        if target in _BUILTINS:
            return False
    if not owner:
        return True
    if last in _HARMLESS_METHODS or last in lexicon.mutators:
        return False
    return not _is_log_method(call, lexicon)


def _is_standard(given: tuple[Value, ...]) -> bool:
    """Say whether an argument is the descriptor of a standard stream."""
    return bool(given) and isinstance(given[0], Const) and given[0].value in _STANDARD


def is_logged(db: Database, call: Call, target: str | None) -> bool:
    """Say whether a call writes its arguments to a log, which somebody may read or may not."""
    known = models(db).knowledge(target).log if target is not None else None
    if known is not None:
        return known.level != "output"
    return _is_log_method(call, models(db).lexicon)


def _is_log_method(call: Call, lexicon: Lexicon) -> bool:
    receiver = last_step(parent_of(call.callee))
    return receiver in lexicon.log_receivers and last_step(call.callee) in lexicon.log_methods


def fails_itself(db: Database, function: FunctionId, index: int) -> bool:
    """Say whether a method of a thing may raise, as the owner of the thing sees it.

    Its options are taken to be valid, but what begins to give it back (``shutdown``) may fail.
    """
    target = callees(db, function[0])[function[1]][index]
    call = unit_facts(db, function[0]).functions[function[1]].calls[index]
    if target is not None:
        if last_step(call.callee).startswith("set"):
            return False
        known = models(db).knowledge(target)
        if known.raises and not known.harmless:
            return True
    return index in hazards(db, function)
