"""Where the keys and values of a TOML file stand.

``tomllib`` says what a file means and not where. This reads a text that ``tomllib`` has accepted, so
that it need not know what is wrong.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from typing import TYPE_CHECKING

from review_checks.model import Span
from review_checks.text.lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]
"""Keys from the top to a value; elements of arrays are known by their indexes, as text."""

_TOKEN = re.compile(
    r"""
      (?P<string>\"\"\"(?:[^\\]|\\.)*?\"{3,5} | '''.*?'{3,5}
        | \"(?:[^\"\\\n]|\\.)*\" | '[^'\n]*')
    | (?P<skipped>[ \t]+ | \#[^\n]*)
    | (?P<newline>\r?\n)
    | (?P<mark>[\[\]{}=,.])
    | (?P<word>[^\s\[\]{}=,.\#\"']+)
    """,
    re.VERBOSE | re.DOTALL,
)
_POSITION = re.compile(r"\(at line (\d+), column (\d+)\)")


def places(text: str) -> dict[Path, Span]:
    """Return where each key stands, and each element of an array that is no table."""
    reader = _Reader(text)
    reader.read()
    return reader.found


def place_of(known: dict[Path, Span], path: Path) -> Span | None:
    """Return the place of a path, or of the nearest one above it that has one."""
    while path:
        if path in known:
            return known[path]
        path = path[:-1]
    return None


def place_of_error(error: tomllib.TOMLDecodeError, text: str) -> Span:
    """Return where ``tomllib`` gave up: the rest of that line, or all of it when none is left."""
    lines = split_lines(text)
    match = _POSITION.search(str(error))
    line, column = (
        (int(match[1]) - 1, int(match[2]) - 1) if match is not None else (len(lines) - 1, 0)
    )
    line = min(line, len(lines) - 1)
    content = lines[line].rstrip()
    if column >= len(content):
        column = len(content) - len(content.lstrip())
    return Span(line, column, line, len(content))


class _Reader:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, Span] = {}
        self._lines = [0, *[match.end() for match in re.finditer("\n", text)]]
        self._tokens: Iterator[re.Match[str]] = (
            token for token in _TOKEN.finditer(text) if token.lastgroup != "skipped"
        )
        self._next: re.Match[str] | None = None
        self._advance()

    def read(self) -> None:
        """Read the document: tables, and the keys in them."""
        table: Path = ()
        while self._next is not None:
            if self._next.lastgroup == "newline":
                self._advance()
            elif self._at("["):
                while self._at("["):
                    self._advance()
                table = self._key(())
                while self._at("]"):
                    self._advance()
            else:
                self._pair(table)

    def _pair(self, above: Path) -> None:
        path = self._key(above)
        if self._at("="):
            self._advance()
            self._value(path)
        else:
            self._advance()

    def _key(self, above: Path) -> Path:
        """Read a key, maybe a dotted one, and note where it stands."""
        path = above
        while self._next is not None and self._next.lastgroup in {"word", "string"}:
            token = self._next
            path = (*path, _plain(token))
            self.found.setdefault(path, self._span(token))
            self._advance()
            if not self._at("."):
                break
            self._advance()
        return path

    def _value(self, path: Path) -> None:
        if self._at("["):
            self._advance()
            self._elements(path)
        elif self._at("{"):
            self._advance()
            while self._next is not None and not self._at("}"):
                if self._at(",") or self._next.lastgroup == "newline":
                    self._advance()
                else:
                    self._pair(path)
            self._advance()
        else:
            # A number may contain dots, and a date blanks.
            while self._next is not None and (
                self._next.lastgroup in {"word", "string"} or self._at(".")
            ):
                self._advance()

    def _elements(self, path: Path) -> None:
        index = 0
        while self._next is not None and not self._at("]"):
            if self._at(","):
                index += 1
                self._advance()
            elif self._next.lastgroup == "newline":
                self._advance()
            else:
                element = (*path, str(index))
                if self._next.lastgroup in {"word", "string"}:
                    self.found[element] = self._span(self._next)
                before = self._next
                self._value(element)
                if self._next is before:
                    self._advance()
        self._advance()

    def _at(self, mark: str) -> bool:
        return self._next is not None and self._next[0] == mark and self._next.lastgroup == "mark"

    def _advance(self) -> None:
        self._next = next(self._tokens, None)

    def _span(self, token: re.Match[str]) -> Span:
        return Span(*self._position(token.start()), *self._position(token.end()))

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._lines, offset) - 1
        return line, offset - self._lines[line]


def _plain(token: re.Match[str]) -> str:
    """Return the key that a token spells."""
    if token.lastgroup == "word":
        return token[0]
    value = tomllib.loads(f"key = {token[0]}")["key"]
    return str(value)
