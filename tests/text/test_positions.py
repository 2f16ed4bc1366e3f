"""Columns survive the way to an editor and back."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review_checks.text.positions import (
    Encoding,
    from_units,
    to_units,
    utf8_column_to_code_points,
)

CODECS = {Encoding.UTF8: "utf-8", Encoding.UTF16: "utf-16-le", Encoding.UTF32: "utf-32-le"}
WIDTHS = {Encoding.UTF8: 1, Encoding.UTF16: 2, Encoding.UTF32: 4}
encodings = st.sampled_from(list(Encoding))
contents = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
lines = st.builds(str.__add__, contents, st.sampled_from(["", "\n", "\r\n", "\r"]))


def units(text: str, encoding: Encoding) -> int:
    return len(text.encode(CODECS[encoding])) // WIDTHS[encoding]


@settings(deadline=None)
@given(lines, encodings)
def test_every_column_returns(line, encoding):
    content = line.rstrip("\r\n")
    for column in range(len(content) + 1):
        offset = to_units(line, column, encoding)
        assert offset == units(content[:column], encoding)
        assert from_units(line, offset, encoding) == column


@settings(deadline=None)
@given(lines, encodings, st.integers(-5, 100))
def test_an_offset_inside_a_character_means_its_start(line, encoding, offset):
    content = line.rstrip("\r\n")
    starts = [units(content[:column], encoding) for column in range(len(content) + 1)]
    expected = max((column for column, start in enumerate(starts) if start <= offset), default=0)
    assert from_units(line, offset, encoding) == expected


@settings(deadline=None)
@given(lines, encodings, st.integers(-5, 100))
def test_columns_are_clamped(line, encoding, column):
    content = line.rstrip("\r\n")
    clamped = max(0, min(column, len(content)))
    assert to_units(line, column, encoding) == to_units(line, clamped, encoding)


@settings(deadline=None)
@given(st.text(max_size=20), encodings, st.integers(-5, 100))
def test_lone_surrogates_do_no_harm(line, encoding, offset):
    column = from_units(line, offset, encoding)
    assert 0 <= column <= len(line)
    assert to_units(line, column, encoding) <= max(0, offset)


@pytest.mark.parametrize(
    ("line", "offset", "column"),
    [("a\U0001f600b\n", 2, 1), ("a\U0001f600b\n", 3, 2), ("a\U0001f600b\n", 99, 3), ("é", 1, 1)],
)
def test_a_surrogate_pair_is_not_split(line, offset, column):
    assert from_units(line, offset, Encoding.UTF16) == column


def test_the_syntax_trees_columns_are_bytes():
    line = "x = 'é\U0001f600', call()\n"
    call = ast.parse(line).body[0].value.elts[1]
    column = utf8_column_to_code_points(line, call.col_offset)
    assert line[column:].startswith("call()")
