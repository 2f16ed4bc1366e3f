"""The parts of a call's arguments are found where they stand."""

from __future__ import annotations

import pytest

from review_checks.facts.arguments import argument_parts
from review_checks.facts.schema import Path
from review_checks.text.editing import slice_text
from review_checks.text.lines import split_lines

CALL = """\
LOG.debug("é %s" % password, f"a {x!r} {self.pw:>{w}}"
    f" and {y}",  # a comment
    *command,
    info={"ä": user, **rest}, text=", ".join([one, "é", two]),
    last=p if q else r)"""


def paths(text: str) -> list[tuple[int, str, str]]:
    taken = argument_parts(text)
    assert taken is not None
    lines = split_lines(text)
    return [
        (part.argument, slice_text(lines, part.span), part.value.text)
        for part in taken.parts
        if isinstance(part.value, Path)
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_parts(end: str) -> None:
    assert paths(CALL.replace("\n", end)) == [
        (0, "password", "password"),
        (1, "{x!r}", "x"),
        (1, "{self.pw:>{w}}", "self.pw"),
        (1, "{y}", "y"),
        (2, "command", "command"),
        (3, "user", "user"),
        (3, "rest", "rest"),
        (4, "one", "one"),
        (4, "two", "two"),
        (5, "p", "p"),
        (5, "r", "r"),
    ]


def test_the_expression_inside_a_field() -> None:
    text = "print(f'{ a.b !r:>3}')"
    taken = argument_parts(text)
    assert taken is not None
    field = taken.parts[-1]
    assert field.inner is not None
    assert slice_text([text], field.inner).strip() == "a.b"


def test_calls_and_awaits() -> None:
    assert paths("await log.info(a)") == [(0, "a", "a")]
    assert paths("f(lambda x: y, a)") == [(1, "a", "a")]


@pytest.mark.parametrize("text", ["a", "f(", "f(a) + 1", "", "x = f(a)", "\0"])
def test_what_is_no_call(text: str) -> None:
    assert argument_parts(text) is None
