"""Finds the comments of a unit that facts speak of."""

from __future__ import annotations

import re

from review_checks.facts.schema import Comment

_TOKEN = re.compile(
    r"""
      (?:\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z))
    | (?:'''(?:[^\\]|\\.)*?(?:'''|\Z))
    | (?:\"(?:[^\"\\\n]|\\.)*\"?)
    | (?:'(?:[^'\\\n]|\\.)*'?)
    | (?P<comment>\#[^\r\n]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPEAKS_TO_US = re.compile(r"#\s*(?:review\s*:|guarded by\s*:)", re.IGNORECASE)
_SPEAKS_TO_A_TOOL = re.compile(r"#\s*(?:noqa|type:|pragma|pylint|pyright|nosec|fmt:)", re.IGNORECASE)


def comment_lines(text: str, before: int) -> frozenset[int]:
    """Return the lines with a comment for human readers, relative to the unit."""
    return frozenset(
        text.count("\n", 0, match.start()) - before
        for match in _TOKEN.finditer(text)
        if match.lastgroup and not _SPEAKS_TO_A_TOOL.match(match.group())
    )


def directives(text: str, before: int) -> tuple[Comment, ...]:
    """Return the comments that speak to this tool, in order."""
    if not _SPEAKS_TO_US.search(text):
        return ()
    found = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup and _SPEAKS_TO_US.match(match.group()):
            start = text.rfind("\n", 0, match.start()) + 1
            line = text.count("\n", 0, start) - before
            found.append(Comment(match.group(), line, match.start() - start))
    return tuple(found)
