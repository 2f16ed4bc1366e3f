"""Comments that silence findings, as text: ``# review: ignore[rule, rule] reason``.

A silencer may share its line with code and with comments for other tools. It ends before the next
``#``, or where the line does.
"""

from __future__ import annotations

import re

import msgspec

from review_checks.model import Span
from review_checks.text.lines import content_length

_SILENCER = re.compile(
    r"#\s*review\s*:\s*(?P<kind>ignore-file|ignore)\b"
    # An open bracket is one that is still being typed, and not a comment about all rules.
    r"(?:\s*\[(?P<names>[^\]\r\n]*)\]|(?!\s*\[))",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^,\s](?:[^,]*[^,\s])?")


class Named(msgspec.Struct, frozen=True):
    """A name in a silencer, in lower case, and its columns."""

    name: str
    start: int
    end: int


class Silencer(msgspec.Struct, frozen=True):
    """A comment that silences findings.

    Attributes:
        line: its line.
        start: the column of its ``#``.
        end: the column where it ends, its reason included.
        whole: whether it speaks for the whole file.
        names: the rules and concerns that it speaks of; None when it speaks of all.
        inside: the columns between its brackets.
    """

    line: int
    start: int
    end: int
    whole: bool
    names: tuple[Named, ...] | None
    inside: tuple[int, int]

    @property
    def span(self) -> Span:
        """Where the comment stands."""
        return Span(self.line, self.start, self.line, self.end)

    def span_of(self, index: int) -> Span:
        """Return where one of the names stands; the whole comment for a negative index."""
        if index < 0 or self.names is None:
            return self.span
        named = self.names[index]
        return Span(self.line, named.start, self.line, named.end)


def read_silencer(line: int, text: str, start: int = 0) -> Silencer | None:
    """Return the first silencer of a line at or behind a column, or None.

    Args:
        line: the number of the line.
        text: the line; what stands at ``start`` must be outside of strings.
        start: the column.
    """
    match = _SILENCER.search(text, start)
    if match is None:
        return None
    names: tuple[Named, ...] | None = None
    inside = (match.end("kind"), match.end("kind"))
    if match["names"] is not None:
        first, last = inside = match.span("names")
        names = tuple(
            [
                Named(found[0].lower(), found.start(), found.end())
                for found in _NAME.finditer(text, first, last)
            ]
        )
    end = text.find("#", match.end())
    end = content_length(text) if end < 0 else end
    end = len(text[:end].rstrip())
    whole = match["kind"].lower() == "ignore-file"
    return Silencer(line, match.start(), max(end, match.end()), whole, names, inside)


def added(silencer: Silencer, name: str) -> tuple[Span, str]:
    """Return the replacement that has a silencer speak of one more name."""
    names = [*(named.name for named in silencer.names or ()), name]
    start, end = silencer.inside
    text = ", ".join(names)
    if silencer.names is None:
        text = f"[{text}]"
    return Span(silencer.line, start, silencer.line, end), text


def removed(silencer: Silencer, text: str, gone: frozenset[int]) -> tuple[Span, str]:
    """Return the replacement that takes names out of a silencer, or all of it with its last name.

    Args:
        silencer: the comment.
        text: its line.
        gone: the indexes of the names.
    """
    line = silencer.line
    kept = [named.name for index, named in enumerate(silencer.names or ()) if index not in gone]
    if kept:
        return Span(line, silencer.inside[0], line, silencer.inside[1]), ", ".join(kept)
    before, after = text[: silencer.start], text[silencer.end : content_length(text)]
    if after.strip():
        # A comment for somebody else takes its place.
        blanks = len(after) - len(after.lstrip())
        return Span(line, silencer.start, line, silencer.end + blanks), ""
    if before.strip() or content_length(text) == len(text):
        return Span(line, len(before.rstrip()), line, content_length(text)), ""
    return Span(line, 0, line + 1, 0), ""
