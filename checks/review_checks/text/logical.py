"""Where a logical line of Python ends: strings, brackets, continuations, and broken code.

Nothing is tokenised that need not be. One regular expression accepts a line that is whole in
itself, which most lines are; only lines that leave a bracket, a string or a continuation open
are looked at piece by piece. Possessive quantifiers keep every match linear. String prefixes do
not matter here, and an f-string is read like any string, so that a replacement field of Python
3.12 that contains its own quote is two strings side by side, which ends in the same place.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Flaw(enum.IntEnum):
    """What is wrong with a logical line; all but ``NONE`` prove that the file does not parse."""

    NONE = 0
    SLIP = 1
    """A string without its quote, a stray closing bracket or backslash; the end is certain."""
    TORN = 2
    """A bracket, string or continuation that was given up to go on with what follows."""


TRIPLE = ('"""', "'''")
CONTINUED = "\\"
_NESTING = 4
_LOOKAHEAD = 64

_PLAIN = r"[^'\"#()\[\]{}\\\f\r\n]"
_STRING = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*+'''"
    r'|"(?!"")[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+"'
    r"|'(?!'')[^'\\\r\n]*+(?:\\[^\r\n][^'\\\r\n]*+)*+'"
)
_LINE_END = r"(?:\r\n|\r|\n)"


def _balanced(depth: int) -> str:
    """Return a pattern for code whose brackets are closed and nest ``depth`` deep at most."""
    inside = rf"|[(\[{{]{_balanced(depth - 1)}[)\]}}]" if depth else ""
    return f"(?:{_PLAIN}++|{_STRING}{inside})*+"


_WHOLE = rf"{_balanced(_NESTING)}(?:#[^\r\n]*+)?+[\r\n]*+\Z"
_MEMBER = r"(?:async[ \t\f]++def|def|class)\b"

_head = re.compile(
    r"([ \t\f\ufeff]*+)"
    # The tokenizer skips a backslash that is alone on its line at column 0.
    rf"(?:(?P<trivia>#|[\r\n]|\Z|(?<![ \t\f\ufeff])\\{_LINE_END}\Z)"
    r"|(?P<decorator>@)|(?P<def>(?:async[ \t\f]++)?+def\b)"
    r"|(?P<class>class\b)|(?P<clause>(?:else|elif|except|finally)\b))?",
)
# It matches any line, maybe the empty part before it.
head = cast("Callable[[str], re.Match[str]]", _head.match)
"""Match the indentation of a line, group 1, and what it starts with, ``lastgroup``."""

is_whole = re.compile(_WHOLE, re.DOTALL).match
"""Match a line that is a logical line by itself, or leaves a bracket as deep as it was."""

_is_inner = re.compile(rf"[ \t\f]*+(?!@|{_MEMBER}){_WHOLE}", re.DOTALL).match
_starts_member = re.compile(rf"([ \t\f\ufeff]*+)(?:@|{_MEMBER})").match
_is_lead = re.compile(rf"[ \t\f\ufeff]*+(?:async[ \t\f]*+)?+\\{_LINE_END}\Z").match
_code = re.compile(rf"(?:[^'\"#]++|{_STRING})*+", re.DOTALL).match
_name = re.compile(r"[ \t\f]*+([^\s()\[\]{}:;,.\\#'\"=@]*+)").match

_tokens = re.compile(
    # Every match begins with the plain text before a token, so that no character is tried twice.
    rf"[^'\"#()\[\]{{}}\\]*+(?:{_STRING}|#.*+|\Z"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<triple>\"\"\"|''')"
    rf"|(?P<ongoing>(?P<quote>[\"'])(?:(?!(?P=quote))[^\\\r\n]|\\[^\r\n])*+\\{_LINE_END}\Z)"
    r"|(?P<unclosed>[\"'].*+)"
    rf"|(?P<continued>\\{_LINE_END}\Z)|(?P<stray>\\))",
    re.DOTALL,
).finditer

_string_end = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL).match,
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL).match,
    '"': re.compile(r'(?:[^"\\\r\n]|\\[^\r\n])*+"').match,
    "'": re.compile(r"(?:[^'\\\r\n]|\\[^\r\n])*+'").match,
}
_string_goes_on = {
    '"': re.compile(rf'(?:[^"\\\r\n]|\\[^\r\n])*+\\{_LINE_END}\Z').match,
    "'": re.compile(rf"(?:[^'\\\r\n]|\\[^\r\n])*+\\{_LINE_END}\Z").match,
}


def column_of(indentation: str) -> int:
    """Return the column that Python's tokenizer gives to code after ``indentation``."""
    if "\t" not in indentation and indentation.isascii() and "\f" not in indentation:
        return len(indentation)
    column = 0
    for character in indentation:
        if character == "\t":
            column = (column // 8 + 1) * 8
        elif character == "\f":
            column = 0
        elif character == " ":
            column += 1
    return column


def name_after(keyword: re.Match[str]) -> str:
    """Return the name that follows ``def`` or ``class``; empty when there is none on the line."""
    match = _name(keyword.string, keyword.end())
    # Python compares identifiers in this form.
    return unicodedata.normalize("NFKC", match[1]) if match else ""


def code_of(line: str) -> str:
    """Return ``line`` up to its comment, without the spaces and the backslash at its end."""
    match = _code(line)
    return match[0].rstrip(" \t\f\r\n\\") if match else ""


def read_logical_line(lines: Sequence[str], at: int, end: int, limit: int) -> tuple[int, Flaw]:
    """Find the end of the logical line that starts at line ``at``.

    An open bracket is given up before a line that starts a definition, which no bracket can
    contain, if that line is indented by ``limit`` columns at most. A triple-quoted string is
    given up only when it reaches ``end``, and then before the first such line.

    Args:
        lines: the lines of the document.
        at: a line outside brackets and strings.
        end: the line, or the end of ``lines``, at which reading stops.
        limit: the column of the member this line belongs to.

    Returns:
        The line after the logical line, and what is wrong with it.
    """
    depth, state, flaw = _read_line(lines[at], 0, "")
    opened = at
    at += 1
    while depth or state:
        if at >= end:
            return _give_up(lines, opened, end, limit, state), Flaw.TORN
        line = lines[at]
        if state in TRIPLE:
            if state not in line:
                at += 1
                continue
        elif depth and not state and _is_inner(line):
            at += 1
            continue
        elif state not in _string_end and _interrupts(lines, at, end, limit, depth):
            return at, Flaw.TORN
        depth, state, slip = _read_line(line, depth, state)
        if slip:
            flaw = slip
        if state in TRIPLE:
            opened = at
        at += 1
    return at, flaw


def _read_line(line: str, depth: int, state: str) -> tuple[int, str, Flaw]:
    """Read one line piece by piece.

    Args:
        line: the line.
        depth: how many brackets are open before it.
        state: the quote of the string that is open before it, ``CONTINUED`` after a backslash at
            the end of a line, or nothing.

    Returns:
        ``depth`` and ``state`` after the line, and what is wrong in it.
    """
    start = 0
    if state in _string_end:
        match = _string_end[state](line)
        if match is None:
            if state in TRIPLE or _string_goes_on[state](line):
                return depth, state, Flaw.NONE
            return depth, "", Flaw.SLIP
        start = match.end()
    flaw = Flaw.NONE
    state = ""
    for token in _tokens(line, start):
        kind = token.lastgroup
        if kind is None:
            continue
        if kind == "open":
            depth += 1
        elif kind == "close":
            if depth:
                depth -= 1
            else:
                flaw = Flaw.SLIP
        elif kind == "triple":
            return depth, token["triple"], flaw
        elif kind == "ongoing":
            return depth, token["quote"], flaw
        elif kind == "continued":
            state = CONTINUED
        else:
            flaw = Flaw.SLIP
    return depth, state, flaw


def _interrupts(lines: Sequence[str], at: int, end: int, limit: int, depth: int) -> bool:
    """Say whether line ``at``, in a bracket or continued, starts a definition instead."""
    match = _starts_member(lines[at])
    if match is None:
        return False
    column = column_of(match[1])
    if column > limit:
        return False
    if match[0].endswith("@"):
        # Brackets may contain the operator `@`, so what follows decides.
        return depth > 0 and _decorates(lines, at, end, column)
    # `async \` and a line of nothing but `\` are the only starts that a definition continues.
    return depth > 0 or not _is_lead(lines[at - 1])


def _decorates(lines: Sequence[str], at: int, end: int, column: int) -> bool:
    """Say whether decorators from line ``at`` on lead to a definition at the same column."""
    end = min(end, at + _LOOKAHEAD)
    while at < end:
        match = head(lines[at])
        if match.lastgroup == "trivia":
            at += 1
            continue
        if column_of(match[1]) != column:
            return False
        if match.lastgroup != "decorator":
            return match.lastgroup in {"def", "class"}
        at, flaw = read_logical_line(lines, at, end, -1)
        if flaw:
            return False
    return False


def _give_up(lines: Sequence[str], opened: int, end: int, limit: int, state: str) -> int:
    """Return the line to go on with when a logical line does not end before ``end``."""
    if state in TRIPLE:
        for at in range(opened + 1, end):
            match = _starts_member(lines[at])
            if match is not None and column_of(match[1]) <= limit:
                return at
    return end
