"""A use sees the assignments that can reach it, and no others."""

from __future__ import annotations

import textwrap

import pytest

from review_checks.facts.lower import lower_unit
from review_checks.facts.schema import Const, Path
from review_checks.summaries.arguments import argument_for
from review_checks.summaries.reaching import Writes


def reaching(body: str) -> tuple[list[object], bool]:
    """Return the constants that ``x`` can hold at ``use(x)``, and whether that is all."""
    text = "def f(x, c):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    function = lower_unit(text, 0).functions[0]
    use = next(call for call in function.calls if call.callee == "use")
    writes, certain = Writes(function).reaching("x", use.statement, use.at)
    values = [function.writes[index].value for index in writes]
    return [value.value if isinstance(value, Const) else "?" for value in values], certain


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("use(x)", ([], False)),
        ("x = 1\nuse(x)", ([1], True)),
        ("x = 1\nx = 2\nuse(x)", ([2], True)),
        ("use(x)\nx = 1", ([], False)),
        ("if c:\n    x = 1\nuse(x)", ([1], False)),
        ("x = 0\nif c:\n    x = 1\nuse(x)", ([0, 1], True)),
        ("if c:\n    x = 1\nelse:\n    x = 2\nuse(x)", ([1, 2], True)),
        ("if c:\n    x = 1\nelif x:\n    x = 2\nelse:\n    raise c\nuse(x)", ([1, 2], True)),
        ("if c:\n    x = 1\n    use(x)", ([1], True)),
        ("if c:\n    x = 1\nelse:\n    use(x)", ([], False)),
        ("x = 1\nx += 2\nuse(x)", ([1, 2], True)),
        ("for x in c:\n    use(x)", (["?"], True)),
        ("for x in c:\n    pass\nuse(x)", (["?"], False)),
        ("with c as x:\n    use(x)", (["?"], True)),
        ("with c:\n    x = 1\nuse(x)", ([1], True)),
        ("try:\n    x = 1\nexcept c:\n    x = 2\nuse(x)", ([1, 2], True)),
        ("try:\n    x = 1\nexcept c:\n    pass\nuse(x)", ([1], False)),
        ("try:\n    x = 1\nexcept c:\n    return\nuse(x)", ([1], True)),
        ("try:\n    c()\nfinally:\n    x = 1\nuse(x)", ([1], True)),
        ("x = 1\nwhile c:\n    use(x)\n    x = 2", ([1], True)),
        ("if c:\n    x = 1\n    return\nuse(x)", ([], False)),
    ],
)
def test_assignments(body: str, expected: tuple[list[object], bool]) -> None:
    assert reaching(body) == expected


@pytest.mark.parametrize(
    ("call", "position", "bound", "expected"),
    [
        ("g(1, 2)", 0, False, ["1"]),
        ("g(1, 2)", 1, True, ["1"]),
        ("g(1, b=2)", 1, False, ["2"]),
        ("g(1, 2, 3, 4)", 2, False, ["3", "4"]),
        ("g(1, 2, k=5)", 3, False, ["5"]),
        ("g(1, 2, other=5)", 4, False, ["5"]),
        ("g(*rest)", 0, False, []),
        ("g(1)", 0, True, []),
    ],
)
def test_arguments(call: str, position: int, bound: bool, expected: list[str]) -> None:  # noqa: FBT001
    text = f"def g(a, b, *c, k, **d):\n    {call}\n"
    function = lower_unit(text, 0).functions[0]
    found = argument_for(function.calls[0], function.parameters, position, bound=bound)
    values = [value for _, value in found]
    assert [str(v.value) if isinstance(v, Const) else v for v in values] == expected
    assert Path("rest") not in values
