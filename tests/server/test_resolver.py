"""What is asked about installed libraries, who answers, and what becomes of it when nobody does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Fix, Refusal
from review_server import jedi_resolver
from review_server import resolver as module
from review_server.resolver import LibraryResolver, installed_folders
from support.libraries import USER, install

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from review_checks.resolve import Resolver
    from review_server.jedi_resolver import Answer


@pytest.fixture
def resolver(tmp_path: Path) -> Iterator[LibraryResolver]:
    made = LibraryResolver([str(install(tmp_path / "site"))])
    yield made
    made.close()


def process_of(resolver: LibraryResolver) -> subprocess.Popen[bytes]:
    process = resolver._process
    assert process is not None
    return process._child


def ask(resolver: LibraryResolver, *expressions: str) -> list[str | None]:
    for expression in expressions:
        resolver.meaning(expression)
    resolver.settle()
    return [resolver.meaning(expression) for expression in expressions]


def test_names_are_followed_through_re_exports(resolver: LibraryResolver) -> None:
    assert ask(resolver, "vendor.make_lock", "vendor.locks.make_lock", "vendor.Base") == [
        "vendor.locks.make_lock",
        "vendor.locks.make_lock",
        "vendor.locks.Base",
    ]


def test_what_is_made_and_kept_goes_by_its_class(resolver: LibraryResolver) -> None:
    assert ask(resolver, "vendor.REGISTRY_LOCK", "vendor.make_lock()", "vendor.Base()._lock") == [
        "_thread.RLock",
        "_thread.LockType",
        "_thread.RLock",
    ]


@pytest.mark.parametrize(
    "expression", ["vendor.nothing", "vendor", "vendor.Base()()()", "vendor.("]
)
def test_what_is_not_there_has_no_meaning(resolver: LibraryResolver, expression: str) -> None:
    assert ask(resolver, expression) == [""]


def test_nothing_is_started_for_what_is_not_installed(resolver: LibraryResolver) -> None:
    assert resolver.meaning("elsewhere.make_lock()") == ""
    assert not resolver.has_questions
    assert resolver._process is None


def test_libraries_are_read_and_not_run(tmp_path: Path) -> None:
    site = install(tmp_path / "site")
    proof = tmp_path / "executed"
    with (site / "vendor" / "locks.py").open("a") as file:
        file.write(f"\nopen({str(proof)!r}, 'w').close()\n")
    (site / "sitecustomize.py").write_text(f"open({str(proof)!r}, 'w').close()\n")
    (site / "jedi.py").write_text(f"open({str(proof)!r}, 'w').close()\n")
    made = LibraryResolver([str(site)])
    try:
        assert ask(made, "vendor.make_lock()") == ["_thread.LockType"]
    finally:
        made.close()
    assert not proof.exists()


def fix_of(resolver: Resolver | None) -> Fix | Refusal:
    workspace = Workspace(MemorySource({"pool.py": USER}), resolver=resolver)
    workspace.open("pool.py", USER)
    if isinstance(resolver, LibraryResolver):
        workspace.findings("pool.py")
        resolver.settle()
    (finding,) = workspace.findings("pool.py")
    return workspace.fix(finding)


def test_an_answer_decides_a_fix(resolver: LibraryResolver) -> None:
    assert isinstance(fix_of(None), Refusal)
    assert isinstance(fix_of(resolver), Fix)


def test_a_process_that_dies_is_replaced(resolver: LibraryResolver) -> None:
    assert ask(resolver, "vendor.make_lock()") == ["_thread.LockType"]
    process_of(resolver).kill()
    process_of(resolver).wait()
    assert ask(resolver, "vendor.Base", "vendor.REGISTRY_LOCK") == [
        "vendor.locks.Base",
        "_thread.RLock",
    ]
    assert not resolver.is_degraded


def test_a_question_that_kills_twice_is_not_put_again(
    resolver: LibraryResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_process = module._Process.ask

    def deadly(self: Any, folders: tuple[str, ...], expressions: Iterable[str]) -> Iterator[Answer]:
        for answer in ask_process(self, folders, expressions):
            if answer.expression == "vendor.make_lock":
                self._child.kill()
                raise EOFError
            yield answer

    monkeypatch.setattr(module._Process, "ask", deadly)
    found = ask(resolver, "vendor.Base", "vendor.make_lock", "vendor.REGISTRY_LOCK")
    assert found == ["vendor.locks.Base", "", "_thread.RLock"]
    assert not resolver.is_degraded


def test_who_cannot_start_a_process_gets_no_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = LibraryResolver([str(install(tmp_path / "site"))])
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "missing"))
    assert isinstance(fix_of(made), Refusal)
    assert ask(made, *[f"vendor.name{number}" for number in range(5)]) == [""] * 5
    assert made.is_degraded


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_a_process_that_hangs_is_given_up(
    resolver: LibraryResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(resolver, "vendor.make_lock()") == ["_thread.LockType"]
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    process_of(resolver).send_signal(signal.SIGSTOP)
    assert ask(resolver, "vendor.Base") == [""]


def test_a_process_nobody_asks_is_stopped(
    resolver: LibraryResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(resolver, "vendor.make_lock()")
    child = process_of(resolver)
    resolver.rest()
    assert child.poll() is None
    monkeypatch.setattr(module, "IDLE", 0.0)
    resolver.rest()
    assert child.poll() is not None
    assert ask(resolver, "vendor.Base") == ["vendor.locks.Base"]


@pytest.mark.skipif(sys.platform != "linux", reason="the memory in use is not told here")
def test_a_process_that_is_full_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jedi_resolver, "MEMORY_LIMIT", 0)
    request = jedi_resolver.Request(("nowhere",), ("a.b",))
    answers: list[jedi_resolver.Answer] = []
    jedi_resolver.serve([msgspec.json.encode(request)], answers.append)
    assert answers == [jedi_resolver.Answer("a.b", "", full=True)]


PARENT = """
import sys, time
from review_server.resolver import LibraryResolver
made = LibraryResolver([sys.argv[1]])
made.meaning("vendor.Base")
made.settle()
print(made._process._child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="the process is looked for by its number")
def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    site = install(tmp_path / "site")
    command = [sys.executable, "-c", PARENT, str(site)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and is_alive(child):
        time.sleep(0.02)
    assert not is_alive(child)


def is_alive(pid: int) -> bool:
    try:
        with Path(f"/proc/{pid}/stat").open(encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_environment_is_found_without_running_it(tmp_path: Path) -> None:
    folder = tmp_path / ".venv" / "lib" / "python3.12" / "site-packages"
    folder.mkdir(parents=True)
    assert installed_folders(tmp_path) == (str(folder),)
    other = tmp_path / "other" / "lib" / "python3.13" / "site-packages"
    other.mkdir(parents=True)
    assert installed_folders(tmp_path, str(tmp_path / "other")) == (str(other),)
