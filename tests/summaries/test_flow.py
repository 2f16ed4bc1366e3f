"""Questions about control flow have the answers that running the code gives."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from review_checks.facts.lower import lower_unit
from review_checks.facts.schema import Function, RegionKind
from review_checks.summaries.flow import (
    ancestry,
    between,
    block_of,
    dominates,
    finally_around,
    handlers_around,
    is_inside,
    loops_around,
    may_follow,
    regions_of,
    statements_in,
)


def parsed(text: str) -> tuple[Function, dict[str, int]]:
    """Return a function, and the statements of its calls ``a()``, ``b()``, … by name."""
    body = lower_unit(
        "def use():\n" + indent(dedent(text).strip("\n"), "    ") + "\n", 0
    ).functions[0]
    return body, {call.callee: call.statement for call in body.calls}


SEQUENCES = {
    "one after the other": ("a()\nb()", True, True),
    "the other way round": ("b()\na()", False, False),
    "in a branch": ("if x:\n    a()\nb()", False, True),
    "into a branch": ("a()\nif x:\n    b()", True, True),
    "in two branches": ("if x:\n    a()\nelse:\n    b()", False, False),
    "in the branches of a chain": (
        "if x:\n    a()\nelif y:\n    pass\nelse:\n    b()",
        False,
        False,
    ),
    "in a condition": ("if a():\n    b()", True, True),
    "in the condition of a chain": ("if x:\n    pass\nelif a():\n    b()", True, True),
    "behind a return": ("if x:\n    a()\n    return\nb()", False, False),
    "behind a raise": ("if x:\n    a()\n    raise\nb()", False, False),
    "behind a break": ("while x:\n    a()\n    break\nb()", False, True),
    "in a loop, and behind it": ("for x in y:\n    a()\nb()", False, True),
    "before a loop": ("a()\nwhile x:\n    b()", True, True),
    "in a loop and its else": ("for x in y:\n    a()\nelse:\n    b()", False, True),
    "in a try and its handler": ("try:\n    a()\nexcept E:\n    b()", False, True),
    "in a try and its else": ("try:\n    a()\nexcept E:\n    pass\nelse:\n    b()", None, True),
    "in a try and its finally": ("try:\n    a()\nfinally:\n    b()", False, True),
    "in a handler and its finally": (
        "try:\n    pass\nexcept E:\n    a()\nfinally:\n    b()",
        False,
        True,
    ),
    "in two handlers": ("try:\n    pass\nexcept E:\n    a()\nexcept F:\n    b()", False, False),
    "in a handler and behind it": ("try:\n    pass\nexcept E:\n    a()\nb()", False, True),
    "in a handler that returns": (
        "try:\n    pass\nexcept E:\n    a()\n    return\nb()",
        False,
        False,
    ),
    "in a with, and behind it": ("with x:\n    a()\nb()", None, True),
    "in two cases": ("match x:\n    case 1:\n        a()\n    case 2:\n        b()", False, False),
    "behind an endless loop": ("while True:\n    a()\nb()", False, None),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_what_may_and_what_must_come_before(name: str) -> None:
    text, before, after = SEQUENCES[name]
    body, at = parsed(text)
    if before is not None:
        assert dominates(body, at["a"], at["b"]) is before
    if after is not None:
        assert may_follow(body, at["a"], at["b"]) is after


def test_a_statement_follows_and_dominates_itself() -> None:
    body, at = parsed("if x:\n    a()")
    assert dominates(body, at["a"], at["a"])
    assert may_follow(body, at["a"], at["a"])


def test_what_stands_around_a_statement() -> None:
    body, at = parsed(
        """
        for x in y:
            try:
                try:
                    a()
                except First:
                    b()
                finally:
                    c()
            except Second:
                pass
            while z:
                d()
        """
    )
    types = [handler.types for handler in handlers_around(body, at["a"])]
    assert types == [("First",), ("Second",)]
    assert [handler.types for handler in handlers_around(body, at["b"])] == [("Second",)]
    assert [handler.types for handler in handlers_around(body, at["c"])] == [("Second",)]
    assert list(handlers_around(body, at["d"])) == []
    assert list(finally_around(body, at["b"])) == list(finally_around(body, at["a"]))
    assert list(finally_around(body, at["c"])) == []
    assert len(list(loops_around(body, at["d"]))) == 2
    assert len(list(loops_around(body, at["a"]))) == 1
    chain = ancestry(body, at["a"])
    assert [body.regions[region].kind for region, _ in chain] == [
        RegionKind.TRY,
        RegionKind.TRY,
        RegionKind.LOOP,
        RegionKind.BODY,
    ]
    assert chain[0][1] == at["a"]
    assert all(is_inside(body, at["a"], region) for region, _ in chain)
    assert not is_inside(body, at["d"], chain[0][0])


def test_blocks_and_what_is_in_them() -> None:
    body, at = parsed("if x:\n    a()\n    b()\nelse:\n    c()\nd()")
    (top,) = [index for index, region in enumerate(body.regions) if region.owner < 0]
    first, second = statements_in(body, top)
    assert second == at["d"]
    then, other = regions_of(body, first)
    assert statements_in(body, then) == [at["a"], at["b"]]
    orders = {call.callee: call.at for call in body.calls}
    assert orders["a"] in block_of(body, then)
    assert orders["c"] not in block_of(body, then)
    assert orders["c"] in block_of(body, other)
    assert list(between(body, at["a"], at["b"])) == []
    assert orders["b"] in between(body, at["a"], at["c"])
