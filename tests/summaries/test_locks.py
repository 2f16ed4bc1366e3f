"""Locks are recognised in every form, known by where they are kept, and held where they are."""

from __future__ import annotations

import pytest

from review_checks.summaries.locking.guards import UNKNOWN, declaration_of
from review_checks.summaries.locking.locks import held
from support.project import Project, project


def taken(found: Project, name: str, path: str = "case.py") -> list[tuple[str, str]]:
    """Return the identity of each lock a function takes, and how."""
    return [(row.guard.identity, row.how) for row in held(found.db, found.function(name, path))]


def held_at(found: Project, name: str) -> dict[str, set[str]]:
    """Return which locks are held at the calls ``at_…()`` of a function."""
    rows = held(found.db, found.function(name))
    return {
        call.callee: {row.guard.identity for row in rows if row.start <= call.at < row.end}
        for call in found.facts(name).calls
        if call.callee.startswith("at_")
    }


MAKERS = {
    "threading.Lock()": ("thread", False),
    "threading.RLock()": ("thread", True),
    "threading.Condition()": ("thread", True),
    "threading.Semaphore()": ("thread", False),
    "threading.BoundedSemaphore(1)": ("thread", False),
    "threading.BoundedSemaphore(value=1)": ("thread", False),
    "multiprocessing.Lock()": ("process", False),
    "asyncio.Lock()": ("async", False),
    "asyncio.Condition()": ("async", False),
    "filelock.FileLock('a')": ("process", True),
    "eventlet.semaphore.Semaphore()": ("greenlet", False),
    "lock or threading.RLock()": ("thread", None),
    "threading.RLock() if lock is None else lock": ("thread", None),
    "dataclasses.field(default_factory=threading.Lock)": ("thread", False),
    "lock": ("", None),
    "make_lock()": ("", None),
    "None": ("", None),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_what_a_lock_is_follows_from_what_makes_it(maker: str) -> None:
    found = project(
        f"""
        import asyncio, dataclasses, eventlet.semaphore, filelock, multiprocessing, threading

        class Shared:
            def __init__(self, lock=None):
                self._lock = {maker}

            def use(self):
                with self._lock:
                    pass
        """
    )
    (row,) = held(found.db, found.function("Shared.use"))
    assert (row.guard.kind, row.guard.reentrant) == MAKERS[maker]


@pytest.mark.parametrize(
    "maker",
    [
        "threading.Semaphore(2)",
        "threading.Semaphore(size)",
        "asyncio.Semaphore(8)",
        "'a name'",
    ],
)
def test_what_admits_several_or_none_is_no_lock(maker: str) -> None:
    found = project(
        f"""
        import asyncio, threading

        class Shared:
            def __init__(self, size):
                self.lock = {maker}

            def use(self):
                with self.lock:
                    pass
        """
    )
    assert taken(found, "Shared.use") == []


SPELLINGS = {
    "self._lock": "case.Base._lock",
    "self.__class__._lock": "case.Base._lock",
    "type(self)._lock": "case.Base._lock",
    "Shared._lock": "case.Base._lock",
    "Base._lock": "case.Base._lock",
    "self._alias": "case.Base._lock",
    "self._changed": "case.Base._lock",
    "_lock": "case._lock",
    "other.LOCK": "other.LOCK",
    "imported": "other.LOCK",
    "self.pool.lock": "case.Shared.pool.lock",
    "self._get_lock()": "case.Base._lock",
    "self._locked()": "case.Base._lock",
    "self._file_lock.read_lock()": "case.Shared._file_lock",
    "self._unknown.get_lock()": "case.Shared._unknown.get_lock()",
    "lock": UNKNOWN,
    "someone._lock": UNKNOWN,
    "self._locks[key]": UNKNOWN,
    "self._locks.lock_for(key)": UNKNOWN,
    "library.lock": UNKNOWN,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_lock_is_known_by_the_place_that_keeps_it(spelling: str) -> None:
    found = project(
        f"""
        import contextlib
        import threading

        import library
        import other
        from other import LOCK as imported

        _lock = threading.Lock()

        class Base:
            def __init__(self):
                self._lock = threading.Lock()

        class Shared(Base):
            def __init__(self, pool, unknown, locks):
                super().__init__()
                self._alias = self._changed = threading.Condition(self._lock)
                self.pool, self._unknown, self._locks = pool, unknown, locks
                self._file_lock = library.make_lock()

            def _get_lock(self):
                return self._lock

            @contextlib.contextmanager
            def _locked(self):
                with self._lock:
                    yield

            def use(self, lock, someone, key):
                with {spelling}:
                    pass
        """,
        other="import threading\n\nLOCK = threading.Lock()\n",
    )
    assert taken(found, "Shared.use") == [(SPELLINGS[spelling], "with")]


def test_locks_of_a_library_are_known_by_their_names() -> None:
    found = project(
        """
        from oslo_concurrency import lockutils
        import names
        from names import FIRST

        SECOND = "a"

        @lockutils.synchronized(FIRST)
        def one(): ...

        @lockutils.synchronized("a", "prefix-")
        def two(): ...

        def three():
            with lockutils.lock(names.FIRST):
                pass

        @lockutils.synchronized(SECOND, fair=True)
        def fair(): ...

        def keyed(instance):
            with lockutils.lock(instance.uuid):
                pass
        """,
        names='FIRST = "a"\n',
    )
    assert taken(found, "one") == [("oslo_concurrency:'a'", "decorator")]
    assert taken(found, "two") == [("oslo_concurrency:'a'", "decorator")]
    assert taken(found, "three") == [("oslo_concurrency:'a'", "with")]
    assert taken(found, "fair") == [("oslo_concurrency:'a'+", "decorator")]
    (row,) = held(found.db, found.function("keyed"))
    assert row.guard.keyed
    assert row.guard.label == "instance.uuid"


def test_a_key_of_the_object_makes_a_lock_of_the_object() -> None:
    found = project(
        """
        from oslo_concurrency import lockutils

        class Host:
            def __init__(self, name):
                self._lock_name = name

            def update(self):
                @lockutils.synchronized(self._lock_name)
                def locked():
                    pass
                locked()

            def consume(self):
                with lockutils.lock(self._lock_name):
                    pass
        """
    )
    identity = "oslo_concurrency:<case.Host._lock_name>"
    assert taken(found, "Host.update.locked") == [(identity, "decorator")]
    assert taken(found, "Host.consume") == [(identity, "with")]
    assert not held(found.db, found.function("Host.consume"))[0].guard.keyed


DECORATORS = {
    "@by_self": "case.Shared._guard",
    "@by_arguments": "case.Shared._guard",
    "@by_global": "helpers._lock",
    "@by_object(_lock)": "helpers._lock",
    "@by_object(_own)": "case.Shared._own",
    "@by_name('a')": "oslo_concurrency:'a'",
    "@by_prefix('a')": "oslo_concurrency:'a'",
    "@library.synchronized('a')": "library.synchronized('a')",
    "@library.synchronized": "library.synchronized()",
    "@library.synchronized(library.a)": UNKNOWN,
    "@library.locked": UNKNOWN,
}


@pytest.mark.parametrize("decorator", [*DECORATORS, "@check_instance_lock", "@timed", "@property"])
def test_a_decorator_takes_the_lock_that_its_wrapper_takes(decorator: str) -> None:
    found = Project(
        {
            "case.py": f"""
            import threading

            import library
            from helpers import by_arguments, by_global, by_name, by_object, by_prefix, by_self
            from helpers import _lock, check_instance_lock, timed

            class Shared:
                _own = threading.Lock()

                def __init__(self):
                    self._guard = threading.RLock()

                {decorator}
                def use(self):
                    pass
            """,
            "helpers.py": """
            import functools
            import threading
            from oslo_concurrency import lockutils

            _lock = threading.Lock()
            by_prefix = lockutils.synchronized_with_prefix("case-")

            def by_self(function):
                @functools.wraps(function)
                def wrapper(self, *args, **kwargs):
                    with self._guard:
                        return function(self, *args, **kwargs)
                return wrapper

            def by_arguments(function):
                def wrapper(*args, **kwargs):
                    with args[0]._guard:
                        return function(*args, **kwargs)
                return wrapper

            def by_global(function):
                def wrapper(*args):
                    _lock.acquire()
                    try:
                        return function(*args)
                    finally:
                        _lock.release()
                return wrapper

            def by_object(lock):
                def decorate(function):
                    def wrapper(*args):
                        with lock:
                            return function(*args)
                    return wrapper
                return decorate

            def by_name(name):
                def decorate(function):
                    def wrapper(*args):
                        with lockutils.lock(name):
                            return function(*args)
                    return wrapper
                return decorate

            def check_instance_lock(function):
                def wrapper(self, instance):
                    if instance.locked:
                        raise ValueError
                    return function(self, instance)
                return wrapper

            def timed(function):
                def wrapper(*args):
                    with _lock:
                        print("called")
                    return function(*args)
                return wrapper
            """,
        }
    )
    expected = DECORATORS.get(decorator)
    assert taken(found, "Shared.use") == ([(expected, "decorator")] if expected else [])


REGIONS = {
    "acquire and release": (
        "self._lock.acquire(); at_1(); self._lock.release(); at_2()",
        {"at_1": True, "at_2": False},
    ),
    "released in finally": (
        """
        at_1()
        self._lock.acquire()
        try:
            at_2()
        finally:
            at_3()
            self._lock.release()
        at_4()
        """,
        {"at_1": False, "at_2": True, "at_3": True, "at_4": False},
    ),
    "acquired inside the try": (
        """
        try:
            self._lock.acquire()
            at_1()
        finally:
            self._lock.release()
        at_2()
        """,
        {"at_1": True, "at_2": False},
    ),
    "released early on one path": (
        """
        self._lock.acquire()
        if self.done:
            self._lock.release()
            return
        at_1()
        self._lock.release()
        at_2()
        """,
        {"at_1": True, "at_2": False},
    ),
    "asked for in a condition": (
        """
        if self._lock.acquire(timeout=1):
            at_1()
        else:
            at_2()
        at_3()
        """,
        {"at_1": True, "at_2": False, "at_3": False},
    ),
    "refused": (
        """
        if not self._lock.acquire(False):
            at_1()
            return
        at_2()
        self._lock.release()
        at_3()
        """,
        {"at_1": False, "at_2": True, "at_3": False},
    ),
    "compared with false": (
        """
        if self._lock.acquire(timeout=60) is False:
            at_1()
            raise ValueError
        at_2()
        """,
        {"at_1": False, "at_2": True},
    ),
    "given back for a while": (
        """
        with self._lock:
            at_1()
            self._lock.release()
            at_2()
            self._lock.acquire()
            at_3()
        """,
        {"at_1": True, "at_2": False, "at_3": True},
    ),
    "on a stack": (
        """
        with contextlib.ExitStack() as stack:
            at_1()
            stack.enter_context(self._lock)
            at_2()
        at_3()
        """,
        {"at_1": False, "at_2": True, "at_3": False},
    ),
    "one of several": (
        """
        with open("a") as file, self._lock:
            at_1()
        at_2()
        """,
        {"at_1": True, "at_2": False},
    ),
    "through a local name": (
        """
        lock = self._lock
        with lock:
            at_1()
        """,
        {"at_1": True},
    ),
    "made on the spot": (
        """
        with threading.Lock():
            at_1()
        """,
        {"at_1": False},
    ),
}


@pytest.mark.parametrize("name", REGIONS)
def test_a_lock_is_held_from_where_it_is_taken_to_where_it_is_given_back(name: str) -> None:
    text, expected = REGIONS[name]
    lines = [line.removeprefix("        ") for line in text.strip().splitlines()]
    body = "\n".join("        " + line for line in lines)
    found = project(
        "import contextlib, threading\n\n"
        "class Shared:\n    def __init__(self):\n        self._lock = threading.Lock()\n\n"
        f"    def use(self):\n{body}\n"
    )
    lock = {"case.Shared._lock"}
    assert held_at(found, "Shared.use") == {
        call: lock if inside else set() for call, inside in expected.items()
    }


def test_a_read_lock_is_told_from_the_lock() -> None:
    found = project(
        """
        import fasteners

        class Shared:
            def __init__(self):
                self._lock = fasteners.ReaderWriterLock()

            def read(self):
                with self._lock.read_lock():
                    pass

            def write(self):
                with self._lock.write_lock():
                    pass
        """
    )
    (reads,) = held(found.db, found.function("Shared.read"))
    (writes,) = held(found.db, found.function("Shared.write"))
    assert reads.guard.identity == writes.guard.identity
    assert (reads.guard.reads, writes.guard.reads) == (True, False)


def test_where_a_lock_is_declared() -> None:
    found = project(
        """
        from oslo_concurrency import lockutils

        NAME = "a"

        @lockutils.synchronized(NAME)
        def use(): ...
        """
    )
    (row,) = held(found.db, found.function("use"))
    declared = declaration_of(found.db, row.guard)
    assert declared is not None
    function, index = declared
    assert found.facts("").writes[index].path == "NAME"
    assert function == found.function("")


@pytest.mark.parametrize(
    "text",
    [
        "def a():\n    with a():\n        yield\n",
        "def lock():\n    return lock()\n\ndef use():\n    with lock():\n        pass\n",
        "@use\ndef use(f):\n    def g():\n        with use():\n            f()\n    return g\n",
        (
            "import contextlib\n\n@contextlib.contextmanager\ndef a():\n    with b():\n        yield\n\n"
            "@contextlib.contextmanager\ndef b():\n    with a():\n        yield\n"
        ),
        "import threading\n\nlock = threading.Condition(lock)\n\ndef use():\n    with lock:\n        pass\n",
        (
            "class A:\n    def __enter__(self):\n        with self:\n            pass\n\n"
            "    def use(self):\n        with A():\n            pass\n"
        ),
    ],
)
def test_what_leads_back_to_itself_is_left_alone(text: str) -> None:
    found = Project({"case.py": text})
    assert found.workspace.findings("case.py") == []
    assert found.workspace.failures("case.py") == []


FOUND = {
    "by_closure": ("oslo_concurrency:'a'", False),
    "below_another": ("oslo_concurrency:'a'", False),
    "above_another": ("oslo_concurrency:'a'", False),
    "nested.inner": ("oslo_concurrency:'a'", False),
    "by_key.inner": ("oslo_concurrency:<instance.uuid>", True),
    "by_condition": ("case.Shared._given", False),
    "by_alias": ("case.Shared._given", False),
    "of_mixin": ("mixins.Mixin._mixed", False),
    "by_mixins_decorator": ("mixins.Mixin._mixed", False),
    "by_mixins_manager": ("mixins.Mixin._mixed", False),
    "of_class": ("case.Shared._shared", False),
}


@pytest.mark.parametrize("method", FOUND)
def test_locks_are_followed_through_the_project(method: str) -> None:
    found = Project(
        {
            "case.py": """
            import threading

            from helpers import synchronized, timed
            from mixins import Mixin

            class Shared(Mixin):
                _shared = threading.Lock()

                def __init__(self, lock):
                    super().__init__()
                    self._given = lock
                    self._changed = threading.Condition(self._given)

                @synchronized("a")
                def by_closure(self): ...

                @timed
                @synchronized("a")
                def below_another(self): ...

                @synchronized("a")
                @timed
                def above_another(self): ...

                def nested(self):
                    @synchronized("a")
                    def inner(): ...
                    inner()

                def by_key(self, instance):
                    @synchronized(instance.uuid)
                    def inner(): ...
                    inner()

                def by_condition(self):
                    with self._changed:
                        pass

                def by_alias(self):
                    given = self._given
                    with given:
                        pass

                def of_mixin(self):
                    with self._mixed:
                        pass

                @Mixin.guarded
                def by_mixins_decorator(self): ...

                def by_mixins_manager(self):
                    with self.acquired():
                        pass

                @classmethod
                def of_class(cls):
                    with cls._shared:
                        pass
            """,
            "helpers.py": """
            import functools
            from oslo_concurrency import lockutils

            def synchronized_with_prefix(prefix):
                def synchronized(name):
                    def decorate(function):
                        @functools.wraps(function)
                        def wrapper(*args, **kwargs):
                            with lockutils.lock(name, lock_file_prefix=prefix):
                                return function(*args, **kwargs)
                        return wrapper
                    return decorate
                return synchronized

            synchronized = synchronized_with_prefix("case-")

            def timed(function):
                def wrapper(*args):
                    return function(*args)
                return wrapper
            """,
            "mixins.py": """
            import contextlib
            import functools
            import threading

            class Mixin:
                def __init__(self):
                    self._mixed = threading.RLock()

                def guarded(function):
                    @functools.wraps(function)
                    def wrapper(self, *args):
                        with self._mixed:
                            return function(self, *args)
                    return wrapper

                @contextlib.contextmanager
                def acquired(self):
                    self._mixed.acquire()
                    try:
                        yield
                    finally:
                        self._mixed.release()
            """,
        }
    )
    (row,) = held(found.db, found.function(f"Shared.{method}"))
    assert (row.guard.identity, row.guard.keyed) == FOUND[method]


HANDED = {
    "lock": "case.Shared._given",
    "state_lock": "case.Shared._given",
    "semaphore": None,
    "locks": None,
    "session": None,
}


@pytest.mark.parametrize("parameter", HANDED)
def test_what_is_handed_in_as_a_lock_is_one(parameter: str) -> None:
    found = project(
        f"""
        class Shared:
            def __init__(self, {parameter}):
                self._given = {parameter}

            def use(self):
                with self._given:
                    pass
        """
    )
    identities = [identity for identity, _ in taken(found, "Shared.use")]
    assert identities == ([HANDED[parameter]] if HANDED[parameter] else [])
