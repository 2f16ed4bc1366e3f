"""What the analysis may ask about code outside the project, and whom it asks.

A question is an expression over what is installed: the dotted name of something in a library, after
which ``()`` may stand. The answer is the canonical name of what it refers to, re-exports followed;
for something that is called, or is a variable or an attribute of an object, that of the class of
what comes out.

    ``vendor.sync.exclusive``        → ``oslo_concurrency.lockutils.synchronized``
    ``vendor.sync.make_lock()``      → ``threading.Lock``
    ``vendor.base.Worker()._guard``  → ``threading.RLock``

Questions say nothing of positions and nothing of the project, so that no edit makes an answer
wrong. What a name of the project refers to is known without asking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Resolver(Protocol):
    """Somebody who knows the installed libraries."""

    def meaning(self, expression: str) -> str | None:
        """Return the answer to a question, '' when there is none.

        None says that the answer is not known yet; the question is noted, and who listens is told
        the answer later.
        """

    def listen(self, tell: Callable[[Mapping[str, str]], None]) -> None:
        """Have answers that come later given to ``tell``."""


class NoResolver:
    """Knows nothing."""

    def meaning(self, expression: str) -> str | None:  # noqa: ARG002 -- the protocol's
        """Give no answer, now or later."""
        return ""

    def listen(self, tell: Callable[[Mapping[str, str]], None]) -> None:
        """Do nothing, as no answer comes later."""
