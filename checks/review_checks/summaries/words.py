"""Takes identifiers apart into words."""

from __future__ import annotations

import functools
import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@functools.lru_cache(maxsize=50_000)
def words_of(identifier: str) -> tuple[str, ...]:
    """Return the lower-case words of an identifier: ``adminPass_v2`` gives admin, pass, v, 2."""
    return tuple([word.lower() for word in _WORD.findall(identifier)])


def starts_with_verb(identifier: str, verbs: frozenset[str]) -> bool:
    """Say whether an identifier is one of some verbs, or begins with one and a ``_``."""
    name = identifier.lstrip("_")
    if name in verbs:
        return True
    head = name
    while "_" in head:
        head = head.rpartition("_")[0]
        if head in verbs:
            return True
    return False
