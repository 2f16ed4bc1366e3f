"""What a function may raise is what it and its callees raise and nobody in between handles."""

from __future__ import annotations

import pytest

from review_checks.summaries.failing.failures import catches, failures, is_broad, persistence
from support.project import Project, project

ERRORS = """
import shutil
import socket
import subprocess

class AppError(Exception):
    pass

class MissingError(AppError, KeyError):
    pass

class CheckedError(Exception):
    def __init__(self, number):
        if not number:
            raise ValueError(number)
"""


def raised(found: Project, name: str = "use") -> list[str]:
    return [failure.exception for failure in failures(found.db, found.function(name))]


BODIES = {
    "raise AppError": ["case.AppError"],
    "raise AppError('why')": ["case.AppError"],
    "raise ValueError from None": ["ValueError"],
    "raise CheckedError(1)": ["case.CheckedError"],
    "raise AppError(int('1'))": ["case.AppError"],
    "raise NotImplementedError": [],
    "raise unknown": [],
    "error = AppError()\nraise error": [],
    "socket.create_connection(('a', 1))": ["OSError"],
    "subprocess.run(['a'])": [],
    "subprocess.run(['a'], check=False)": [],
    "shutil.rmtree('a')": ["OSError"],
    "shutil.rmtree('a', False)": ["OSError"],
    "shutil.rmtree('a', True)": [],
    "shutil.rmtree('a', ignore_errors=True)": [],
    "subprocess.run(['a'], check=True)": [
        "subprocess.CalledProcessError",
        "subprocess.TimeoutExpired",
        "OSError",
    ],
    "try:\n    raise AppError\nexcept AppError:\n    pass": [],
    "try:\n    raise MissingError\nexcept AppError:\n    pass": [],
    "try:\n    raise MissingError\nexcept LookupError:\n    pass": [],
    "try:\n    raise MissingError\nexcept OSError:\n    pass": ["case.MissingError"],
    "try:\n    raise MissingError\nexcept (OSError, KeyError):\n    pass": [],
    "try:\n    raise AppError\nexcept:\n    pass": [],
    "try:\n    raise AppError\nexcept Exception:\n    raise": ["case.AppError", "Exception"],
    "try:\n    raise SystemExit\nexcept Exception:\n    pass": ["SystemExit"],
    "try:\n    raise AppError\nexcept AppError:\n    raise ValueError": ["ValueError"],
    "try:\n    pass\nexcept AppError as error:\n    raise error": ["case.AppError"],
    "try:\n    pass\nfinally:\n    raise AppError": ["case.AppError"],
    "try:\n    print()\nexcept AppError:\n    pass\nelse:\n    raise AppError": ["case.AppError"],
    "def inner():\n    raise AppError": [],
}


@pytest.mark.parametrize("body", BODIES)
def test_what_a_body_raises(body: str) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    assert raised(project(f"{ERRORS}\ndef use(unknown):\n{lines}")) == BODIES[body]


def test_failures_of_callees_are_followed_a_few_calls_deep() -> None:
    chain = "".join(f"def f{n}():\n    f{n + 1}()\n\n" for n in range(6))
    found = project(f"{ERRORS}\n{chain}def f6():\n    raise AppError\n")
    assert raised(found, "f3") == ["case.AppError"]
    assert raised(found, "f0") == []


def test_functions_that_call_each_other() -> None:
    found = project(
        f"{ERRORS}\ndef one():\n    two()\n    raise AppError\n\ndef two():\n    one()\n    raise ValueError\n"
    )
    assert set(raised(found, "one")) == {"case.AppError", "ValueError"}
    assert set(raised(found, "two")) == {"case.AppError", "ValueError"}


def test_a_coroutine_raises_when_it_is_awaited() -> None:
    found = project(
        f"{ERRORS}\nasync def work():\n    raise AppError\n\n"
        "async def awaits():\n    await work()\n\ndef starts(run):\n    run(work())\n"
    )
    assert raised(found, "awaits") == ["case.AppError"]
    assert raised(found, "starts") == []


def test_the_hierarchy_of_exceptions() -> None:
    found = project(ERRORS)
    assert catches(found.db, "OSError", "ConnectionError")
    assert catches(found.db, "case.AppError", "case.MissingError")
    assert catches(found.db, "LookupError", "case.MissingError")
    assert not catches(found.db, "case.MissingError", "case.AppError")
    assert catches(found.db, "BaseException", "KeyboardInterrupt")
    assert not catches(found.db, "Exception", "KeyboardInterrupt")
    assert not catches(found.db, "?", "ValueError")


@pytest.mark.parametrize(
    ("clause", "broad"),
    [
        ("except:", True),
        ("except Exception:", True),
        ("except (ValueError, BaseException):", True),
        ("except ValueError:", False),
        ("except Unknown:", False),
    ],
)
def test_broad_handlers(clause: str, *, broad: bool) -> None:
    found = project(f"def use():\n    try:\n        pass\n    {clause}\n        pass\n")
    (handler,) = found.facts("use").handlers
    assert is_broad(found.db, found.function("use"), handler) is broad


def test_what_makes_a_change_durable() -> None:
    found = project(
        """
        class Node:
            def save(self): ...

        def use(self, thing):
            Node().save()
            thing.create()
            thing.destroy()
            thing.append()
            self.save()
            save()
            open("a").write("b")
        """
    )
    function = found.function("use")
    verbs = {
        call.callee: persistence(found.db, function, index)
        for index, call in enumerate(found.facts("use").calls)
    }
    assert verbs["Node().save"] == "save"
    assert verbs["thing.create"] == "create"
    assert verbs["thing.destroy"] == "delete"
    assert not any(
        [verbs["thing.append"], verbs["self.save"], verbs["save"], verbs["open().write"]]
    )
