"""Finds the comments of a unit that facts speak of."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from review_checks.facts.schema import Comment

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(
    # Every match takes all up to the next comment, or to the end, so that no character is tried twice.
    r"""
    (?: [^'"\#]++
      | \"\"\"(?:[^"\\]++|\\.|"(?!""))*+(?:\"\"\"|\Z)
      | '''(?:[^'\\]++|\\.|'(?!''))*+(?:'''|\Z)
      | "(?:[^"\\\n]++|\\.)*+"?+
      | '(?:[^'\\\n]++|\\.)*+'?+
    )*+
    (?: (?P<comment>\#[^\r\n]*+) | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
_SPEAKS_TO_US = re.compile(r"#\s*(?:review\s*:|guarded by\s*:)", re.IGNORECASE)
# Who writes of it has thought about it.
_SPEAKS_OF_SHARING = re.compile(
    r"#.*\b(?:atomic(?:ally)?|thread.?safe\w*|GIL|(?:un)?lock(?:s|ed|ing|less|-free)?|mutex|semaphore"
    r"|rac(?:e|es|y)|concurren\w+|single.thread\w*)\b",
    re.IGNORECASE,
)
# A line from its first `#` on, which may stand in a string; that is seldom worth to be found out.
_CANDIDATE = re.compile(r"#[^\r\n]*")
# What all that is of interest contains.
_HINT = re.compile(r"review|guarded|atomic|thread|gil|lock|mutex|semaphore|rac[esy]|concurren")
_SPEAKS_TO_A_TOOL = re.compile(
    r"#[#\s]*(?:noqa|type:|pragma|pylint|pyright|mypy|nosec|fmt:|isort:|flake8:)", re.IGNORECASE
)
# That a handler is silent on purpose is said as plainly by naming the check that objects to it.
_ADMITS_SILENCE = re.compile(r"#[#\s]*(?:noqa|nosec)\b.*\b(?:S11[02]|B11[02])\b", re.IGNORECASE)
# What follows the tool's own words is meant for people.
_REASON = re.compile(r"(?:\s[-\u2013\u2014]+|\s#+|\(|;)\s*\w+\W+\w+")
_SPEAKS_OF_FAILURE = re.compile(
    r"\b(?:best.?effort|ignor\w+|swallow\w*|suppress\w*|silen\w+|eat\b|fail\w*|errors?\b|exceptions?\b"
    r"|rais\w+|raise\b|throw\w*|blow\w*|don'?t care|okay|harmless|optional\w*|may ?be|might|in case"
    r"|if (?:possible|any|available|present)|exists?\b|missing|already|no longer|not found|fall.?back"
    r"|gone|vanish\w*|race|graceful\w*|(?:never|not|n't) crash)",
    re.IGNORECASE,
)
_SPEAKS_OF_PASSING_OVER = re.compile(
    r"\b(?:best.?effort|fall(?:s|ing)?.?back|ignor(?:e|es|ing)|skip(?:s|ping)?|swallow\w*|suppress\w*"
    r"|silently|unsupported|not supported|unavailable|not available)\b",
    re.IGNORECASE,
)


class Remark(NamedTuple):
    """A comment for human readers; ``alone`` when no code stands before it on its line."""

    column: int
    alone: bool
    text: str

    @property
    def of_failure(self) -> bool:
        """Whether it speaks of something that fails, or may be missing."""
        return bool(_SPEAKS_OF_FAILURE.search(self.text))

    @property
    def of_passing_over(self) -> bool:
        """Whether it speaks of something that is left out, or done without."""
        return bool(_SPEAKS_OF_PASSING_OVER.search(self.text))


@functools.lru_cache(maxsize=1)
def _comments(text: str) -> tuple[tuple[int, str], ...]:
    """Return where the comments of a text begin, and what they say."""
    return tuple(
        [
            (match.start("comment"), match["comment"])
            for match in _TOKEN.finditer(text)
            if match.lastgroup
        ]
    )


def remarks(text: str, before: int) -> dict[int, Remark]:
    """Return the comments for human readers by their lines, which are relative to the unit."""
    found: dict[int, Remark] = {}
    for at, comment in _comments(text):
        if not _is_for_people(comment):
            continue
        start = text.rfind("\n", 0, at) + 1
        alone = not text[start:at].strip()
        line = text.count("\n", 0, start) - before
        found[line] = Remark(at - start, alone, comment)
    return found


@functools.lru_cache(maxsize=4096)
def _is_for_people(comment: str) -> bool:
    ours = _SPEAKS_TO_US.search(comment)
    if ours is not None:
        comment = comment[: ours.start()]
        if not comment:
            return False
    if not _SPEAKS_TO_A_TOOL.match(comment) or _ADMITS_SILENCE.match(comment):
        return True
    return _REASON.search(comment) is not None


def explains_handler(
    found: Mapping[int, Remark], attempt: tuple[int, int], handler: tuple[int, int], column: int
) -> bool:
    """Say whether a comment explains why a handler does what it does.

    Any comment inside the handler does, or right above its ``except``, or below its last statement
    at the depth of its body. One above the ``try`` or at the start of its block does when it speaks
    of failure, and one right below, at the depth of the ``try``, when it says what is passed over.

    Args:
        found: the comments of the unit.
        attempt: the lines of ``try`` and of the first statement in its block.
        handler: the first and last line of the handler.
        column: the column of ``except``.
    """
    first, last = handler
    if any(line in found for line in range(first, last + 1)):
        return True
    above = found.get(first - 1)
    if above is not None and above.alone and above.column <= column:
        return True
    below = found.get(last + 1)
    if below is not None and below.alone and (below.column > column or below.of_passing_over):
        return True
    top = attempt[0]
    while top - 1 in found and found[top - 1].alone:
        top -= 1
    return any(found[line].of_failure for line in range(top, attempt[1] + 1) if line in found)


def directives(text: str, before: int) -> tuple[Comment, ...]:
    """Return the comments that speak to this tool, or of how data are shared, in order."""
    if not any(map(_speaks, _CANDIDATE.findall(text))):
        return ()
    found = []
    for at, comment in _comments(text):
        # It may stand behind a comment for another tool.
        ours = _SPEAKS_TO_US.search(comment) or _SPEAKS_OF_SHARING.match(comment)
        if ours is not None:
            start = text.rfind("\n", 0, at) + 1
            line = text.count("\n", 0, start) - before
            found.append(Comment(comment[ours.start() :], line, at + ours.start() - start))
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _speaks(candidate: str) -> bool:
    """Say whether what follows a ``#`` would be of interest if it is a comment."""
    if _HINT.search(candidate.lower()) is None:
        return False
    return bool(_SPEAKS_TO_US.search(candidate) or _SPEAKS_OF_SHARING.search(candidate))
