"""Several processes find what one does, and losing one costs one file."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from review_server.cli import workers
from review_server.cli.targets import ProjectFiles, Target, collect
from review_server.cli.workers import Chunk, analyse, usual_jobs
from review_server.selection import Selection
from support.commands import POOL, Run, spawn
from support.nova import nova_source

if TYPE_CHECKING:
    from collections import deque

    from review_server.cli.report import FileReport


@pytest.fixture
def large(project: Path) -> Path:
    """Return a project whose files depend on each other over several packages."""
    for number in range(12):
        package = project / f"part{number}"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "base.py").write_text(POOL.partition("    def forget")[0])
        (package / "child.py").write_text(
            f"from part{(number + 5) % 12} import base\n\n\nclass Child(base.Pool):\n"
            "    def forget(self, name):\n        self._active.pop(name, None)\n"
        )
    (project / "odd.py").write_text("print 'x'\n")
    return project


@pytest.mark.usefixtures("large")
def test_jobs_change_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CHUNK_BYTES", 1000)
    for arguments in (["--output-format", "json"], [], ["--diff"]):
        alone = run("check", "--jobs", "1", *arguments)
        assert alone.out.count("unguarded-write") >= 13
        assert alone.err.startswith("odd.py:1: not analysed: it does not parse: Missing paren")
        assert run("check", "--jobs", "3", *arguments) == alone


def test_jobs_change_nothing_on_nova() -> None:
    folder = nova_source("34.0.0") / "nova" / "compute"
    alone, shared = (
        spawn("check", "--output-format", "json", "--jobs", jobs, folder) for jobs in ("1", "2")
    )
    assert len(json.loads(alone.out)) > 0
    assert shared == alone


def test_projects_of_several_roots(large: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CHUNK_BYTES", 1000)
    for number in range(0, 12, 2):
        (large / f"part{number}" / "pyproject.toml").write_text("")
    assert run("check", "--jobs", "3") == run("check", "--jobs", "1")


def test_a_process_that_is_lost_costs_one_file(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_CHUNK_BYTES", 2000)
    targets = collect([str(large)], lambda root: Selection(str(root)))
    reports: list[FileReport] = []
    victims = []
    real = workers._Crew._hire

    def hire(crew: workers._Crew, share: deque[Chunk]) -> None:
        real(crew, share)
        if not victims:
            # It dies before it could do anything.
            victims.append(crew._workers[0].process)
            victims[0].kill()

    monkeypatch.setattr(workers._Crew, "_hire", hire)
    analyse(targets.projects, jobs=2, fixes=True, on_report=reports.append)
    expected = [target.path for project in targets.projects for target in project.targets]
    assert sorted(report.path for report in reports) == sorted(expected)
    (lost,) = [report for report in reports if report.failures]
    assert lost.failures[0].what == "its process ended with code -9"
    assert sum(len(report.remarks) for report in reports) >= 12


def test_shares_cover_everything_in_order() -> None:
    chunks = [Chunk(0, (Target(str(n), n),)) for n in range(50)]
    for count in range(1, 8):
        shares = workers._shares(chunks, count)
        assert [chunk for share in shares for chunk in share] == chunks
        assert all(shares)


def test_files_of_no_size_are_shared_too() -> None:
    files = tuple(Target(str(n), 0) for n in range(5))
    chunks = list(workers._chunks([ProjectFiles(Selection("/"), files)]))
    assert [target for chunk in chunks for target in chunk.targets] == list(files)


def test_small_inputs_stay_in_one_process() -> None:
    assert usual_jobs(0) == usual_jobs(500_000) == 1
    assert usual_jobs(10**9) <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("jobs", "early"), [("1", False), ("2", False), ("2", True)])
def test_an_interrupt_ends_it_at_once(project: Path, jobs: str, early: bool) -> None:  # noqa: FBT001
    pools = "\n\n".join(POOL.replace("Pool", f"Pool{number}") for number in range(40))
    for number in range(100):
        (project / f"pool{number}.py").write_text(pools)
    with subprocess.Popen(
        [sys.executable, "-m", "review_server", "check", "--jobs", jobs, "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
        if early:
            while len(children.read_text().split()) < 2:
                time.sleep(0.01)
        else:
            time.sleep(2)
        # As a terminal does, to the command and its children.
        os.killpg(command.pid, signal.SIGINT)
        out, err = command.communicate(timeout=10)
        assert command.returncode == 130
        assert (out, err) == ("", "interrupted\n")
    # Python's own helper process ends a moment after the last of them.
    for _ in range(50):
        try:
            os.killpg(command.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is left")


def test_a_reader_that_goes_away_causes_no_noise(project: Path) -> None:
    (project / "pool.py").write_text("\n\n".join(POOL.replace("Pool", f"P{n}") for n in range(60)))
    with subprocess.Popen(
        [sys.executable, "-m", "review_server", "check", "pool.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        assert command.stderr.read() == ""
        assert command.wait(timeout=20) == 2


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_long_work_shows_its_progress_on_a_terminal(project: Path, jobs: str) -> None:
    for number in range(30):
        (project / f"padding{number}.py").write_text("# padding\n" * 4000)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "review_server", "check", "--jobs", jobs, "."],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color"},
    ) as command:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 65536):
                shown += chunk
        out = command.communicate()[0]
    os.close(ours)
    assert "Checking" in shown.decode()
    assert "100%" in shown.decode()
    assert b"1 finding in 31 files" in out
    # When the output is not looked at by anybody, nothing is shown.
    assert spawn("check", "--jobs", jobs, ".").err == ""
