"""Comments that declare guards are read where they stand, and say which lock they mean."""

from __future__ import annotations

import pytest

from review_checks.summaries.locking.declarations import (
    declarations_in,
    declared_lock,
    declaring_write,
    lock_named,
)
from review_checks.summaries.locking.guarding import class_guarding, module_guarding
from review_checks.summaries.locking.locks import held
from support.project import project

COMMENTS = {
    "# guarded by: self._lock": "self._lock",
    "# guarded by: _lock": "_lock",
    "# Guarded by: `self._lock`": "self._lock",
    "#guarded by :self.pool.lock": "self.pool.lock",
    "# guarded by: 'nodes'": "'nodes'",
    '# guarded by: "nodes"': '"nodes"',
    "# guarded by: _lock  # noqa: X1": "_lock",
    "# guarded by: _lock (not its items)": "_lock",
    "# guarded by: _lock \u2014 the items are not": "_lock",
    "# guarded by: the caller's lock": "",
    "# guarded by: nobody knows": "",
    "# guarded by: `_lock": "",
    "# guarded by:": "",
    "# guarded by _lock": "",
    "# it is guarded by: _lock": "",
}


@pytest.mark.parametrize("comment", COMMENTS)
def test_what_a_comment_declares(comment: str) -> None:
    assert declared_lock(comment) == COMMENTS[comment]


def test_where_a_comment_declares() -> None:
    found = project(
        """
        import threading

        _lock = threading.Lock()
        _rows = []  # guarded by: _lock
        _plain = {}

        class Shared:
            # guarded by: _own
            table = {}
            _own = threading.Lock()

            def __init__(self):
                self.behind = []  # guarded by: self._own
                # guarded by: self._own
                self.below = 0
                self.wide = [
                    1,
                ]  # guarded by: self._own
                self.other = self.behind  # of the line above
                self.item[0] = 1  # guarded by: self._own
                local = 1  # guarded by: self._own

                # guarded by: self._own

                self.far = local

            def later(self):
                global _plain
                _plain = {}  # guarded by: _lock
                self.late = 1  # guarded by: self._own
        """
    )
    db = found.db
    assert declarations_in(db, found.function("Shared.__init__")) == (
        (".behind", "self._own"),
        (".below", "self._own"),
        (".wide", "self._own"),
    )
    assert declarations_in(db, found.function("Shared.later")) == (
        ("_plain", "_lock"),
        (".late", "self._own"),
    )
    assert declarations_in(db, found.function("Shared")) == ((".table", "_own"),)
    assert declarations_in(db, found.function("")) == (("_rows", "_lock"),)
    index = declaring_write(db, found.function("Shared.__init__"), ".wide")
    assert index is not None
    assert found.facts("Shared.__init__").writes[index].path == "self.wide"
    assert declaring_write(db, found.function("Shared.__init__"), ".far") is None


NAMES = {
    "self._own": "case.Shared._own",
    "_own": "case.Shared._own",
    "cls._own": "case.Shared._own",
    "_lock": "case._lock",
    "NAME": "oslo_concurrency:'nodes'",
    "'nodes'": "oslo_concurrency:'nodes'",
    "self._inherited_lock": "case.Shared._inherited_lock",
    "self._mistyped_lock": None,
    "_lok": None,
    "'others'": None,
    "self.rows": None,
}


@pytest.mark.parametrize("name", NAMES)
def test_which_lock_a_declaration_means(name: str) -> None:
    base = "library.Base" if "inherited" in name else "object"
    found = project(
        f"""
        import threading

        import library
        from oslo_concurrency import lockutils

        NAME = "nodes"
        _lock = threading.Lock()

        class Shared({base}):
            def __init__(self):
                self._own = threading.Lock()
                self.rows = []

            @lockutils.synchronized(NAME)
            def use(self):
                pass
        """
    )
    rows = held(found.db, found.function("Shared.use"))
    taken = {row.guard.identity: row.guard for row in rows}
    guard = lock_named(found.db, found.function("Shared.__init__"), name, taken)
    expected = NAMES[name]
    assert (guard.identity if guard else None) == expected


def test_a_declared_guard_goes_before_the_usual_one() -> None:
    found = project(
        """
        import threading

        class Shared:
            def __init__(self):
                self._lock = threading.Lock()
                self._other = threading.Lock()
                self.count = 0  # guarded by: self._other

            def one(self):
                with self._lock:
                    self.count += 1

            def two(self):
                with self._lock:
                    self.count += 1

        class Heir(Shared):
            def three(self):
                self.count += 1
        """
    )
    for owner in ("case.Shared", "case.Heir"):
        (by,) = class_guarding(found.db, owner).values()
        assert by.guard.identity == "case.Shared._other"
        assert by.declaration == found.function("Shared.__init__")


def test_a_variable_of_a_module_is_declared_without_any_use_under_the_lock() -> None:
    found = project(
        """
        import threading

        _lock = threading.Lock()
        _count = 0  # guarded by: _lock

        def add():
            global _count
            _count += 1
        """
    )
    (by,) = module_guarding(found.db, "case.py").values()
    assert by.guard.identity == "case._lock"
