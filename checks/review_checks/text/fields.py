"""Finds the replacement fields of f-strings in text, where the parser's positions cannot be trusted.

Before Python 3.12 the syntax tree has no positions for a field itself, and wrong ones for what is
inside it when the string spans lines or is put together from several literals.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LITERAL = re.compile(r"([A-Za-z]{0,2})(\"\"\"|'''|\"|')")
_BETWEEN = re.compile(r"(?:[ \t\f\r\n\\]|#[^\r\n]*)+")
_OPEN, _CLOSE = "([{", ")]}"


class Field(NamedTuple):
    """A replacement field: offsets of its braces, and of the expression inside."""

    start: int
    end: int
    first: int
    last: int


def replacement_fields(text: str) -> list[Field]:
    """Return the fields of string literals that stand side by side, outer ones only, in order."""
    found: list[Field] = []
    at = 0
    while at < len(text):
        blank = _BETWEEN.match(text, at)
        if blank is not None:
            at = blank.end()
            continue
        literal = _LITERAL.match(text, at)
        if literal is None:
            break
        prefix, quote = literal.group(1).lower(), literal.group(2)
        at = literal.end()
        if "f" in prefix:
            at = _formatted(text, at, quote, "r" in prefix, found)
        else:
            at = _closing_quote(text, at, quote)
    return found


def _closing_quote(text: str, at: int, quote: str) -> int:
    """Return the offset behind the quote that ends a plain literal."""
    while at < len(text) and not text.startswith(quote, at):
        at += 2 if text[at] == "\\" else 1
    return at + len(quote)


def _formatted(text: str, at: int, quote: str, raw: bool, found: list[Field]) -> int:  # noqa: FBT001
    """Collect the fields of one f-string; return the offset behind its closing quote."""
    while at < len(text) and not text.startswith(quote, at):
        if (text[at] == "\\" and not raw) or text[at : at + 2] in ("{{", "}}"):
            at += 2
        elif text[at] == "{":
            last, end = _field(text, at + 1)
            found.append(Field(at, end, at + 1, last))
            at = end
        else:
            at += 1
    return at + len(quote)


def _field(text: str, at: int) -> tuple[int, int]:
    """Return where the expression of a field ends, and where the field does."""
    depth, last = 0, -1
    while at < len(text):
        character = text[at]
        if last < 0 and character in "'\"":
            literal = _LITERAL.match(text, at)
            at = _closing_quote(text, literal.end(), literal.group(2)) if literal else at + 1
            continue
        if character == "}" and depth == 0:
            return (at if last < 0 else last), at + 1
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif depth == 0 and last < 0 and _ends_expression(text, at):
            last = at
        at += 1
    return at, at


def _ends_expression(text: str, at: int) -> bool:
    """Say whether a format, a conversion or the sign for self-documenting fields begins here."""
    character = text[at]
    if character == ":":
        return True
    if character == "!":
        return text[at + 1 : at + 2] != "="
    rest = text[at + 1 :].lstrip()[:1]
    return character == "=" and rest in ("}", "!", ":") and text[at - 1] not in "=!<>"
