"""Keys and elements are found where they stand, in every way that TOML has to write them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_checks.text.lines import split_lines
from review_server.toml_places import place_of, place_of_error, places

TEXT = '''\
# [not.a.table] = 1
top = """
key = "in a string"
"""
list = [ "a", # "b"
  'c', [1, 2.5], { x = "y" },
]
date = 1979-05-27 07:32:00
[tool."review-lsp"]
profile = 'strict' # comment
severity = { "secret-in-log" = "error", other.name = 3 }
[tool.review-lsp.per-file-ignores]
"scripts/*" = ["a\\"b", """c"""]
[[row]]
name = 1
'''


def spelled(path: str) -> str:
    lines = split_lines(TEXT)
    span = place_of(places(TEXT), tuple(path.split("|")))
    assert span is not None, path
    assert span.line == span.end_line
    return f"{span.line}: {lines[span.line][span.column : span.end_column]}"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("top", "1: top"),
        ("list|0", '4: "a"'),
        ("list|1", "5: 'c'"),
        ("list|2|1", "5: 2"),
        ("list|3|x", "5: x"),
        ("date", "7: date"),
        ("tool|review-lsp", '8: "review-lsp"'),
        ("tool|review-lsp|profile", "9: profile"),
        ("tool|review-lsp|severity|secret-in-log", '10: "secret-in-log"'),
        ("tool|review-lsp|severity|other|name", "10: name"),
        ("tool|review-lsp|per-file-ignores|scripts/*|1", '12: """c"""'),
        ("row|name", "14: name"),
        ("tool|review-lsp|unheard|of", '8: "review-lsp"'),
    ],
)
def test_places(path: str, shown: str) -> None:
    assert spelled(path) == shown


def test_what_is_not_there_has_no_place() -> None:
    assert place_of(places(TEXT), ("no", "such")) is None


KEYS = st.text(st.sampled_from("ab-_ .\"'=#[]é😀"), min_size=1, max_size=6)
VALUES = st.recursive(
    st.one_of(
        st.integers(), st.booleans(), st.text(st.sampled_from("ab\"'\\#[]{}=,\n😀"), max_size=8)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[ " + " ,\n ".join(map(written, value)) + " ]"
    return "{ " + ", ".join(f"{quoted(key)} = {written(row)}" for key, row in value.items()) + " }"


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_key_is_found_where_it_stands(table: dict[str, Any]) -> None:
    text = "".join(f"{quoted(key)} = {written(value)}\n" for key, value in table.items())
    assert tomllib.loads(text) == table
    known = places(text)
    lines = split_lines(text)

    def check(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict):
            for key, row in value.items():
                span = known[*path, key]
                assert lines[span.line][span.column : span.end_column] == quoted(key)
                check((*path, key), row)
        elif isinstance(value, list):
            for index, row in enumerate(value):
                if not isinstance(row, dict | list):
                    assert (*path, str(index)) in known
                check((*path, str(index)), row)

    check((), table)


@given(st.text(st.sampled_from("ab[]{}=\"'#,. \n"), max_size=30))
def test_no_text_is_too_odd(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        span = place_of_error(error, text)
        assert span.line < len(split_lines(text))
    places(text)
