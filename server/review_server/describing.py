"""Options as people read them: each with its value and what set it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from review_server.configuration import Configuration


def described(found: Configuration) -> dict[str, dict[str, Any]]:
    """Return each option's value and origin: a file, a place in the editor, or the default."""
    values = msgspec.to_builtins(found.options)
    return {key: {"value": value, "origin": found.origin(key)} for key, value in values.items()}
