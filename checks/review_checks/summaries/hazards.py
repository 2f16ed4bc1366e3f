"""Says which calls a reader reckons with an exception from.

Nearly any call may raise. Trivial ones, logging, and those that give something back do not count.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from review_checks.summaries.inputs import models
from review_checks.summaries.paths import last_step, parent_of

if TYPE_CHECKING:
    from review_checks.facts.schema import Call
    from review_checks.summaries.incremental import Database

_HARMLESS_METHODS = frozenset(
    {
        "capitalize", "copy", "count", "encode", "endswith", "find", "format", "get", "index", "isdigit",
        "items", "join", "keys", "ljust", "lower", "lstrip", "partition", "replace", "rfind", "rjust",
        "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper",
        "values", "zfill",
    }
)  # fmt: skip
_BUILTINS = frozenset(dir(builtins))


def may_raise(db: Database, call: Call, target: str | None, *, mine: bool = False) -> bool:
    """Say whether a reader should reckon with an exception from a call.

    Args:
        db: the database.
        call: the call.
        target: its canonical name, or None.
        mine: whether it is a method of the very thing that would be lost. Options of a thing that
            was just made are taken to be valid, but its own failures count.
    """
    last = last_step(call.callee)
    lexicon = models(db).lexicon
    gives_back = last in lexicon.release
    if target is not None:
        known = models(db).knowledge(target)
        if known.harmless or known.log is not None or known.redacts:
            return False
        if mine and last.startswith("set"):
            return False
        if known.raises and (mine or not gives_back):
            return True
        if target in _BUILTINS:
            return False
    if gives_back:
        # That something else cannot be given back is another matter.
        return False
    owner = parent_of(call.callee)
    if not owner:
        return True
    if last in _HARMLESS_METHODS or last in lexicon.mutators:
        return False
    return not (last_step(owner) in lexicon.log_receivers and last in lexicon.log_methods)
