"""Which locks are held at the uses of a field follows from all ways that lead there."""

from __future__ import annotations

import itertools
from textwrap import indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review_checks.options import Options
from review_checks.summaries.locking.entry_guards import class_solution
from review_checks.summaries.locking.sharing import class_sharing, module_sharing
from support.project import Project, project

HEAD = """\
import asyncio, collections, contextlib, functools, queue, threading

class Shared(object):
    def __init__(self, given=None):
        self._lock = threading.Lock()
        self._other = threading.RLock()
        self.field = []
        self._start()

    def one(self):
        with self._lock:
            self.field.append(1)

    def two(self):
        with self._lock:
            self.field.pop()

    def stray(self):
        self.field.clear()

"""


def shared(text: str) -> Project:
    return project(HEAD + indent(text.strip("\n"), "    ") + "\n")


def uses(found: Project, owner: str = "case.Shared", field: str = ".field") -> dict[str, str]:
    """Return, for each use of a field, whether the lock is held, as ``W+ r-``: write, read."""
    rows: dict[str, list[str]] = {}
    for access in class_sharing(found.db, owner).fields.get(field, ()):
        known = any(name.endswith("._lock") for name in access.guards)
        mark = "+" if known else "?" if "?" in access.guards else "-"
        rows.setdefault(access.name.removeprefix("Shared."), []).append(
            ("W" if access.site.write else "r") + mark
        )
    return {name: " ".join(marks) for name, marks in rows.items()}


WAYS = {
    "called under the lock": (
        """
        def use(self):
            with self._lock:
                self._use()

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W+"},
    ),
    "called under the lock, and elsewhere without": (
        """
        def use(self):
            with self._lock:
                self._use()

        def more(self):
            self._use()

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W-"},
    ),
    "called under different locks": (
        """
        def use(self):
            with self._lock:
                self._use()

        def more(self):
            with self._other:
                self._use()

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W-"},
    ),
    "called under the lock, and under one that is not known": (
        """
        def use(self):
            with self._lock:
                self._use()

        def more(self, lock):
            with lock:
                self._use()

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W?"},
    ),
    "helpers that call each other": (
        """
        def use(self):
            with self._lock:
                self._use(3)

        def _use(self, depth):
            self.field.sort()
            self._more(depth - 1)

        def _more(self, depth):
            self.field.reverse()
            self._use(depth)
        """,
        {"_use": "W+", "_more": "W+"},
    ),
    "nobody is known to call it": (
        """
        def _use(self):
            self.field.sort()
        """,
        {},
    ),
    "only the maker of the object calls it": (
        """
        def _start(self):
            self._use()

        def _use(self):
            self.field.sort()
        """,
        {},
    ),
    "the maker of the object and a holder call it": (
        """
        def _start(self):
            self._use()

        def use(self):
            with self._lock:
                self._use()

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W+"},
    ),
    "handed on as a value": (
        """
        def use(self, registry):
            registry.add(self._use)

        def more(self):
            with self._lock:
                self._use()

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W-"},
    ),
    "handed on under the lock, to what calls it at once": (
        """
        def use(self, retry):
            with self._lock:
                retry(self._use)

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W+"},
    ),
    "handed under the lock to a thread": (
        """
        def use(self):
            with self._lock:
                threading.Thread(target=self._use).start()

        def _use(self):
            self.field.sort()
        """,
        {"_use": "W-"},
    ),
    "a coroutine made under the lock and run by a task": (
        """
        def use(self):
            with self._lock:
                asyncio.create_task(self._use())

        async def _use(self):
            self.field.sort()
        """,
        {"_use": "W-"},
    ),
    "a property": (
        """
        def use(self):
            with self._lock:
                return self._use

        @property
        def _use(self):
            return self.field
        """,
        {"_use": "r+"},
    ),
    "a nested function that is called under the lock": (
        """
        def use(self):
            def work():
                self.field.sort()
            with self._lock:
                work()
        """,
        {"use.work": "W+"},
    ),
    "a nested function that a thread runs": (
        """
        def use(self):
            def work():
                self.field.sort()
            with self._lock:
                threading.Thread(target=work).start()
        """,
        {"use.work": "W-"},
    ),
    "a nested function that is handed to nobody knows whom": (
        """
        def use(self, later):
            def work():
                self.field.sort()
            later(work)
        """,
        {},
    ),
    "a public name that several siblings call under the lock": (
        """
        def use(self):
            with self._lock:
                self.helper()

        def more(self):
            with self._lock:
                self.helper()

        def helper(self):
            self.field.sort()
        """,
        {"helper": "W+"},
    ),
    "a public name that one sibling calls under the lock": (
        """
        def use(self):
            with self._lock:
                self.helper()

        def helper(self):
            self.field.sort()
        """,
        {"helper": "W-"},
    ),
    "a read lock": (
        """
        def use(self):
            with self._lock.read_lock():
                self.field.sort()
                return self.field
        """,
        {"use": "W- r+"},
    ),
    "a helper that says that its caller holds the lock": (
        """
        def use(self):
            self._use_locked()

        def _use_locked(self):
            self.field.sort()
            self._more()

        def _more(self):
            self.field.reverse()
        """,
        {"_use_locked": "W?", "_more": "W?"},
    ),
    "several uses in one statement are one place": (
        """
        def use(self):
            self.field = self.field[:1] + self.field[2:]
        """,
        {"use": "W-"},
    ),
    "through a local name": (
        """
        def use(self):
            field = self.field
            field.sort()
            field[0].sort()
        """,
        {"use": "r- W- W-"},
    ),
    "what was swapped out is nobody else's": (
        """
        def use(self):
            with self._lock:
                field, self.field = self.field, []
            field.sort()
        """,
        {"use": "W+"},
    ),
    "through the class": (
        """
        def use(self):
            self.__class__.field.sort()
            Shared.field.sort()

        @classmethod
        def more(cls):
            cls.field.sort()
        """,
        {"use": "W- W-", "more": "W-"},
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_which_locks_are_held(name: str) -> None:
    text, expected = WAYS[name]
    lines = [line.removeprefix("        ") for line in text.strip("\n").splitlines()]
    found = uses(shared("\n".join(lines)))
    for known in ("one", "two", "stray"):
        assert found.pop(known) == ("W-" if known == "stray" else "W+")
    assert found == expected


KINDS = {
    "[]": "W",
    "{}": "W",
    "list(given)": "W",
    "given or {}": "W",
    "collections.deque()": "W",
    "given": "r",
    "Client()": "r",
    "Locked()": "r",
    "queue.Queue()": "r",
    "threading.local()": "r",
    "None": "r",
}


@pytest.mark.parametrize("value", KINDS)
def test_update_changes_what_is_known_to_be_a_container(value: str) -> None:
    text = HEAD.replace("self.field = []", f"self.field = {value}") + (
        "    def use(self):\n        self.field.update(1)\n\n"
        "class Client(Exception):\n    def update(self, value):\n        self.value = value\n\n"
        "class Locked:\n    def __init__(self):\n        self._lock = threading.Lock()\n\n"
        "    def update(self, value):\n        with self._lock:\n            self.value = value\n"
    )
    found = uses(project(text.replace("clear()", "append(1)").replace("pop()", "append(2)")))
    assert found.get("use", "r-") == KINDS[value] + "-"


CHANGES = {
    "self.field = 1": ("W", False),
    "self.field += 1": ("W", True),
    "del self.field": ("W", True),
    "self.field[1] = 2": ("W", True),
    "self.field[1:2] = 2": ("W", True),
    "del self.field[1]": ("W", True),
    "self.field[1] += 2": ("W", True),
    "self.field.setdefault(1, []).append(2)": ("W", True),
    "self.field = self.field + 1": ("W", True),
    "for self.field in range(3): pass": ("W", False),
    "self.field, other = 1, 2": ("W", False),
    "self.field[1].attribute = 2": ("r", False),
    "self.field[1].append(2)": ("W", True),
    "self.field[1].update(2)": ("r", False),
    "self.field.attribute.append(2)": ("r", False),
    "print(self.field)": ("r", False),
    "return self.field.copy()": ("r", False),
}


@pytest.mark.parametrize("statement", CHANGES)
def test_what_changes_a_field(statement: str) -> None:
    found = shared(f"def use(self):\n    {statement}")
    rows = class_sharing(found.db, "case.Shared").fields[".field"]
    (site,) = [access.site for access in rows if access.name == "Shared.use"]
    assert ("W" if site.write else "r", site.compound) == CHANGES[statement]


def test_records_of_the_object_are_taken_apart() -> None:
    text = HEAD.replace("self.field = []", "self.field = Record()").replace("append(1)", "grow(1)")
    text = text.replace("self.field.pop()", "self.field.names.update(a=1)")
    found = project(
        text.replace("clear()", "grow(2)")
        + """\
    def show(self):
        self.field.names.update(b=1)
        return self.field.show()

class Record:
    def __init__(self):
        self.size = 0
        self.names = {}

    def grow(self, size):
        self.size += size

    def show(self):
        return self.size
"""
    )
    assert uses(found) == {"one": "W+", "stray": "W-", "show": "r-"}
    assert uses(found, field=".field.names") == {"two": "W+", "show": "W-"}


def test_variables_of_a_module_and_the_methods_that_use_them() -> None:
    found = project(
        """
        import threading

        _lock = threading.Lock()
        cache = {}
        cache["first"] = 1

        def put(key):
            with _lock:
                cache[key] = 1

        def drop(cache):
            cache.clear()

        class Reader:
            def get(self, key):
                with _lock:
                    return cache.pop(key)

            def reset(self):
                global cache
                cache = {}
        """
    )
    rows = module_sharing(found.db, "case.py").fields["cache"]
    assert [(row.name, row.site.write, sorted(row.guards)) for row in rows] == [
        ("put", True, ["case._lock"]),
        ("Reader.get", True, ["case._lock"]),
        ("Reader.reset", True, []),
    ]


def test_a_mixin_knows_the_lock_of_the_class_it_is_mixed_into() -> None:
    found = project(
        """
        import threading

        class Mixin:
            def put(self, key):
                with self._lock:
                    self.rows[key] = 1

        class Base:
            def __init__(self):
                self._lock = threading.Lock()
                self.rows = {}

        class Store(Mixin, Base):
            def get(self, key):
                with self._lock:
                    return self.rows.pop(key)

            def reset(self):
                self.rows.clear()
        """
    )
    assert {
        access.name: sorted(access.guards)
        for access in class_sharing(found.db, "case.Store").fields[".rows"]
    } == {"Store.get": ["case.Base._lock"], "Store.reset": [], "Mixin.put": ["case.Base._lock"]}


def test_an_override_is_what_the_base_calls() -> None:
    found = project(
        """
        import threading

        class Base:
            def __init__(self):
                self._lock = threading.Lock()
                self.rows = {}

            def run(self):
                with self._lock:
                    self._step()

            def _step(self):
                raise NotImplementedError

        class Worker(Base):
            def _step(self):
                self.rows.clear()

            def reset(self):
                self.rows["a"] = 1
        """
    )
    rows = class_sharing(found.db, "case.Worker").fields[".rows"]
    assert [(row.name, bool(row.guards)) for row in rows] == [
        ("Worker._step", True),
        ("Worker.reset", False),
    ]


def test_without_locks_there_is_nothing_to_compare() -> None:
    found = project("class A:\n    def put(self):\n        self.rows = 1\n")
    assert class_solution(found.db, "case.A").users == {}


# Findings do not depend on the order in which files are opened, nor on what was typed before.

FILES = {
    "base.py": """
        import threading

        class Base:
            def __init__(self):
                self._lock = threading.Lock()
                self.rows = {}

            def put(self, key):
                with self._lock:
                    self._put(key)

            def _put(self, key):
                self.rows[key] = 1
        """,
    "store.py": """
        from base import Base
        from helpers import exclusive

        class Store(Base):
            @exclusive
            def get(self, key):
                return self.rows.pop(key)

            @exclusive
            def names(self):
                return list(self.rows)

            def reset(self):
                self._reset()

            def _reset(self):
                self.rows.clear()
        """,
    "helpers.py": """
        def exclusive(function):
            def wrapper(self, *args):
                with self._lock:
                    return function(self, *args)
            return wrapper
        """,
    "last.py": """
        from store import Store

        class Last(Store):
            def clean(self):
                self.rows.clear()
        """,
}
RULE = Options(select=("unguarded-write",))


def all_findings(found: Project) -> list[object]:
    return [row for path in sorted(FILES) for row in found.workspace.findings(path)]


@pytest.mark.parametrize("order", list(itertools.permutations(FILES)), ids="-".join)
def test_the_order_of_files_does_not_matter(order: tuple[str, ...]) -> None:
    found = Project({path: FILES[path] for path in order}, RULE)
    rows = all_findings(found)
    assert rows == all_findings(Project(FILES, RULE))
    assert rows


EDITS = (
    ("store.py", "@exclusive", "# exclusive"),
    ("store.py", "self._reset()", "pass"),
    ("store.py", "def reset", "def _other"),
    ("base.py", "with self._lock", "if self._lock"),
    ("base.py", "threading.Lock()", "threading.Semaphore(2)"),
    ("helpers.py", "with self._lock", "with self._other"),
    ("last.py", "(Store)", ""),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(EDITS), max_size=5), st.permutations(tuple(FILES)))
def test_edits_lead_where_a_fresh_start_leads(
    edits: list[tuple[str, str, str]], order: tuple[str, ...]
) -> None:
    found = Project({path: FILES[path] for path in order}, RULE)
    all_findings(found)
    texts = dict(found.files)
    for path, old, new in edits:
        texts[path] = texts[path].replace(old, new)
        found.workspace.open(path, texts[path])
        all_findings(found)
    assert all_findings(found) == all_findings(Project(texts, RULE))


def test_ways_are_not_followed_above_what_anybody_may_call() -> None:
    found = shared(
        "def top(self):\n    with self._lock:\n        self._middle()\n\n"
        "def _middle(self):\n    self.stray()\n"
    )
    solution, stray = class_solution(found.db, "case.Shared"), found.function("Shared.stray")
    assert stray in solution.entries
    assert solution.callers[stray] == ((found.function("Shared._middle"), ".stray", frozenset()),)
