"""Where logical lines end, and what proves that a file does not parse."""

from __future__ import annotations

import pytest

from review_checks.text.lines import split_lines
from review_checks.text.logical import Flaw, code_of, column_of, is_whole, read_logical_line


@pytest.mark.parametrize(
    ("text", "end", "flaw"),
    [
        ("x\n", 1, Flaw.NONE),
        ("x = (  # (\n'(' + \"[\"\n)\ny\n", 3, Flaw.NONE),
        ("x = '''\n\\'''\n''' + '''\n'''\ny\n", 4, Flaw.NONE),
        ("x = 'a\\\r\n\\'b'\r\ny\r\n", 2, Flaw.NONE),
        ("x = 'a\\\r\\\rb'\ry\r", 3, Flaw.NONE),
        ("x = \\\n  'a' \\\n  # end\ny\n", 3, Flaw.NONE),
        ("x = f\"{a['b']}\" + rb'\\'' + ''\ny\n", 1, Flaw.NONE),
        ("x = '''a'''''\ny\n", 1, Flaw.NONE),
        ("x = 'a\ny\n", 1, Flaw.SLIP),
        ("x = (\n'a\n)\ny\n", 3, Flaw.SLIP),
        ("x = 'a\\\nb\ny\n", 2, Flaw.SLIP),
        ("x = a)\ny\n", 1, Flaw.SLIP),
        ("x = a \\ b\ny\n", 1, Flaw.SLIP),
        ("x = (\ndef f(): pass\n", 1, Flaw.TORN),
        ("x = (\n    def f(): pass\n", 3, Flaw.TORN),
        ("x = (\n\n", 3, Flaw.TORN),
        ("x = '''\n    def f\nclass A\n", 2, Flaw.TORN),
    ],
)
def test_the_end_of_a_logical_line(text, end, flaw):
    lines = split_lines(text)
    assert read_logical_line(lines, 0, len(lines), 0) == (end, flaw)


@pytest.mark.parametrize(
    "line",
    ["\n", "  # (\n", "f(a[1], {2: (3, [4])})\r\n", "'(' '''(''' \"\"\"'\"\"\"", "r'\\'' # '"],
)
def test_lines_that_are_whole(line):
    assert is_whole(line)


@pytest.mark.parametrize("line", ["(\n", ")\n", "'\n", "x \\\n", "'''\n", '"""a""', "'a\\\n"])
def test_lines_that_are_not_whole(line):
    assert not is_whole(line)


@pytest.mark.parametrize(
    ("indentation", "column"),
    [("", 0), ("  ", 2), ("\t", 8), ("  \t", 8), ("\t ", 9), ("   \f ", 1), ("\ufeff ", 1)],
)
def test_columns_are_the_tokenizers(indentation, column):
    assert column_of(indentation) == column


@pytest.mark.parametrize(
    ("line", "code"),
    [("a: # b\n", "a:"), ("a['#']: \\\r\n", "a['#']:"), ("# a\n", ""), ("a '# b\n", "a")],
)
def test_code_without_its_comment(line, code):
    assert code_of(line) == code
