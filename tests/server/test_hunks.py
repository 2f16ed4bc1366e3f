"""Edits that are made one do to the text what they did one by one."""

from __future__ import annotations

import random

import pytest

from review_checks.model import Edit, Span
from review_checks.text.editing import apply
from review_server.hunks import hunks

PATH = "/a.py"
TEXT = "".join(f"line {number} é😀\n" for number in range(20)) + "no end"


def inserted(line: int, text: str, column: int = 0) -> Edit:
    return Edit(PATH, Span(line, column, line, column), text)


def test_the_edits_of_one_fix_are_one_however_far_they_are_apart() -> None:
    lines = TEXT.splitlines(keepends=True)
    edits = [inserted(15, "b\n"), inserted(1, "a\n"), Edit(PATH, Span(15, 2, 16, 3), "c")]
    (one,) = hunks(edits, lines, of_many=False)
    assert one.span == Span(1, 0, 16, 3)
    assert apply(lines, [one]) == apply(lines, edits)


def test_those_of_many_are_one_where_they_are_near() -> None:
    lines = TEXT.splitlines(keepends=True)
    edits = [
        inserted(1, "a\n"),
        Edit(PATH, Span(2, 0, 4, 0), ""),
        inserted(7, "b"),
        inserted(11, "c"),
    ]
    found = hunks(edits, lines, of_many=True)
    assert [edit.span for edit in found] == [Span(1, 0, 7, 0), Span(11, 0, 11, 0)]
    assert apply(lines, found) == apply(lines, edits)


def test_nothing_is_made_of_nothing() -> None:
    assert hunks([], ["a\n"], of_many=False) == []


@pytest.mark.parametrize("text", ["", "a", "a\n", TEXT, TEXT.replace("\n", "\r\n")])
def test_the_text_is_the_same(text: str) -> None:
    chance = random.Random(7)  # noqa: S311 -- nothing secret is made of it
    lines = text.splitlines(keepends=True)
    places = [(row, column) for row, line in enumerate(lines) for column in range(len(line) + 1)]
    places += [(len(lines), 0)]
    for _ in range(300):
        chosen = sorted(chance.choices(places, k=2 * chance.randint(1, 5)))
        edits = [
            Edit(PATH, Span(*chosen[at], *chosen[at + 1]), chance.choice(["", "x", "x\n", "\r\ny"]))
            for at in range(0, len(chosen), 2)
        ]
        for of_many in (False, True):
            found = hunks(edits, lines, of_many=of_many)
            assert apply(lines, found) == apply(lines, edits)
            assert of_many or len(found) == 1
