"""The fix *hold the lock* keeps whatever shape the code around the write has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from review_checks.model import Finding, Fix, Refusal
from support.literate import analyse, apply_fix

if TYPE_CHECKING:
    from review_checks.engine.workspace import Workspace

PATH = "case.py"
RULE = "unguarded-write"

HEAD = """\
import asyncio
import threading


class Shared:
    def __init__(self):
        self._lock = LOCK
        self.items = {}
        self.count = 0

    def one(self, key):
        with self._lock:
            self.items[key] = 1
            self.count += 1

    def two(self, key):
        with self._lock:
            del self.items[key]
            self.count -= 1

    def three(self):
        with self._lock:
            return len(self.items), self.count

    def four(self):
        with self._lock:
            return sorted(self.items), self.count

    def five(self):
        with self._lock:
            return min(self.items), self.count

    def six(self):
        with self._lock:
            return max(self.items), self.count

"""


def shared(body: str, lock: str = "threading.Lock()") -> str:
    """Return a class whose last method is ``body``, with the lock ``lock``."""
    return HEAD.replace("LOCK", lock) + body


def asynchronous(body: str) -> str:
    head = HEAD.replace("LOCK", "asyncio.Lock()").replace("with", "async with")
    return (
        head.replace("    def ", "    async def ").replace("async def __init__", "def __init__")
        + body
    )


def findings(text: str) -> tuple[Workspace, list[Finding]]:
    workspace, found = analyse({PATH: text})
    return workspace, [finding for finding in found if finding.rule == RULE]


def first_fix(text: str) -> Fix | Refusal:
    workspace, found = findings(text)
    assert found, "nothing is found"
    return workspace.fix(found[0])


class Shape(NamedTuple):
    name: str
    before: str
    after: str


SHAPES = [
    Shape(
        "a comment behind and one above",
        """\
    def reset(self):
        # Forget everything.
        self.items.clear()  # for good
""",
        """\
    def reset(self):
        # Forget everything.
        with self._lock:
            self.items.clear()  # for good
""",
    ),
    Shape(
        "a statement over several lines, with a comment between",
        """\
    def reset(self):
        self.items.update(
            first=1,
        # least of all
            second=2,
        )
""",
        """\
    def reset(self):
        with self._lock:
            self.items.update(
                first=1,
            # least of all
                second=2,
            )
""",
    ),
    Shape(
        "a string over several lines keeps its text",
        '''\
    def reset(self):
        self.items["text"] = """one
  two
three"""
''',
        '''\
    def reset(self):
        with self._lock:
            self.items["text"] = """one
  two
three"""
''',
    ),
    Shape(
        "a continuation",
        """\
    def reset(self):
        self.items[1] = \\
            2
""",
        """\
    def reset(self):
        with self._lock:
            self.items[1] = \\
                2
""",
    ),
    Shape(
        "several statements on a line",
        """\
    def reset(self):
        done = 1; self.items.clear(); more = 2
        return done, more
""",
        """\
    def reset(self):
        with self._lock:
            done = 1; self.items.clear(); more = 2
        return done, more
""",
    ),
    Shape(
        "a one-line body",
        """\
    def reset(self, really):
        if really: self.items.clear()
""",
        """\
    def reset(self, really):
        with self._lock:
            if really: self.items.clear()
""",
    ),
    Shape(
        "inside an elif",
        """\
    def reset(self, how):
        if how == 1:
            return 0
        elif how == 2:
            self.items.clear()
        else:
            pass
        return 1
""",
        """\
    def reset(self, how):
        if how == 1:
            return 0
        elif how == 2:
            with self._lock:
                self.items.clear()
        else:
            pass
        return 1
""",
    ),
    Shape(
        "the condition of an elif takes the whole chain",
        """\
    def reset(self, how):
        if how == 1:
            return 0
        elif how in self.items:
            del self.items[how]
        return 1
""",
        """\
    def reset(self, how):
        with self._lock:
            if how == 1:
                return 0
            elif how in self.items:
                del self.items[how]
        return 1
""",
    ),
    Shape(
        "branches that both write",
        """\
    def reset(self, how):
        if how:
            self.items.clear()
        else:
            self.items["reset"] = how
        return how
""",
        """\
    def reset(self, how):
        with self._lock:
            if how:
                self.items.clear()
            else:
                self.items["reset"] = how
        return how
""",
    ),
    Shape(
        "a check that returns early, and what it read",
        """\
    def reset(self, key):
        value = self.items.get(key)
        if value is None:
            return None
        del self.items[key]
        return value
""",
        """\
    def reset(self, key):
        with self._lock:
            value = self.items.get(key)
            if value is None:
                return None
            del self.items[key]
        return value
""",
    ),
    Shape(
        "all fields of the lock at once",
        """\
    def reset(self):
        print("reset")
        self.items.clear()
        self.count = 0
        print("done")
""",
        """\
    def reset(self):
        print("reset")
        with self._lock:
            self.items.clear()
            self.count = 0
        print("done")
""",
    ),
    Shape(
        "what lies far apart stays apart",
        """\
    def reset(self, client):
        self.items.clear()
        client.connect()
        client.send("reset")
        client.receive()
        client.close()
        print(len(self.items))
""",
        """\
    def reset(self, client):
        with self._lock:
            self.items.clear()
        client.connect()
        client.send("reset")
        client.receive()
        client.close()
        print(len(self.items))
""",
    ),
    Shape(
        "in a loop, a try and a handler",
        """\
    def reset(self, keys):
        for key in keys:
            try:
                print(key)
            except OSError:
                self.items.pop(key)
                continue
            finally:
                print("next")
""",
        """\
    def reset(self, keys):
        for key in keys:
            try:
                print(key)
            except OSError:
                with self._lock:
                    self.items.pop(key)
                continue
            finally:
                print("next")
""",
    ),
    Shape(
        "the loop over the container itself",
        """\
    def reset(self):
        for key in list(self.items):
            del self.items[key]
""",
        """\
    def reset(self):
        with self._lock:
            for key in list(self.items):
                del self.items[key]
""",
    ),
    Shape(
        "before a yield",
        """\
    def reset(self):
        value = self.items.pop(0)
        yield value
""",
        """\
    def reset(self):
        with self._lock:
            value = self.items.pop(0)
        yield value
""",
    ),
    Shape(
        "in a nested function",
        """\
    def reset(self, pool):
        def work():
            self.items.clear()

        work()
""",
        """\
    def reset(self, pool):
        def work():
            with self._lock:
                self.items.clear()

        work()
""",
    ),
    Shape(
        "decorators and a docstring",
        '''\
    @property
    def reset(self):
        """Forget everything."""
        self.items.clear()
''',
        '''\
    @property
    def reset(self):
        """Forget everything."""
        with self._lock:
            self.items.clear()
''',
    ),
    Shape(
        "joins the section above",
        """\
    def reset(self):
        with self._lock:
            before = len(self.items)

        # From scratch.
        self.items.clear()
        return before
""",
        """\
    def reset(self):
        with self._lock:
            before = len(self.items)

            # From scratch.
            self.items.clear()
        return before
""",
    ),
    Shape(
        "joins the section below, with the comment on its head",
        """\
    def reset(self):
        self.items.clear()
        with self._lock:  # for the sum
            return self.count
""",
        """\
    def reset(self):
        with self._lock:  # for the sum
            self.items.clear()
            return self.count
""",
    ),
    Shape(
        "does not join a section that leaves the function",
        """\
    def reset(self, key):
        with self._lock:
            if key:
                return 1
            else:
                return 2
        self.items.clear()
""",
        """\
    def reset(self, key):
        with self._lock:
            if key:
                return 1
            else:
                return 2
        with self._lock:
            self.items.clear()
""",
    ),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@pytest.mark.parametrize("dress", ["as it is", "tabs", "crlf", "no end of line"])
def test_shape(shape: Shape, dress: str) -> None:
    before, after = shared(shape.before), shared(shape.after)
    if dress == "tabs":
        before, after = before.replace("    ", "\t"), after.replace("    ", "\t")
    elif dress == "crlf":
        before, after = before.replace("\n", "\r\n"), after.replace("\n", "\r\n")
    elif dress == "no end of line":
        before, after = before.rstrip("\n"), after.rstrip("\n")
    fix = first_fix(before)
    assert isinstance(fix, Fix), fix
    assert apply_fix({PATH: before}, fix)[PATH] == after


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_nothing_is_left_to_fix(shape: Shape) -> None:
    _, before = findings(shared(shape.before))
    _, after = findings(shared(shape.after))
    fixed = {finding.symbol for finding in after}
    assert before[0].symbol not in fixed


def test_coroutines_enter_asynchronously() -> None:
    before = asynchronous(
        """\
    async def reset(self, client):
        if await client.ready() and self.items:
            await client.reset()
            self.items.clear()
"""
    )
    fix = first_fix(before)
    assert isinstance(fix, Fix), fix
    assert apply_fix({PATH: before}, fix)[PATH] == asynchronous(
        """\
    async def reset(self, client):
        async with self._lock:
            if await client.ready() and self.items:
                await client.reset()
                self.items.clear()
"""
    )


SYNCHRONIZED = """\
from oslo_concurrency import lockutils


class Shared:
    def __init__(self):
        self.items = {{}}

    @lockutils.synchronized("shared"{fair})
    def one(self, key):
        self.items[key] = 1

    @lockutils.synchronized("shared"{fair})
    def two(self, key):
        del self.items[key]

    @lockutils.synchronized("shared"{fair})
    def three(self):
        return len(self.items)

{body}"""


@pytest.mark.parametrize("fair", ["", ", fair=True"])
@pytest.mark.parametrize("above", ["", "    @property\n", "    @classmethod\n"])
def test_decorator_stands_next_to_the_function(fair: str, above: str) -> None:
    body = "    def reset(self):\n        self.items.clear()\n"
    before = SYNCHRONIZED.format(fair=fair, body=above + body)
    fix = first_fix(before)
    assert isinstance(fix, Fix), fix
    decorated = f'{above}    @lockutils.synchronized("shared"{fair})\n{body}'
    assert apply_fix({PATH: before}, fix)[PATH] == SYNCHRONIZED.format(fair=fair, body=decorated)


def test_decorator_stands_where_its_siblings_have_it() -> None:
    body = """\
    @lockutils.synchronized("shared")
    @traced
    def four(self):
        return sorted(self.items)

    @traced
    def reset(self):
        self.items.clear()
"""
    before = SYNCHRONIZED.format(fair="", body=body)
    fix = first_fix(before)
    assert isinstance(fix, Fix), fix
    lines = apply_fix({PATH: before}, fix)[PATH].splitlines()
    at = lines.index("    def reset(self):")
    assert lines[at - 2 : at] == ['    @lockutils.synchronized("shared")', "    @traced"]


REFUSALS = {
    "a caller holds it": (
        shared(
            """\
    def replace(self, key):
        with self._lock:
            self.reset()

    def reset(self):
        self.items.clear()
"""
        ),
        "`Shared.replace` comes here with `self._lock` held, which cannot be taken twice",
    ),
    "a caller of a caller holds it": (
        shared(
            """\
    def replace(self, key):
        with self._lock:
            self.empty()

    def empty(self):
        self.reset()

    def reset(self):
        self.items.clear()
"""
        ),
        "`Shared.replace` comes here with `self._lock` held",
    ),
    "a caller holds a lock that was handed in": (
        shared(
            """\
    def replace(self, key):
        with self._lock:
            self.reset()

    def reset(self):
        self.items.clear()
""",
            lock="lock",
        ).replace("__init__(self)", "__init__(self, lock)"),
        "perhaps cannot be taken twice",
    ),
    "a holder hands it to a thread and waits": (
        shared(
            """\
    def replace(self, pool):
        with self._lock:
            pool.submit(self.safely).result()

    def safely(self):
        self.reset()

    def reset(self):
        self.items.clear()
""",
            lock="threading.RLock()",
        ),
        "`Shared.replace` hands it on with `self._lock` held, and may wait for it",
    ),
    "it calls what takes it": (
        shared(
            """\
    def reset(self):
        self.items.update(self.three())
"""
        ),
        "`three`, which is called there, takes `self._lock` itself",
    ),
    "it calls what calls what takes it, in another class": (
        shared(
            """\
    def reset(self):
        self.items.update(Helper(self).work())


class Helper:
    def __init__(self, shared: Shared):
        self.shared = shared

    def work(self):
        return self.deeper()

    def deeper(self):
        return self.shared.three()
"""
        ),
        "`three`, which is called there, takes `self._lock` itself",
    ),
    "it awaits among the statements": (
        shared(
            """\
    async def reset(self, client):
        self.items.update(await client.all())
"""
        ),
        "an `await` or `yield` stands among the statements",
    ),
    "it shares its line with a head": (
        shared("    def reset(self): self.items.clear()\n"),
        "the write shares its line with the head of a block",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name: str) -> None:
    text, reason = REFUSALS[name]
    fix = first_fix(text)
    assert isinstance(fix, Refusal), fix
    assert reason in fix.reason


def test_a_lock_that_may_be_taken_twice_is_no_obstacle() -> None:
    text = REFUSALS["a caller holds it"][0].replace("threading.Lock()", "threading.RLock()")
    assert isinstance(first_fix(text), Fix)


def test_a_refusal_is_known_before_the_fix_is_asked_for() -> None:
    _, found = findings(REFUSALS["a caller holds it"][0])
    assert found[0].fix is None
    assert "cannot be taken twice" in found[0].refusal
