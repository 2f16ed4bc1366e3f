"""Questions that lead back to themselves have the same answers whoever asks first, and ever after."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_checks.summaries.incremental import Database, Input, query, query_or_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

edges: Input[tuple[int, ...]] = Input("edges")
"""node → the nodes that it asks, in order."""

NODES = range(6)
MOST_COMPUTATIONS = 2000

Value = tuple[int, tuple[object, ...]]


@query_or_unknown
def node(db: Database, number: int) -> Value:
    found: list[object] = []
    for other in edges(db, number):
        value = node(db, other)
        found.append(value)
        if value is None and len(found) > 1:
            # What is read may depend on what was read.
            break
    return number, tuple(found)


graphs = st.fixed_dictionaries(
    {number: st.lists(st.sampled_from(NODES), max_size=3).map(tuple) for number in NODES}
)


def give(db: Database, graph: Mapping[int, tuple[int, ...]]) -> Database:
    for number, others in graph.items():
        edges.give(db, number, value=others)
    return db


def answers(db: Database, order: Iterable[int] = NODES) -> dict[int, object]:
    found = {number: node(db, number) for number in order}
    assert db.computed < MOST_COMPUTATIONS
    return {number: found[number] for number in NODES}


def test_all_of_a_cycle_are_unknown() -> None:
    db = give(Database(), {0: (1,), 1: (2,), 2: (0, 3), 3: (), 4: (2,), 5: (5,)})
    assert answers(db) == {
        **dict.fromkeys((0, 1, 2)),
        3: (3, ()),
        4: (4, (None,)),
        5: (5, (None,)),
    }


@given(graphs, st.permutations(NODES))
def test_who_asks_first_makes_no_difference(
    graph: dict[int, tuple[int, ...]], order: list[int]
) -> None:
    assert answers(give(Database(), graph), order) == answers(give(Database(), graph))


@given(graphs, st.lists(st.tuples(graphs, st.permutations(NODES)), min_size=1, max_size=4))
def test_cycles_come_and_go(
    graph: dict[int, tuple[int, ...]],
    changes: Sequence[tuple[dict[int, tuple[int, ...]], list[int]]],
) -> None:
    db = give(Database(), graph)
    answers(db)
    for changed, order in changes:
        give(db, changed)
        # Some are asked, and some only because others ask them.
        for number in order[:3]:
            node(db, number)
        db.sweep(2)
        assert answers(db, order) == answers(give(Database(), changed))


@given(graphs, graphs, st.sets(st.sampled_from(NODES)))
def test_what_was_let_go_is_found_out_again(
    graph: dict[int, tuple[int, ...]], changed: dict[int, tuple[int, ...]], kept: set[int]
) -> None:
    db = give(Database(), graph)
    answers(db)
    wanted = frozenset().union(*(db.reached(node, (number,)) for number in kept))
    db.keep(wanted, lambda _: True)
    assert answers(db) == answers(give(Database(), graph))
    db.keep(frozenset(), lambda _: True)
    give(db, changed)
    assert answers(db) == answers(give(Database(), changed))


def test_an_interrupted_cycle_is_found_again() -> None:
    graph = {0: (1, 3), 1: (2,), 2: (0, 4), 3: (), 4: (), 5: (2,)}
    wanted = answers(give(Database(), graph))
    for moment in range(12):
        db = give(Database(), graph)
        ticks = iter(range(1000))

        def pause(ticks: Iterable[int] = ticks, moment: int = moment) -> None:
            if next(iter(ticks)) == moment:
                raise KeyboardInterrupt

        db.pause = pause
        db.computed = 15
        with contextlib.suppress(KeyboardInterrupt):
            answers(db)
        db.pause = None
        db.computed = 0
        assert answers(db) == wanted


def test_a_query_that_knows_of_no_cycles_still_fails() -> None:
    @query
    def endless(db: Database, number: int) -> object:
        return endless(db, 1 - number)

    with pytest.raises(RuntimeError, match="depends on itself"):
        endless(Database(), 0)
