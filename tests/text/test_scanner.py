"""What a unit is, by example."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from review_checks.text.lines import split_lines
from review_checks.text.scanner import LONGEST_RUN, SHORTEST_RUN
from review_checks.text.units import Segmentation, UnitKind, parse_text
from support.syntax import members_by_ast, members_by_units, parsed, statements_by_units


def outline(text: str) -> str:
    """Return a line for each unit: kind, name, first line, lines of content and of gap."""
    segmentation = Segmentation.of(split_lines(text))
    rows = []
    for unit, start in zip(segmentation.units, segmentation.starts, strict=True):
        name = ".".join([*unit.scope, unit.name])
        torn = "" if unit.intact else " torn"
        gap = unit.size - unit.content
        rows.append(f"{unit.kind.name.lower()} {name} @{start} {unit.content}+{gap}{torn}")
    return "\n".join(row.replace("  ", " ") for row in rows)


def check(text: str, expected: str) -> None:
    assert outline(textwrap.dedent(text)) == textwrap.dedent(expected).strip()


def test_an_empty_file_is_a_preamble():
    check("", "preamble @0 0+1")


def test_comments_at_the_top_are_the_preamble():
    check("# a\n\n    # b\nx\n", "preamble @0 0+3\nrun @3 1+1")


def test_members_of_modules_and_classes():
    check(
        '''\
        import os

        class A(B,
                C):
            """Doc."""
            x = 1

            # About f.
            @property
            # Between.

            @decorate(1,
                      2)
            def f(self):
                def inner():
                    class Local: pass
                return 1
                # Of f.
            # About y.
            y = 1
            async def g(self): return 1

            class N:
                def m(self): pass
            z = 1
        def last(): pass
        ''',
        """
        preamble @0 0+0
        run @0 1+1
        class A @2 4+2
        function A.f @8 10+1
        run A. @19 1+0
        function A.g @20 1+1
        class A.N @22 1+0
        function A.N.m @23 1+0
        run A. @24 1+0
        function last @25 1+1
        """,
    )


def test_compound_statements_are_whole():
    check(
        """\
        if x:
            def f(): pass
        else:
            class A:
                def g(self): pass
        try:
            import a
        except ImportError:
            a = None
        def h(): pass
        """,
        "preamble @0 0+0\nrun @0 9+0\nfunction h @9 1+1",
    )


def test_classes_on_one_line():
    check(
        "class A: pass\nclass E(Exception): x = 1; y = 2\nclass F: ...\ndef f(): pass\n",
        """
        preamble @0 0+0
        class A @0 1+0
        class E @1 1+0
        class F @2 1+0
        function f @3 1+1
        """,
    )


def test_code_in_strings_and_brackets_is_none():
    check(
        '''\
        TEXT = """
        def f(): pass
        class A:
        \\"""
        @a
        """, 'it\\'s', r'\\'
        DATA = [
        1, {"a": (
        2)},  # ( [ {
        @ 3]
        JOINED = 'a\\
        def g(): pass'
        SUM = 1 + \\
            2
        def h(): """one""" '''
        "'''two'''\n",
        "preamble @0 0+0\nrun @0 14+0\nfunction h @14 1+1",
    )


def test_indentation_counts_like_the_tokenizers():
    check(
        "class A:\n\tdef f(self):\n\t  x\n        def g(self): pass\n\x0cdef h(): pass\n\x0c\n"
        "class B:\n def f(self):\n  pass\n def g(self): pass\n",
        """
        preamble @0 0+0
        class A @0 1+0
        function A.f @1 2+0
        function A.g @3 1+0
        function h @4 1+1
        class B @6 1+0
        function B.f @7 2+0
        function B.g @9 1+1
        """,
    )


def test_comments_at_column_0_inside_a_body():
    check(
        "def f():\n    a\n# out\n\n    b\n# after\n    # deep\n# out\ndef g():\n# x\n    pass\n",
        "preamble @0 0+0\nfunction f @0 7+1\nfunction g @8 3+1",
    )


def test_the_names_of_python_2_and_3():
    check(
        "def f((a, b), `c`):\n    print >>x, 'it', `a`\nclass \u210c[T]: pass\ndef_ = 1\nclassy = 2\n",
        "preamble @0 0+0\nfunction f @0 2+0\nclass H @2 1+0\nrun @3 2+1",
    )


def test_unfinished_definitions_are_members():
    check(
        "def\ndef (self):\n    pass\nclass\nclass :\n    x\nasync def\n@a\n@b\nx = 1\n",
        """
        preamble @0 0+0
        function @0 1+0
        function @1 2+0
        class @3 1+0
        class @4 2+0
        function @6 1+0
        run @7 3+1
        """,
    )


@pytest.mark.parametrize("opening", ["x = foo(a,", "x = {1: [", "return foo(", "x = [\n@ a"])
def test_an_open_bracket_ends_before_the_next_definition(opening):
    lines = opening.count("\n")
    check(
        f"class A:\n    def f(self):\n        {opening}\n        y\n\n"
        "    @property\n    @decorate(1,\n  2)\n    def g(self): pass\nx = 1\n",
        f"""
        preamble @0 0+0
        class A @0 1+0
        function A.f @1 {4 + lines}+0 torn
        function A.g @{5 + lines} 4+0
        run @{9 + lines} 1+1
        """,
    )


def test_an_open_class_head_ends_before_its_first_member():
    check(
        "class A(B, (\n    def f(self): pass\nclass C:\n    x = [\n    def g(self): pass\n",
        """
        preamble @0 0+0
        class A @0 1+0 torn
        function A.f @1 1+0
        class C @2 2+0 torn
        function C.g @4 1+1
        """,
    )


def test_the_operator_at_is_no_decorator():
    check(
        "x = (a\n@ b)\ndef f(): pass\ny = (a\n@ b\n)\nz = a \\\n@ b\ndef g(): pass\n",
        "preamble @0 0+0\nrun @0 2+0\nfunction f @2 1+0\nrun @3 5+0\nfunction g @8 1+1",
    )


def test_only_definitions_at_the_members_own_column_interrupt():
    check(
        "def f():\n    x = (\n    def inner(): pass\n    @a\n    def more(): pass\ndef g(): pass\n",
        "preamble @0 0+0\nfunction f @0 5+0 torn\nfunction g @5 1+1",
    )


def test_an_open_decorator_keeps_its_definition():
    check(
        "@a(\ndef f(): pass\ndef g(): pass\n",
        "preamble @0 0+0\nfunction f @0 2+0 torn\nfunction g @2 1+1",
    )


def test_an_open_string_ends_with_its_line_or_before_a_definition():
    check(
        "class A:\n    def f(self):\n        x = 'it\n    def g(self):\n        '''doc\n"
        "        def inner():\n    def h(self): pass\n",
        """
        preamble @0 0+0
        class A @0 1+0
        function A.f @1 2+0
        function A.g @3 3+0 torn
        function A.h @6 1+1
        """,
    )


def test_a_continuation_ends_before_a_definition():
    check("x = 1 + \\\ndef f(): pass\n", "preamble @0 0+0\nrun @0 1+0 torn\nfunction f @1 1+1")


def test_a_definition_may_continue_its_own_start():
    check(
        "async \\\ndef f(): pass\n\\\ndef g(): pass\n",
        "preamble @0 0+0\nrun @0 2+1\nfunction g @3 1+1",
    )


@pytest.mark.parametrize("text", ["x = (", "x = '''\n\n", "def f():\n    '''"])
def test_what_is_open_at_the_end_is_torn(text):
    assert not Segmentation.of(split_lines(text)).intact


def test_long_runs_are_split_where_their_text_says():
    lines = [f"NAME_{number} = {number}\n" for number in range(5000)]
    text = "".join(lines)
    units = Segmentation.of(split_lines(text)).units[1:]
    assert all(SHORTEST_RUN <= unit.size <= LONGEST_RUN for unit in units[:-1])
    more = Segmentation.of(split_lines("import os\n" + text)).units[1:]
    moved = sum(1 for unit, other in zip(units[::-1], more[::-1], strict=False) if unit != other)
    assert moved <= 3


def test_a_long_statement_is_not_split():
    text = "if a:\n    pass\n" + "elif b:\n    pass\n" * 500 + "else:\n    pass\n"
    assert len(Segmentation.of(split_lines(text)).units) == 2


def test_the_tail_of_a_class_is_split_off():
    body = "".join(
        f"    x{number} = 1\n    if x:\n        pass\n    else:\n        y\n"
        for number in range(99)
    )
    text = f"class A:\n{body}    def f(self): pass\n"
    segmentation = Segmentation.of(split_lines(text))
    kinds = [unit.kind for unit in segmentation.units[1:]]
    assert kinds[0] is UnitKind.CLASS
    assert set(kinds[1:-1]) == {UnitKind.RUN}
    assert {unit.scope for unit in segmentation.units[2:]} == {("A",)}
    statements_by_units(split_lines(text), segmentation)


@pytest.mark.parametrize(
    "text",
    [
        "class A:  # 'a\n    def f(self): pass\n",
        "class A:\\\n\n    def f(self): pass\n",
        "@a\n\n@b('''\n''')\nclass A(\n  B, x='#'\n):  # :\n\n    # About f:\n    def f(self): pass",
        "class A: x = 1  # :\n",
        "class A:\n    '''Doc:\n    : '''\n    def f(self): pass\n",
        "class A:\n\tclass B:\n\t\tclass C:\n\t\t\tdef f(self): pass\n",
        "\x0cclass A:\n  \x0c class B:\n  \x0c  def f(self): pass\n",
        "class A:\r    x = 1\r    def f(self):\r        return 1\r\r    y = '''\r'''\r",
        "class A:\r\n    def f(self):\r\n        return 'a\\\r\n b'\r\n",
        "if 1:\n    x = 'é' + '''\n    '''\nclass A:\n    x = y",
    ],
)
def test_units_parse_like_their_file(text):
    tree = parsed(text)
    segmentation = Segmentation.of(split_lines(text))
    assert tree is not None
    assert set(members_by_units(segmentation)) == set(members_by_ast(tree))
    statements_by_units(split_lines(text), segmentation)


def test_a_byte_order_mark_is_not_code():
    lines = split_lines("\ufeffclass A:\n    def f(self): pass\n")
    segmentation = Segmentation.of(lines)
    assert [unit.name for unit in segmentation.units] == ["", "A", "f"]
    text, before = parse_text(lines, segmentation.units[1])
    assert (text, before) == ("\f\f\fclass A:\n pass\n", 0)
    assert parsed(text) is not None


@settings(deadline=None)
@given(st.text(st.sampled_from("abc\"'()[]{}#\\\n\r\t\f @:\ufeff\ud800\0")))
@example("x = '''\n'''\n" * 3 + "\\")
def test_any_text_is_cut_into_units(text):
    lines = split_lines(text)
    segmentation = Segmentation.of(lines)
    assert sum(unit.size for unit in segmentation.units) == len(lines)
    assert all(unit.size for unit in segmentation.units[1:])
    assert all(0 <= unit.content <= unit.size for unit in segmentation.units)
    assert [unit.kind is UnitKind.PREAMBLE for unit in segmentation.units].count(True) == 1


@pytest.mark.parametrize(
    "text",
    [
        "(" * 99_999,
        "[" * 9999 + "]" * 9999,
        '"' * 99_999,
        "'a\\" * 99_999,
        "a\\\n" * 9999,
        "x" * 999_999,
    ],
)
def test_hostile_text_takes_linear_time(text):
    assert len(Segmentation.of(split_lines(text)).units) <= 2
