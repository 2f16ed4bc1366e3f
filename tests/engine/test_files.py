"""A file under analysis follows edits as if it had been read anew."""

from __future__ import annotations

import itertools

import pytest

from review_checks.engine.files import File
from review_checks.engine.keeping import FactsMemo
from review_checks.model import Span
from review_checks.text.units import Segmentation

_TEXT = """\
class Pool:
    def add(self, item):
        '''Say "what" it does.

        def not_this(): ...
        '''
        self.put(
            item,  # a comment
            b'', r"\\'", f"{item['a']}",
    size=1)
        total = 1 + \\
            2
        return total

    # between
    def drop(self):
        pass


def last():
    return ''''''
"""


def _file(text: str) -> File:
    return File("a.py", text, FactsMemo(), [0])


@pytest.mark.parametrize("typed", ["q", "f", " ", ".", "def "])
def test_typing_anywhere_leaves_the_units_that_reading_anew_finds(typed: str) -> None:
    lines = _TEXT.split("\n")
    places = [(at, column) for at, line in enumerate(lines) for column in range(len(line) + 1)]
    for line, column in places:
        file = _file(_TEXT)
        file.edit([(Span(line, column, line, column), typed)])
        fresh = Segmentation.of(file.document.lines)
        if file.segmentation.intact and fresh.intact and not file.unread():
            assert file.segmentation.starts == fresh.starts, (line, column)
            assert file.segmentation.units == fresh.units, (line, column)


def test_deleting_anything_of_a_line_leaves_the_units_that_reading_anew_finds() -> None:
    for line, text in enumerate(_TEXT.split("\n")):
        for start, end in itertools.combinations(range(len(text) + 1), 2):
            if end - start > 3:
                continue
            file = _file(_TEXT)
            file.edit([(Span(line, start, line, end), "")])
            fresh = Segmentation.of(file.document.lines)
            if file.segmentation.intact and fresh.intact and not file.unread():
                assert file.segmentation.units == fresh.units, (line, start, end)
