"""How text for people is written: in colours on a terminal, unless the user wants none."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console


class _Terminal(Console):
    """A console that leaves closed pipes to its user."""

    def on_broken_pipe(self) -> None:
        """Go on with the error at hand, where rich would end the process."""
        raise  # noqa: PLE0704 -- it is called while the error is handled


def terminal(stream: TextIO) -> Console:
    """Return what writes to a stream; it changes no text, and breaks no line but its own.

    Colours are used on a terminal only, and never when ``NO_COLOR`` is set.
    """
    return _Terminal(
        file=stream,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        soft_wrap=True,
        emoji=False,
    )
