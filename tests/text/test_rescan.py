"""Units follow edits, and nothing blinks while code is half typed."""

from __future__ import annotations

import functools
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review_checks.model import Span
from review_checks.text.lines import Change, Document, content_length, split_lines
from review_checks.text.units import Segmentation, Splice, Unit, UnitKind
from support.edits import ACTIONS, TYPED, Action, Writer
from support.nova import nova_source
from support.syntax import parsed, statements_by_units

SYNTHETIC = [
    "",
    "# only\n\n",
    textwrap.dedent('''\
        """Doc."""
        import os
        class A(B,
                C):
            """Doc
        def not_one(): pass
        """
            x = 1
            # About f.
            @property
            # Between.

            @decorate(1,
                      2)
            def f(self):
                def inner():
                    class K: pass
                return """
        class Fake:
        """
                # Deep.
            # About y.
            y = [
        1,
        2]
            async def g(self): return 1
            class N:
                def m(self): pass
                z = 3
            w = 4; q = """a"""
        if x:
            def h(): pass
        elif y:
            class J: pass
        else: z = 1
        def last(): pass
        '''),
    textwrap.dedent("""\
        class A: pass
        class E(Exception): x = 1
        class T:
        \tdef f(self):
        \t\tpass
        \ty = 1
        def f(): return 'a\\
        def g(): pass'
        x = 1 + \\
          2
        try:
            import json
        except ImportError:
            json = None

        class X(object):

            def run(self): print("a" % (1, 2))
            run.x = 1
            def other(self):
                return {
                    "a": [1, 2],
                }
        def tail(a, b=(1, 2), *c): # foo
            # bar
            pass
        """),
    "".join(f"NAME_{number} = {number}\n" for number in range(400)),
]
REAL = ("nova/version.py", "nova/exception_wrapper.py", "nova/cache_utils.py", "nova/quota.py")
WRAPPERS = (
    '"""\n',
    "'''\n",
    "(\n",
    ")\n",
    "[\n",
    "def q():\n",
    "class Q:\n",
    "@q\n",
    "\\\n",
    "q = '\n",
)


@functools.cache
def base_texts() -> list[str]:
    root = nova_source("34.0.0")
    real = [root / name for name in REAL]
    return SYNTHETIC + [path.read_text() for path in real if path.exists()]


class Followed:
    """A document and its units, checked with every change."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.units = Segmentation.of(document.lines)
        self._lines = list(document.lines)

    def follow(self, change: Change) -> Splice:
        lines, old_lines, units = self.document.lines, self._lines, self.units
        old = list(units.units)
        splice = units.update(lines, change)
        above, below = splice.first, len(old) - splice.first - splice.removed
        assert units.units[:above] == old[:above]
        assert units.units[above + splice.added :] == old[above + splice.removed :]
        assert len(units.units) == above + splice.added + below
        assert sum(unit.size for unit in units.units) == len(lines)
        assert units.starts == starts(units.units)
        assert_nested(units.units)
        kept = sum(unit.size for unit in units.units[:above])
        assert lines[:kept] == old_lines[:kept]
        tail = sum(unit.size for unit in units.units[above + splice.added :])
        assert lines[len(lines) - tail :] == old_lines[len(old_lines) - tail :]
        if parsed("".join(lines)) is not None:
            assert units.intact
            assert units.units == Segmentation.of(lines).units
        self._lines = list(lines)
        return splice

    def type(self, line: int, column: int, text: str) -> Splice:
        return self.follow(self.document.edit(Span(line, column, line, column), text))

    def erase(self, line: int, column: int, end_column: int) -> Splice:
        return self.follow(self.document.edit(Span(line, column, line, end_column), ""))


def starts(units: list[Unit]) -> list[int]:
    found, line = [], 0
    for unit in units:
        found.append(line)
        line += unit.size
    return found


def assert_nested(units: list[Unit]) -> None:
    """Check that every class a unit claims to be in is the one above it."""
    around: list[str] = []
    for unit in units:
        assert around[: len(unit.scope)] == list(unit.scope)
        around = list(unit.scope)
        if unit.kind is UnitKind.CLASS:
            around.append(unit.name)


actions = st.builds(
    Action,
    st.sampled_from(ACTIONS),
    st.integers(0, 999),
    st.integers(1, 30),
    st.sampled_from(TYPED),
)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=250)
@given(st.data(), st.lists(st.lists(actions, min_size=1, max_size=3), max_size=20))
def test_edits_lead_to_the_units_from_scratch(data, batches):
    writer = Writer(data.draw(st.sampled_from(base_texts())))
    followed = Followed(writer.document)
    for batch in batches:
        followed.follow(writer.do(batch))
    while writer.can_undo:
        followed.follow(writer.undo())


toggles = st.lists(
    st.tuples(st.booleans(), st.integers(0, 999), st.sampled_from(WRAPPERS)), max_size=25
)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=250)
@given(st.data(), toggles)
def test_repairs_in_any_order_lead_to_the_units_from_scratch(data, steps):
    document = Document(data.draw(st.sampled_from(base_texts())))
    followed = Followed(document)
    added = [False] * len(document.lines)
    for removes, where, text in [*steps, *[(True, 0, "")] * len(steps)]:
        wrappers = [line for line, is_added in enumerate(added) if is_added]
        if removes and wrappers:
            line = wrappers[where % len(wrappers)]
            change = document.edit(Span(line, 0, line + 1, 0), "")
            del added[line]
        elif text:
            line = where * len(added) // 1000
            code = document.lines[line]
            indent = code[: len(code) - len(code.lstrip(" "))]
            change = document.edit(Span(line, 0, line, 0), indent + text)
            added.insert(line, True)
        else:
            continue
        followed.follow(change)
    assert followed.units.units == Segmentation.of(document.lines).units


MODULE = textwrap.dedent('''\
    """Doc."""
    import os

    class A(B):
        """Doc of A."""

        def f(self):
            """Doc of f."""
            return call(1, 2)

        # About y.
        y = 1

        @property
        def g(self):
            """Doc of g."""
            return {}

    CONSTANT = 1

    def h():
        """Doc of h."""
        return CONSTANT
    ''')


def place(text: str, after: str) -> tuple[int, int]:
    """Return the position after the first occurrence of ``after``."""
    before = text[: text.index(after) + len(after)]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


@pytest.mark.parametrize(
    ("after", "typed"),
    [
        ("call(1, 2", "("),
        ("return call", "["),
        ("Doc of f.", '"""'),
        ("return call(1, 2)", "\n        '''"),
        ("return call(1, 2)", '\n        x = """a'),
        ("return call(1, 2)", " \\"),
        ("return call(1, 2)", '\n        x = "a'),
        ("return call(1, 2)", "\n        def inner(a, b"),
        ("def f(self", ", (a"),
        ("def f(self):", "\n        )"),
    ],
)
def test_what_is_open_in_one_function_stays_in_it(after, typed):
    followed = Followed(Document(MODULE))
    before = list(followed.units.units)
    line, column = place(MODULE, after)
    splice = followed.type(line, column, typed)
    assert (splice.removed, splice.added) == (1, 1)
    assert before[splice.first].name == "f"
    # Edits elsewhere, and there again, do not disturb the others either.
    last = len(followed.document.lines) - 2
    splice = followed.type(last, 4, "x")
    assert followed.units.units[splice.first].name == "h"
    assert splice[1:] == (1, 1)
    splice = followed.type(place(MODULE, "def f(")[0], 8, "f")
    assert splice[1:] == (1, 1)
    assert [unit.name for unit in followed.units.units] == [
        unit.name if unit.name != "f" else "ff" for unit in before
    ]


@pytest.mark.parametrize("opening", ['"""', "'''", "(", "{"])
def test_closing_what_was_open_repairs_the_rest(opening):
    closing = {"(": ")", "{": "}"}.get(opening, opening)
    followed = Followed(Document(MODULE))
    line, _ = place(MODULE, "return call(1, 2)")
    followed.type(line, 8, f"x = {opening}\n        ")
    assert not followed.units.intact
    followed.type(line + 1, 0, f"{closing}\n")
    assert followed.units.intact
    assert followed.units.units == Segmentation.of(followed.document.lines).units


def test_quotes_around_several_functions_make_one_string():
    followed = Followed(Document(MODULE.replace('"""', "'''")))
    first, _ = place(MODULE, "import os\n\n")
    followed.type(first, 0, '"""\n')
    assert not followed.units.intact
    assert "g" in [unit.name for unit in followed.units.units]
    last, _ = place(MODULE, "CONSTANT = 1\n")
    followed.type(last + 1, 0, '"""\n')
    assert followed.units.intact
    assert [unit.name for unit in followed.units.units] == ["", "", "h"]


def test_typing_inside_a_function_replaces_it_alone():
    followed = Followed(Document(MODULE))
    line, column = place(MODULE, "call(1, 2")
    index = followed.units.index_at(line)
    assert followed.type(line, column, ", 3") == Splice(index, 1, 1)
    assert followed.type(line, column, "\n") == Splice(index, 1, 1)


def test_blank_lines_above_touch_the_gap_they_are_in():
    followed = Followed(Document(MODULE))
    line, _ = place(MODULE, "import os\n")
    assert followed.type(line, 0, "\n\n") == Splice(1, 1, 1)


def test_a_copy_in_front_of_its_original_is_new():
    document = Document("def f():\n    a\ndef f():\n    b\n")
    followed = Followed(document)
    followed.document.lines[0:0] = split_lines("def f():\n    c\n")[:-1]
    assert followed.follow(Change(0, 0, 2)) == Splice(1, 0, 1)


def test_renaming_a_class_renames_the_scope_of_its_members():
    followed = Followed(Document(MODULE))
    line, column = place(MODULE, "class A")
    followed.type(line, column, "B")
    assert {unit.scope for unit in followed.units.units} == {(), ("AB",)}


def test_members_of_a_class_that_is_no_more_are_not_kept_as_such():
    followed = Followed(Document(MODULE))
    line, column = place(MODULE, "class A(B):")
    followed.follow(followed.document.edit(Span(line, 0, line, column), "x = '''"))
    assert all(unit.scope == () for unit in followed.units.units)


def test_a_change_of_nothing_replaces_nothing():
    followed = Followed(Document(MODULE))
    assert followed.follow(followed.document.replace_all(MODULE))[1:] == (0, 0)


def test_every_key_of_a_function_typed_one_by_one():
    followed = Followed(Document(MODULE))
    line, _ = place(MODULE, "# About y.")
    others = {unit.name for unit in followed.units.units}
    text = (
        "    def new(self, a=(1, 2)):\n        '''Doc's text.'''\n"
        '        return f"{a[1]}" + """\n  text\n""" + self.call(a, [b\n  for b in a])\n\n'
    )
    column = 0
    for character in text:
        followed.type(line, column, character)
        assert others <= {unit.name for unit in followed.units.units}
        line, column = (line + 1, 0) if character == "\n" else (line, column + 1)
    for _ in text:
        if column == 0:
            line -= 1
            end = content_length(followed.document.lines[line])
            followed.follow(followed.document.edit(Span(line, end, line + 1, 0), ""))
            column = end
        else:
            column -= 1
            followed.erase(line, column, column + 1)
        assert others <= {unit.name for unit in followed.units.units}
    assert followed.document.text == MODULE
    statements_by_units(followed.document.lines, followed.units)


@pytest.mark.parametrize("rest", ["", "\n", "   \n", "# left\n", "x = 1\n"])
def test_removing_any_function_leaves_the_units_that_reading_anew_finds(rest: str) -> None:
    root = nova_source("34.0.0") / "nova/compute/resource_tracker.py"
    real = [root.read_text()] if root.exists() else []
    for text in [*base_texts(), *real]:
        fresh = Segmentation.of(split_lines(text))
        for unit, start in zip(fresh.units, fresh.starts, strict=True):
            if unit.kind is UnitKind.FUNCTION:
                followed = Followed(Document(text))
                removed = "".join(followed.document.lines[start : start + unit.content])
                end = Span(start, 0, start + unit.content, 0)
                followed.follow(followed.document.edit(end, rest))
                again = Span(start, 0, start + rest.count("\n"), 0)
                followed.follow(followed.document.edit(again, removed))
                assert followed.units.units == fresh.units
