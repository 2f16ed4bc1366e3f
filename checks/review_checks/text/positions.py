"""Columns of one line, in code points and in the units of UTF-8, UTF-16 and UTF-32.

The analysis counts code points; editors count the units of the encoding they agreed on, and
Python's ``ast`` counts bytes of UTF-8. A line of ASCII needs no conversion. Columns are clamped
to the line without its end, and an offset inside a character means the start of it. Lone
surrogates, which JSON can carry, count as one unit of UTF-16 and three of UTF-8.
"""

from __future__ import annotations

import enum
import re

from review_checks.text.lines import content_length


class Encoding(enum.StrEnum):
    """What an editor counts in a line; the values are those of ``PositionEncodingKind``."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """Return how many units of ``encoding`` precede ``column`` (code points) in ``line``."""
    column = max(0, min(column, content_length(line)))
    if encoding is Encoding.UTF32 or line.isascii():
        return column
    if encoding is Encoding.UTF16:
        return column + len(_ASTRAL.findall(line, 0, column))
    return len(line[:column].encode("utf-8", "surrogatepass"))


def from_units(line: str, offset: int, encoding: Encoding) -> int:
    """Return the column (code points) that lies ``offset`` units of ``encoding`` into ``line``."""
    length = content_length(line)
    if encoding is Encoding.UTF32 or line.isascii():
        return max(0, min(offset, length))
    if offset <= 0:
        return 0
    column = _from_utf16(line, offset) if encoding is Encoding.UTF16 else _from_utf8(line, offset)
    return min(column, length)


def utf8_column_to_code_points(line: str, byte_column: int) -> int:
    """Return the column (code points) of an offset in UTF-8 bytes, such as ``ast`` gives."""
    return from_units(line, byte_column, Encoding.UTF8)


def _from_utf16(line: str, offset: int) -> int:
    pairs = 0
    for match in _ASTRAL.finditer(line):
        unit = match.start() + pairs
        if offset <= unit:
            break
        if offset == unit + 1:
            return match.start()
        pairs += 1
    return offset - pairs


def _from_utf8(line: str, offset: int) -> int:
    data = line.encode("utf-8", "surrogatepass")
    started = len(data[:offset].translate(None, _CONTINUATION_BYTES))
    inside = offset < len(data) and data[offset] in _CONTINUATION_BYTES
    return started - inside
