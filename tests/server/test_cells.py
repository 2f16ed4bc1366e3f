"""Lines of a notebook's module and of its cells, there and back; what IPython adds to Python."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.text.editing import apply
from review_checks.text.lines import split_lines
from review_server.cells import Cells, python_of

TEXTS = st.lists(st.text(st.sampled_from("ab%!? \n\r\f\u2028😀\\'\"(=#"), max_size=30), max_size=5)


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("%timeit x\ny = 1\n", "pass\ny = 1\n"),
        ("%%time\nx = 1\n", "\nx = 1\n"),
        ("\n%%bash\nfor x in *; do\n", "\n\n\n"),
        ("files = !ls\n", "files = None\n"),
        ("%%capture out\n\n%%time\nx = 1\n", "\n\n\nx = 1\n"),
        ("%%time\n%%bash\nif [ -f x ]; then\n", "\n\n\n"),
        ("%%time?\nx = 1\n", "pass\nx = 1\n"),
        ("%%time\n%matplotlib inline\nx = 1\n", "\npass\nx = 1\n"),
        ("# note\n%%bash\n", "# note\npass\n"),
        ("files: list = !ls\n", "files: list = None\n"),
        ("(a, *b) = !ls\n", "(a, *b) = None\n"),
        ("self.rows['a'] = %sql select\n", "self.rows['a'] = None\n"),
        ("files = !ls \\\n  -l | grep '\ny\n", "files = None\n\ny\n"),
        ("if a:\n    for b in c:\n        files = !ls {b}\n        %time f(b)\n    else:\n        c?\n",
         "if a:\n    for b in c:\n        files = None\n        pass\n    else:\n        pass\n"),
        ("def f():\n    !ls\n\n    return 1\n", "def f():\n    pass\n\n    return 1\n"),
        ("x = a.b[0]??\n", "pass\n"),
        ("a.b.*?\n", "pass\n"),
        ("str.upper? \n", "pass\n"),
        (",print a b\n;print a b\n/print a\n", "pass\npass\npass\n"),
        ("!ls 'it\ny = 1\n", "pass\ny = 1\n"),
        ("x = f(a, '''\n%%bash\n!ls\nwhy?\n''')\n!ls\n",
         "x = f(a, '''\n%%bash\n!ls\nwhy?\n''')\npass\n"),
        ('def f():\n    """Text.\n\n    %time x?\n    y = !ls\n    """\n    !ls\n',
         'def f():\n    """Text.\n\n    %time x?\n    y = !ls\n    """\n    pass\n'),
        ("x = (a\n    % b\n)\n", "x = (a\n    % b\n)\n"),
        ("x = [\n    a\n    , b\n]\n", "x = [\n    a\n    , b\n]\n"),
        ("x = a \\\n    % b\n", "x = a \\\n    % b\n"),
        ("f'{a!r}'\n", "f'{a!r}'\n"),
        ("x = a == '!'\n", "x = a == '!'\n"),
        ("print(a, end='') # why?\n", "print(a, end='') # why?\n"),
        ("x = '%s' % b\n", "x = '%s' % b\n"),
        ("a, b = %sql select\n", "a, b = None\n"),
        ("len?\n", "pass\n"),
        ("?len\n", "pass\n"),
        ("if x:\n    !ls -l \\\n  -a\ny\n", "if x:\n    pass\n\ny\n"),
        ("x = (a\n% b)\n", "x = (a\n% b)\n"),
        ("x = '''\n%magic\n'''\n", "x = '''\n%magic\n'''\n"),
        ("x = a % b\n", "x = a % b\n"),
        ("x = 'why?'\n", "x = 'why?'\n"),
        ("# why?\n", "# why?\n"),
        ("x != y\n", "x != y\n"),
        ("x %= y\n", "x %= y\n"),
    ],
)  # fmt: skip
def test_magics(text: str, python: str) -> None:
    assert "".join(python_of(split_lines(text))) == python
    ast.parse(python)


@pytest.mark.parametrize(
    "magic",
    ["time", "timeit -n 3", "capture --no-stderr", "prun -l 5", "debug", "memit", "mprun -f f",
     "lprun -f f", "lprun_all", "pyinstrument", "snakeviz", "viztracer", "notify"],
)  # fmt: skip
def test_bodies_of_python(magic: str) -> None:
    assert python_of([f"%%{magic}\n", "x = 1\n"]) == ["\n", "x = 1\n"]


@pytest.mark.parametrize(
    "magic",
    ["bash", "sh", "!", "sx", "system", "cmd", "script python", "python", "python3", "pypy", "perl",
     "ruby", "html", "HTML", "js", "javascript", "svg", "latex", "markdown", "writefile a.py",
     "file a.py", "code_wrap f", "cython", "cython -a", "sql", "bigquery df", "R", "julia", "px",
     "heat", "timer", "of_somebody", ""],
)  # fmt: skip
def test_bodies_of_something_else(magic: str) -> None:
    assert python_of([f"%%{magic}\n", "x = 1\n"]) == ["\n", "\n"]


@given(TEXTS)
def test_lines_stay_lines(texts: list[str]) -> None:
    cells = Cells([(f"cell:{at}", split_lines(text)) for at, text in enumerate(texts)])
    module = split_lines(cells.text)
    for at, text in enumerate(texts):
        path, lines = f"cell:{at}", split_lines(text)
        assert len(python_of(lines)) == len(lines)
        for line in range(len(lines)):
            span = cells.in_module(path, Span(line, 0, line, 0))
            assert span.line < len(module)
            assert cells.place(span) == (path, Span(line, 0, line, 0))


@given(TEXTS, st.integers(0, 20), st.sampled_from(["x\n", "x", "x\ny\n"]))
def test_inserted_lines_are_whole_lines_of_one_cell(texts: list[str], at: int, new: str) -> None:
    given_cells = [(f"cell:{index}", split_lines(text)) for index, text in enumerate(texts)]
    cells = Cells(given_cells)
    last = len(split_lines(cells.text)) - 2
    if last < 0:
        return
    line = min(at, last)
    edit = Edit("book", Span(line, 0, line, 0), new if new.endswith("\n") else new + "\n")
    result = cells.fix(Fix("", Safety.SAFE, (edit,)), "book")
    if isinstance(result, Refusal):
        assert "not Python" in result.reason
        return
    (changed,) = result.edits
    before = dict(given_cells)[changed.path]
    after = split_lines(apply(before, [changed]))
    for added in edit.text.splitlines():
        assert [row.rstrip("\r\n") for row in after].count(added) >= 1


def test_a_change_of_two_cells_is_refused() -> None:
    cells = Cells([("a", ["x\n", "y"]), ("b", ["z"])])
    edit = Edit("book", Span(1, 0, 3, 1), "")
    result = cells.fix(Fix("", Safety.SAFE, (edit,)), "book")
    assert isinstance(result, Refusal)
    assert "several cells" in result.reason
