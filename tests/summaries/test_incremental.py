"""The incremental database gives what a computation from scratch gives, and spares the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_checks.summaries.cells import CycleError
from review_checks.summaries.incremental import Database, Input, query

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


def test_what_is_kept_has_all_that_it_came_from() -> None:
    db = Database()
    give(db, a=1, b=2, c=3)
    total(db)
    db.keep(db.reached(parity, ("a",)), lambda cell: cell.key == ("c",))
    assert db.size == 3
    count = db.computed
    parity(db, "a")
    assert db.computed == count
    give(db, b=2)
    assert total(db) == 2
    number.give(db, "a", value=2)
    assert total(db) == 6


def test_inputs_tell_when_they_have_other_values() -> None:
    db = Database()
    seen: list[object] = []
    db.changed = lambda cell: seen.append(cell.key)
    give(db, a=1, b=2)
    give(db, a=1, b=3)
    assert seen == [("b",)]


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


# Queries that raise


@query
def inverse(db: Database, name: str) -> float:
    calls.append(f"inverse {name}")
    return 1 / number(db, name)


@query
def cautious(db: Database, name: str) -> str:
    try:
        return f"{inverse(db, name)}"
    except (ZeroDivisionError, KeyError) as error:
        return type(error).__name__


def test_who_catches_an_error_is_computed_again_when_it_is_gone() -> None:
    db = Database()
    give(db, a=0)
    assert cautious(db, "a") == "ZeroDivisionError"
    number.give(db, "a", value=4)
    assert cautious(db, "a") == "0.25"
    number.give(db, "a", value=0)
    assert cautious(db, "a") == "ZeroDivisionError"


def test_an_error_is_remembered_like_a_value() -> None:
    @query
    def other(db: Database, name: str) -> str:
        return "other " + cautious(db, name)

    db = Database()
    give(db, a=0)
    calls.clear()
    assert other(db, "a") == "other ZeroDivisionError"
    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as raised:
            inverse(db, "a")
        # It says where it comes from, every time.
        assert raised.traceback[-1].name == "inverse"
    assert calls == ["inverse a"]


def test_who_misses_an_input_is_computed_again_when_it_is_given() -> None:
    db = Database()
    assert cautious(db, "a") == "KeyError"
    assert not db.given(number, ("a",))
    assert db.keys_of(number) == []
    number.give(db, "a", value=4)
    assert cautious(db, "a") == "0.25"


def test_an_input_that_failed_to_be_fetched_is_fetched_when_asked_again() -> None:
    db = Database()
    stored = dict.fromkeys("b", 2)
    db.provide(number, stored.__getitem__)
    assert cautious(db, "a") == "KeyError"
    stored["a"] = 4
    assert number(db, "a") == 4
    assert cautious(db, "a") == "0.25"


def test_an_error_that_is_due_to_the_depth_of_the_stack_is_no_answer_to_others() -> None:
    deep = [True]

    @query
    def fragile(db: Database) -> int:
        if deep[0]:
            raise RecursionError
        return number(db, "a")

    db = Database()
    give(db, a=3)
    with pytest.raises(RecursionError):
        fragile(db)
    deep[0] = False
    assert fragile(db) == 3


def test_nothing_but_errors_is_raised_where_a_query_turns_to_a_higher_one() -> None:
    @query
    def low(db: Database) -> int:
        # It was low when it was computed last; the other one waits for what lies below it.
        if parity(db, "a"):
            try:
                return total(db)
            except BaseException as error:
                raise AssertionError from error
        return 0

    @query
    def both(db: Database) -> int:
        return low(db) + total(db)

    db = Database()
    give(db, a=2, b=2, c=3)
    both(db)
    give(db, a=3, b=3)
    fresh = Database()
    give(fresh, a=3, b=3, c=3)
    count = db.computed
    assert both(db) == both(fresh)
    # Each of the cells is computed once, though the order was not known beforehand.
    assert db.computed - count == fresh.computed - 1


def test_cells_are_forgotten_a_few_at_a_time() -> None:
    db = Database()
    give(db, a=1, b=2, c=3)
    total(db)
    db.release(query_of(total), ())
    count = db.computed
    db.sweep(0)
    parity(db, "a")
    assert db.computed == count
    for _ in range(3):
        # The total goes first, then the five that only it read.
        db.sweep(2)
    parity(db, "a")
    assert db.computed == count + 1


@query
def _far(db: Database) -> int:
    return number(db, "x")


@query
def _fetching(db: Database) -> int:
    return number(db, "z") if _switch(db) else 0


@query
def _switch(db: Database) -> int:
    return number(db, "y")


@query
def _between(db: Database) -> int:
    number(db, "y")
    found = _far(db)
    _fetching(db)
    return found


@query
def _again(db: Database) -> int:
    return _between(db)


@query
def _reading(db: Database) -> tuple[int, int, int]:
    return _between(db), _far(db), _again(db)


@query
def _low(db: Database) -> tuple[int, int, int]:
    if number(db, "y"):
        _between(db)
    return _reading(db)


@query
def _top(db: Database) -> tuple[tuple[int, int, int], int]:
    return _low(db), _between(db)


def test_what_is_read_for_the_first_time_tells_of_a_change_in_the_same_run() -> None:
    db = Database()
    give(db, x=1, y=0)

    def fetch(_name: str) -> int:
        # Something else changes in passing.
        give(db, x=2)
        return 9

    db.provide(number, fetch)
    _top(db)
    give(db, y=1)
    assert _top(db) == ((2, 2, 2), 2)
    assert _reading(db) == (2, 2, 2)


@query
def _doubled(db: Database) -> int:
    return 2 * number(db, "x")


@query
def _before_and_after(db: Database) -> tuple[int, int]:
    first = _doubled(db)
    number(db, "z")
    return first, _doubled(db)


def test_what_was_asked_for_from_outside_tells_of_a_change_too() -> None:
    db = Database()
    give(db, x=1)

    def fetch(_name: str) -> int:
        give(db, x=2)
        return 9

    db.provide(number, fetch)
    assert _doubled(db) == 2
    assert _before_and_after(db) == (4, 4)
