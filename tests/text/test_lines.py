"""Documents are edited like strings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review_checks.model import Span
from review_checks.text.lines import Change, Document, content_length, merge, split_lines

# Few characters, so that line breaks are often next to each other.
texts = st.text(alphabet="ab\n\r\f\x85\u2028\U0001f600", max_size=30)
places = st.tuples(st.integers(-1, 12), st.integers(-1, 12))


def reference_lines(text: str) -> list[str]:
    return [*re.findall(r"[^\r\n]*(?:\r\n|\r|\n)", text), re.split(r"[\r\n]", text)[-1]]


def offset(lines: list[str], line: int, column: int) -> int:
    if line < 0:
        return 0
    if line >= len(lines):
        return len("".join(lines))
    column = max(0, min(column, len(lines[line].rstrip("\r\n"))))
    return len("".join(lines[:line])) + column


@settings(deadline=None)
@given(texts)
def test_only_the_protocols_line_ends_split(text):
    assert split_lines(text) == reference_lines(text)
    assert [content_length(line) for line in split_lines(text)] == [
        len(line.rstrip("\r\n")) for line in split_lines(text)
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("\r\n\r\n", ["\r\n", "\r\n", ""]),
        ("\n\r", ["\n", "\r", ""]),
        ("a\x0cb\x1cc\x85d\u2028e", ["a\x0cb\x1cc\x85d\u2028e"]),
    ],
)
def test_split_lines(text, lines):
    assert split_lines(text) == lines


@settings(deadline=None)
@given(texts, st.lists(st.tuples(places, places, texts), min_size=1, max_size=6))
def test_edits_are_those_of_a_string(text, edits):
    document = Document(text)
    original = list(document.lines)
    changes = []
    for start, end, new in edits:
        before = list(document.lines)
        first, last = sorted((offset(before, *start), offset(before, *end)))
        text = text[:first] + new + text[last:]
        change = document.edit(Span(*start, *end), new)
        assert document.lines == reference_lines(text)
        assert_covers(change, before, document.lines)
        changes.append(change)
    assert document.text == text
    assert_covers(merge(changes), original, document.lines)


@settings(deadline=None)
@given(texts, texts)
def test_replacing_all_keeps_the_ends(old, new):
    document = Document(old)
    before = list(document.lines)
    change = document.replace_all(new)
    assert document.text == new
    assert document.lines == reference_lines(new)
    assert_covers(change, before, document.lines)
    removed = before[change.first : change.first + change.removed]
    added = document.lines[change.first : change.first + change.added]
    if removed and added:
        assert removed[0] != added[0]
        assert removed[-1] != added[-1]


def assert_covers(change: Change, before: list[str], after: list[str]) -> None:
    assert before[: change.first] == after[: change.first]
    assert before[change.first + change.removed :] == after[change.first + change.added :]
    assert len(after) - len(before) == change.delta


@pytest.mark.parametrize(
    ("text", "span", "new", "lines", "change"),
    [
        ("a\rb", Span(1, 0, 1, 0), "\n", ["a\r\n", "b"], Change(0, 1, 1)),
        ("a\rX\nb", Span(1, 0, 1, 1), "", ["a\r\n", "b"], Change(0, 2, 1)),
        ("a\nb", Span(0, 1, 0, 1), "\r", ["a\r\n", "b"], Change(0, 1, 1)),
        ("a\r\nb", Span(0, 1, 0, 1), "\n", ["a\n", "\r\n", "b"], Change(0, 1, 2)),
        ("a\nb\nc", Span(0, 1, 2, 0), "", ["ac"], Change(0, 3, 1)),
        ("a\nb\n", Span(1, 0, 2, 0), "", ["a\n", ""], Change(1, 1, 0)),
        ("ab\ncd", Span(1, 1, 0, 1), "-", ["a-d"], Change(0, 2, 1)),
        ("ab\n", Span(0, 99, 0, 99), "!", ["ab!\n", ""], Change(0, 1, 1, closed=True)),
        ("ab", Span(9, 0, 9, 0), "!", ["ab!"], Change(0, 1, 1, closed=True)),
        ("ab", Span(-1, 5, -1, 7), "!", ["!ab"], Change(0, 1, 1)),
        ("", Span(0, 0, 0, 0), "a\n", ["a\n", ""], Change(0, 0, 1)),
    ],
)
def test_edges_of_an_edit(text, span, new, lines, change):
    document = Document(text)
    assert document.edit(span, new) == change
    assert document.lines == lines


def test_no_changes_cannot_be_merged():
    with pytest.raises(TypeError):
        merge([])


@pytest.mark.parametrize(
    ("text", "at", "new", "closed"),
    [
        ("a = b", 4, "q", True),
        ("a = (b", 5, ", q", True),
        ("a = b", 0, "q", False),
        ("    a", 2, "q", False),
        ("a = b", 4, "(", False),
        ("a = b", 4, "#", False),
        ("a = b", 4, "q\n", False),
        ("a = ''", 5, "q", False),
        ("a = b'c'", 5, "f", False),
        ("a = 'c'", 4, "f", False),
        ("a = 'c'", 5, "d", True),
        ("a = \\\n", 5, " ", False),
        ("a = '\\n'", 6, "x", False),
    ],
)
def test_what_leaves_open_what_was_open(text: str, at: int, new: str, *, closed: bool) -> None:
    document = Document(text)
    assert document.edit(Span(0, at, 0, at), new).closed is closed
