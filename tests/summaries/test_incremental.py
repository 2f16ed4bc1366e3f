"""The incremental database gives what a computation from scratch gives, and spares the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_checks.summaries.incremental import CycleError, Database, Input, query

number: Input[int] = Input("number")
calls: list[str] = []


@query
def parity(db: Database, name: str) -> int:
    calls.append(f"parity {name}")
    return number(db, name) % 2


@query
def chosen(db: Database, selector: str, left: str, right: str) -> int:
    calls.append("chosen")
    # The dependencies depend on a value.
    return parity(db, left) if parity(db, selector) else number(db, right)


@query
def total(db: Database) -> int:
    calls.append("total")
    return chosen(db, "a", "b", "c") + chosen(db, "b", "c", "a") + parity(db, "c")


@query
def endless(db: Database, name: str) -> int:
    return endless(db, name)


def give(db: Database, **values: int) -> None:
    for name, value in values.items():
        number.give(db, name, value=value)


def test_an_equal_value_stops_the_change() -> None:
    db = Database()
    give(db, a=1, b=2, c=3)
    before = total(db)
    calls.clear()
    number.give(db, "b", value=4)
    assert total(db) == before
    assert calls == ["parity b"]


def test_nothing_is_computed_when_nothing_changed() -> None:
    db = Database()
    give(db, a=1, b=2, c=3)
    total(db)
    count = db.computed
    number.give(db, "a", value=1)
    total(db)
    assert db.computed == count


def test_a_question_asked_first_after_a_change_sees_it() -> None:
    @query
    def doubled(db: Database) -> int:
        return 2 * total(db)

    db = Database()
    give(db, a=1, b=2, c=3)
    before = total(db)
    number.give(db, "a", value=2)
    assert doubled(db) == 2 * total(db) != 2 * before


def test_a_query_that_needs_itself_is_an_error() -> None:
    with pytest.raises(CycleError):
        endless(Database(), "a")


def test_unread_cells_are_forgotten() -> None:
    db = Database()
    give(db, a=1, b=2, c=3)
    total(db)
    db.release(query_of(total), ())
    db.sweep()
    count = db.computed
    total(db)
    assert db.computed > count


def query_of(ask: object) -> object:
    return ask.__wrapped__  # type: ignore[attr-defined]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.booleans()), max_size=30))
def test_incremental_equals_from_scratch(edits: list[tuple[str, int, bool]]) -> None:
    db = Database()
    values = {"a": 1, "b": 2, "c": 3}
    give(db, **values)
    total(db)
    for name, value, ask in edits:
        values[name] = value
        number.give(db, name, value=value)
        if not ask:
            continue
        fresh = Database()
        give(fresh, **values)
        assert total(db) == total(fresh)
        assert chosen(db, "c", "a", "b") == chosen(fresh, "c", "a", "b")


def test_an_input_that_is_fetched_on_the_way_may_change_others() -> None:
    db = Database()
    give(db, a=1, b=2, c=3)
    before = total(db)
    fetched: Input[int] = Input("fetched")

    def fetch() -> int:
        give(db, a=2)
        return 10

    db.provide(fetched, fetch)

    @query
    def outer(db: Database) -> int:
        return fetched(db) + total(db)

    assert outer(db) == 10 + total(db) != 10 + before
