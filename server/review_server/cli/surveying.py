"""Surveys whole projects for commands: which file uses which name."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from review_server.cache import OFF_VARIABLE, open_cache
from review_server.indexing.messages import (
    MOST_FILES,
    List,
    Listed,
    Members,
    Surveyed,
    batches,
)
from review_server.indexing.surveyor import Surveyor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_server.selection import Selection

Names = tuple[tuple[str, tuple[str, ...]], ...]
"""The members of a project, and the names that each uses."""

_decode_names = msgspec.msgpack.Decoder(Names).decode


class Overview(msgspec.Struct, frozen=True):
    """What a survey says of a project.

    Attributes:
        names: the encoded ``Names``.
        files: how many members the project has.
        fresh: how many of them were not in the cache.
        gap: why something is missing, or ''.
    """

    names: bytes = b"\x90"
    files: int = 0
    fresh: int = 0
    gap: str = ""

    def rows(self) -> Names:
        """Return the names that each member uses."""
        return _decode_names(self.names)


@contextlib.contextmanager
def cache_unless(unwanted: bool) -> Iterator[None]:  # noqa: FBT001 -- reads as a sentence
    """Do without the cache, in this process and those that it starts, when that is asked for."""
    before = os.environ.get(OFF_VARIABLE)
    if unwanted:
        os.environ[OFF_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is not None:
            os.environ[OFF_VARIABLE] = before
        elif unwanted:
            del os.environ[OFF_VARIABLE]


def survey_here(selection: Selection) -> Names:
    """Survey a project in this process."""
    cache = open_cache()
    surveyor = Surveyor(cache)
    members = Members.of(selection)
    listed = surveyor.answer(List(members, MOST_FILES))
    rows: list[tuple[str, tuple[str, ...]]] = []
    for request in batches(members, listed.paths if isinstance(listed, Listed) else ()):
        answer = surveyor.answer(request)
        if isinstance(answer, Surveyed):
            rows += [(row.path, row.names) for row in answer.rows]
    if cache is not None:
        cache.close()
    return tuple(rows)
