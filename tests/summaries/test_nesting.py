"""What is taken below a call is known as its caller knows it, and an edit disturbs only its callers."""

from __future__ import annotations

import pytest

from review_checks.model import Span
from review_checks.summaries.blocking import waits_at, waits_below, way_to_wait
from review_checks.summaries.calling import calls_of
from review_checks.summaries.index import qualified_name
from review_checks.summaries.locking.acquisitions import SOMEWHERE, acquisitions
from review_checks.summaries.locking.nesting import MAX_DEPTH, locks_below, nestings, way_to
from support.project import Project, project


def below(found: Project, name: str) -> set[tuple[str, str]]:
    """Return identity and path of each lock that a function may take."""
    tokens = locks_below(found.db, found.function(name), MAX_DEPTH)
    return {(token.identity, token.path) for token in tokens}


def called(found: Project, name: str) -> list[str]:
    """Return the functions that a function runs."""
    rows = calls_of(found.db, found.function(name))
    return [qualified_name(found.db, link.target) for _, link in rows]


OBJECTS = {
    "self.own()": "self",
    "self.child.own()": "self.child",
    "other.own()": "other",
    "Node.own(other)": "other",
    "pick().own()": SOMEWHERE,
}


@pytest.mark.parametrize("call", OBJECTS)
def test_a_lock_belongs_to_the_object_that_the_caller_names(call: str) -> None:
    found = project(
        f"""
        import threading

        class Node:
            def __init__(self):
                self._lock = threading.Lock()
                self.child = Node()

            def own(self):
                with self._lock:
                    pass

            def use(self, other: "Node"):
                {call}

        def pick() -> Node:
            return Node()
        """
    )
    assert below(found, "Node.use") == {("case.Node._lock", OBJECTS[call])}


def test_the_lock_of_an_object_being_made_is_free() -> None:
    found = project(
        """
        import threading

        shared = threading.Lock()

        class Node:
            def __init__(self):
                self._lock = threading.Lock()
                with self._lock, shared:
                    pass

        def make():
            return Node()
        """
    )
    assert below(found, "make") == {("case.shared", "")}


def test_a_lock_of_the_class_is_one_for_all_objects() -> None:
    found = project(
        """
        import dataclasses, threading

        @dataclasses.dataclass
        class Node:
            shared = threading.Lock()
            own: threading.Lock = dataclasses.field(default_factory=threading.Lock)

            def use(self):
                with self.shared, self.own:
                    pass
        """
    )
    rows = acquisitions(found.db, found.function("Node.use"))
    assert [row.token.path for row in rows] == ["", "self"]


def test_a_key_goes_by_the_name_it_has_in_the_caller() -> None:
    found = project(
        """
        from oslo_concurrency import lockutils

        def destroy(server):
            with lockutils.lock(server.uuid):
                pass

        def rebuild(instance):
            def run():
                destroy(instance)
            run()

        def sweep(instances):
            destroy(instances.pop())
        """
    )
    assert {path for _, path in below(found, "rebuild")} == {"instance.uuid"}
    assert {path for _, path in below(found, "rebuild.run")} == {"instance.uuid"}
    assert below(found, "sweep") == set()


FLAGS = {
    "": True,
    "locked=False": True,
    "locked=True": False,
    "locked=given": True,
    "locked=1": False,
}


@pytest.mark.parametrize("given", FLAGS)
def test_a_flag_decides_what_is_taken(given: str) -> None:
    found = project(
        f"""
        import threading

        lock = threading.Lock()

        def inner(locked=False):
            if locked:
                return
            with lock:
                pass

        def outer(given):
            inner({given})

        def yes():
            outer(True)

        def no():
            outer(False)
        """
    )
    assert bool(below(found, "outer")) is FLAGS[given]
    if given == "locked=given":
        assert not below(found, "yes")
        assert below(found, "no")


def test_only_what_runs_at_once_is_run() -> None:
    found = project(
        """
        import asyncio, threading, utils

        def work(): pass

        async def serve(): pass

        def rows():
            yield 1

        @utils.run_in_thread
        def later(): pass

        async def main():
            work()
            later()
            serve()
            rows()
            threading.Thread(target=work)
            asyncio.create_task(serve())
            lambda: work()
            await serve()
            for _ in rows():
                pass
        """
    )
    assert called(found, "main") == ["work", "serve", "rows"]


def test_properties_and_methods_of_the_base_are_run() -> None:
    found = project(
        """
        class Base:
            def start(self): pass

            @property
            def size(self): return 1

        class Table(Base):
            def start(self):
                super().start()
                return self.size
        """
    )
    assert sorted(called(found, "Table.start")) == ["Base.size", "Base.start"]


def test_recursion_has_an_answer_whoever_asks_first() -> None:
    text = """
        import threading

        one, two = threading.Lock(), threading.Lock()
        first = threading.Lock()
        second = threading.Lock()

        def ping(n):
            with first:
                pass
            pong(n)

        def pong(n):
            with second:
                pass
            ping(n)
        """
    there, back = project(text), project(text)
    assert below(there, "ping") == below(there, "pong")
    assert below(back, "pong") == below(back, "ping") == below(there, "ping")


def test_the_way_to_a_lock_is_the_shortest() -> None:
    found = project(
        """
        import threading

        outer = threading.Lock()
        inner = threading.Lock()

        def start():
            with outer:
                long_way()
                short_way()

        def long_way():
            short_way()

        def short_way():
            with inner:
                pass
        """
    )
    function = found.function("start")
    ways = [way_to(found.db, function, row) for row in nestings(found.db, function)]
    names = [
        [qualified_name(found.db, step.callee) for step in way[0]]
        for way in ways
        if way is not None
    ]
    assert names == [["long_way", "short_way"], ["short_way"]]


def test_an_edit_that_takes_no_other_lock_stops_at_its_function() -> None:
    text = (
        "import threading\n\nlock = threading.Lock()\n\n\ndef leaf():\n    with lock:\n        pass\n\n\n"
        + "".join(
            [f"def f{n}():\n    {'leaf' if not n else f'f{n - 1}'}()\n\n\n" for n in range(6)]
        )
        + "def top():\n    with lock:\n        f5()\n"
    )
    found = Project({"case.py": text})
    assert [row.inner.identity for row in nestings(found.db, found.function("top"))] == [
        "case.lock"
    ]
    nestings(found.db, found.function("top"))
    before = found.db.computed
    found.workspace.change("case.py", [(Span(7, 8, 7, 12), "print(1)")])
    nestings(found.db, found.function("top"))
    body_only = found.db.computed - before
    before = found.db.computed
    found.workspace.change("case.py", [(Span(6, 9, 6, 13), "None")])
    assert nestings(found.db, found.function("top")) == ()
    assert body_only < found.db.computed - before


def test_waits_are_found_by_the_fewest_calls() -> None:
    found = project(
        """
        import subprocess, time

        def top():
            middle()
            time.sleep(0)

        def middle():
            deep()
            time.sleep(1)

        def deep():
            subprocess.run(["ls"])

        def far():
            top()
        """
    )
    function = found.function("top")
    assert [(wait.name, calls) for _, wait, calls in waits_at(found.db, function)] == [
        ("time.sleep", 2)
    ]
    kinds = {wait.kind for wait in waits_below(found.db, found.function("far"), 4)}
    assert kinds == {"sleep", "subprocess"}
    assert not waits_below(found.db, found.function("far"), 2)
    way = way_to_wait(found.db, function, ("c", 0), 2)
    assert [qualified_name(found.db, where) for where, _ in way] == ["top", "middle"]
