"""The replacement fields of f-strings are found in the text."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

import pytest

from review_checks.text.fields import replacement_fields
from support.nova import nova_source

if TYPE_CHECKING:
    from collections.abc import Iterator


def parts(text: str) -> list[tuple[str, str]]:
    found = replacement_fields(text)
    return [(text[row.start : row.end], text[row.first : row.last]) for row in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f'{a}'", [("{a}", "a")]),
        ("f'{{a}} {b}}}'", [("{b}", "b")]),
        ("f'{a!r:>{w}} {b:%H:%M}'", [("{a!r:>{w}}", "a"), ("{b:%H:%M}", "b")]),
        ("f'{a=} {b = !r}'", [("{a=}", "a"), ("{b = !r}", "b ")]),
        (
            "f'{a == b} {a != b} {a >= b}'",
            [("{a == b}", "a == b"), ("{a != b}", "a != b"), ("{a >= b}", "a >= b")],
        ),
        ("""f"{d['x:y']} {d[1:2]}" """, [("{d['x:y']}", "d['x:y']"), ("{d[1:2]}", "d[1:2]")]),
        ("""f'{{}} \\'{a}'""", [("{a}", "a")]),
        ("""rf'\\{a}'""", [("{a}", "a")]),
        ("""'{a}' f"{b}" '{c}'""", [("{b}", "b")]),
        ('f"""{a}\n "x" {b}"""', [("{a}", "a"), ("{b}", "b")]),
        ("'{a}'  # f'{b}'\n  f'{c}'", [("{c}", "c")]),
        ("f'{f(x, (lambda: 1))}'", [("{f(x, (lambda: 1))}", "f(x, (lambda: 1))")]),
        ("a", []),
    ],
)
def test_fields(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(text) == expected


def joined_strings(tree: ast.AST) -> Iterator[ast.JoinedStr]:
    """Yield the f-strings of a tree, but not the formats inside their fields."""
    formats = {
        id(node.format_spec) for node in ast.walk(tree) if isinstance(node, ast.FormattedValue)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in formats:
            yield node


def test_fields_of_real_code() -> None:
    """Every field's expression is the parser's, in order."""
    count = 0
    for path in sorted(nova_source("34.0.0").rglob("*.py"))[:400]:
        source = path.read_text(encoding="utf-8")
        if "f'" not in source and 'f"' not in source:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        for node in joined_strings(tree):
            text = ast.get_source_segment(source, node) or ""
            values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
            shown = [ast.unparse(part.value) for part in values]
            found = [ast.unparse(ast.parse(inner.strip(), mode="eval")) for _, inner in parts(text)]
            assert found == shown, (path, text)
            count += len(found)
    assert count > 100
