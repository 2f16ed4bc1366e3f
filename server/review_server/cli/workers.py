"""Spreads the files of large trees over processes.

Each process begins with a share of its own: files that lie side by side, whose common facts it
then computes once. One that has finished its share takes over from the end of the largest one
left. Which process did what has no influence on the outcome.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, NamedTuple

from review_server.cli.analysis import Analysis, prefer_throughput
from review_server.cli.report import Failure, FileReport

if TYPE_CHECKING:
    from review_server.cli.surveying import Overview
    from review_server.cli.targets import ProjectFiles, Target

_CHUNK_BYTES = 200_000
_BYTES_PER_PROCESS = 1_000_000
_MOST_PROCESSES = 8

OnReport = Callable[[FileReport], None]


class Chunk(NamedTuple):
    """Some files of one project, given by its index, that are analysed in one go."""

    project: int
    targets: tuple[Target, ...]

    @property
    def size(self) -> int:
        """The bytes of the files."""
        return sum(target.size for target in self.targets)


def usual_jobs(size: int) -> int:
    """Return how many processes are worth their start for ``size`` bytes of source."""
    if hasattr(os, "sched_getaffinity"):
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    return max(1, min(processors, _MOST_PROCESSES, size // _BYTES_PER_PROCESS))


def analyse(
    projects: Sequence[ProjectFiles], *, jobs: int, fixes: bool, on_report: OnReport
) -> None:
    """Analyse all files, and hand over what is to be said of each as soon as it is known.

    Args:
        projects: the files.
        jobs: how many processes to use; with 1, this one does everything.
        fixes: whether the fixes are wanted as well.
        on_report: gets each report; in which order depends on the processes.
    """
    chunks = list(_chunks(projects))
    if min(jobs, len(chunks)) <= 1:
        prefer_throughput()
        for project in projects:
            analysis = Analysis(project)
            for target in project.targets:
                on_report(analysis.report(target, fixes=fixes))
        return
    from review_server.cli.surveying_apart import survey_apart  # noqa: PLC0415 -- seldom needed

    # Otherwise every process would read the whole project by itself.
    overviews = survey_apart([project.selection for project in projects], jobs)
    crew = _Crew(projects, overviews, fixes=fixes)
    try:
        crew.run(_shares(chunks, min(jobs, len(chunks))), on_report)
    finally:
        crew.dismiss()


def _chunks(projects: Sequence[ProjectFiles]) -> Iterator[Chunk]:
    for index, project in enumerate(projects):
        rows: list[Target] = []
        size = 0
        for target in project.targets:
            rows.append(target)
            size += target.size
            if size >= _CHUNK_BYTES:
                yield Chunk(index, tuple(rows))
                rows, size = [], 0
        if rows:
            yield Chunk(index, tuple(rows))


def _shares(chunks: Sequence[Chunk], count: int) -> list[deque[Chunk]]:
    """Divide chunks into runs of about the same size."""
    total = sum(chunk.size for chunk in chunks)
    shares: list[deque[Chunk]] = [deque() for _ in range(count)]
    before = 0
    for chunk in chunks:
        shares[min(before * count // max(total, 1), count - 1)].append(chunk)
        before += chunk.size
    return shares


class Task(NamedTuple):
    """What all processes are told.

    Attributes:
        projects: the files to check, by project.
        overviews: what is known of each project as a whole.
        fixes: whether the fixes are wanted as well.
    """

    projects: tuple[ProjectFiles, ...]
    overviews: tuple[Overview, ...]
    fixes: bool


class _Worker:
    """One process, what it is doing, and what it is to do."""

    def __init__(self, task: Task, share: deque[Chunk]) -> None:
        # A forked process would inherit the pipes of the others, and so would not see their ends.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, task), daemon=True)
        with _interrupts_blocked():
            self.process.start()
        theirs.close()
        self.share = share
        self.waiting: deque[Target] = deque()
        self.project = 0

    def give(self, chunk: Chunk) -> None:
        """Have the process analyse some files."""
        self.project = chunk.project
        self.waiting.extend(chunk.targets)
        with contextlib.suppress(BrokenPipeError):
            # If the process is gone, that is noticed when its answer is waited for.
            self.connection.send(chunk)

    def stop(self) -> None:
        """End the process now."""
        self.connection.close()
        self.process.terminate()
        self.process.join()


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Spare the processes started meanwhile every interrupt; the parent gets it, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It is started along with the first process, and would unblock what is blocked here.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Crew:
    """The processes of one run."""

    def __init__(
        self, projects: Sequence[ProjectFiles], overviews: Sequence[Overview], *, fixes: bool
    ) -> None:
        self._task = Task(tuple(projects), tuple(overviews), fixes)
        self._workers: list[_Worker] = []

    def run(self, shares: list[deque[Chunk]], on_report: OnReport) -> None:
        """Analyse what is in the shares, one for each process."""
        for share in shares:
            self._hire(share)
        while busy := {worker.connection: worker for worker in self._workers if worker.waiting}:
            ready = wait(list(busy))
            for worker in [worker for connection, worker in busy.items() if connection in ready]:
                try:
                    report: FileReport = worker.connection.recv()
                except (EOFError, OSError):
                    on_report(self._replace(worker))
                    continue
                worker.waiting.popleft()
                on_report(report)
                if not worker.waiting:
                    self._feed(worker)

    def dismiss(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.stop()

    def _hire(self, share: deque[Chunk]) -> None:
        worker = _Worker(self._task, share)
        self._workers.append(worker)
        self._feed(worker)

    def _feed(self, worker: _Worker) -> None:
        """Give a process its next files: its own, else the last of those who have most left."""
        if worker.share:
            worker.give(worker.share.popleft())
            return
        richest = max(self._workers, key=lambda other: sum(chunk.size for chunk in other.share))
        if richest.share:
            worker.give(richest.share.pop())

    def _replace(self, worker: _Worker) -> FileReport:
        """Hire another for a process that broke down, and report the file it was at."""
        worker.process.join()
        self._workers.remove(worker)
        lost = worker.waiting.popleft()
        if worker.waiting:
            worker.share.appendleft(Chunk(worker.project, tuple(worker.waiting)))
        self._hire(worker.share)
        code = worker.process.exitcode
        failure = Failure(lost.path, f"its process ended with code {code}", "")
        return FileReport(lost.path, analysed=False, failures=(failure,))


def _work(connection: Connection, task: Task) -> None:
    """Analyse chunks until there are no more; this runs in a process of its own."""
    # Where interrupts cannot be blocked from the start, they are ignored from here on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prefer_throughput()
    current = -1
    analysis: Analysis | None = None
    while True:
        try:
            chunk: Chunk = connection.recv()
        except EOFError:
            return
        if analysis is None or current != chunk.project:
            current = chunk.project
            analysis = Analysis(task.projects[current], task.overviews[current])
        for target in chunk.targets:
            try:
                connection.send(analysis.report(target, fixes=task.fixes))
            except BrokenPipeError:
                return
