"""What is to be said of the state of the index."""

from __future__ import annotations

import enum

import msgspec


class State(enum.StrEnum):
    """Whether the index is complete, being made, or as good as it gets."""

    IDLE = "idle"
    INDEXING = "indexing"
    DEGRADED = "degraded"


class IndexStatus(msgspec.Struct, frozen=True):
    """How far the index is.

    Attributes:
        state: what is going on.
        done: how many files are indexed.
        total: how many files there are, as far as that is known.
        reason: why the index is not complete, for people; '' unless it is degraded.
    """

    state: State = State.IDLE
    done: int = 0
    total: int = 0
    reason: str = ""
