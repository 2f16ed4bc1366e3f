"""A file under analysis follows edits as if it had been read anew."""

from __future__ import annotations

import itertools

import pytest

from review_checks.engine.files import File
from review_checks.engine.keeping import FactsMemo
from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Span
from review_checks.options import Options
from review_checks.summaries.index import assigned, members
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


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("def f():\n    x = 1\n    y = 2\\\n", Span(2, 0, 3, 0)),
        ("def f():\n    x = 1 \\\n\ndef g(): ...\n", Span(1, 9, 1, 11)),
        ("def f(a):\n    x = a\n    g(x)\n    x.close()\\\n", Span(2, 0, 4, 0)),
    ],
)
def test_a_blank_line_is_content_only_below_a_continuation(text: str, span: Span) -> None:
    file = _file(text)
    file.edit([(span, "\n" if span.end_line > span.line + 1 else "")])
    assert file.segmentation.units == Segmentation.of(file.document.lines).units


LOCKED = """\
import threading
L = threading.Lock()
X = []


def a():
    with L:
        X.append(1)


def b():
    with L:
        X.append(2)


def c():
    y = 1
    X.append(3)
"""


def test_facts_that_were_put_off_are_those_of_the_text_before() -> None:
    workspace = Workspace(
        MemorySource({"a.py": LOCKED}), Options(profile="strict"), is_member=lambda *_: False
    )
    workspace.lines("a.py")
    workspace.open("a.py", LOCKED)
    workspace.change("a.py", [(Span(16, 0, 16, 0), "    z = (\n\n\n")])
    lines = workspace.lines("a.py")
    found = [row for row in workspace.findings("a.py") if row.rule == "unguarded-write"]
    assert ["X.append(3)" in lines[row.span.line] for row in found] == [True]


def test_functions_that_change_places_are_told_in_their_new_order() -> None:
    text = (
        "class C:\n    x = 1\n    def a(self):\n        self.v = 1\n\n"
        "    def b(self):\n        self.v = 2\n\n    def c(self):\n        pass\n"
    )
    workspace = Workspace(MemorySource({}), Options())
    workspace.open("a.py", text)
    workspace.findings("a.py")
    before = members(workspace.db, "a.py", "C"), assigned(workspace.db, "a.py", "C", "v")
    moved = "    def b(self):\n        self.v = 2\n\n"
    workspace.change("a.py", [(Span(5, 0, 8, 0), ""), (Span(2, 0, 2, 0), moved)])
    after = members(workspace.db, "a.py", "C"), assigned(workspace.db, "a.py", "C", "v")
    body, first, second, last = before[0]
    assert after[0] == (body, second, first, last)
    assert after[1] == before[1][::-1]
