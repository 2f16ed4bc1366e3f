"""Runs surveyors, and puts others in the place of those that are lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

import review_checks
import review_server
from review_server.indexing.messages import (
    LENGTH_BYTES,
    Survey,
    decode_answer,
    framed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from review_server.indexing.messages import Answer, Request

logger = logging.getLogger(__name__)

PATIENCE_S = 120.0
"""How long a surveyor may take for one request before it is taken for lost."""

_BREAK_S = 0.1
"""How long a surveyor that has a break waits before it looks whether it may go on."""

_MOST_PROCESSES = 4
_MOST_TRIES = 3
_MOST_LOSSES = 10
"""How many surveyors may be lost in a row before no more are started."""

_FLAGS: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
_FAREWELL_S = 1.0


class CrewError(Exception):
    """No surveyor can be had, or none stays."""


def usual_count() -> int:
    """Return how many processes share the work."""
    if hasattr(os, "sched_getaffinity"):
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    return max(1, min(processors, _MOST_PROCESSES))


class _Task(NamedTuple):
    """A request, and how often it was begun in vain."""

    request: Request
    tries: int = 0


class Crew:
    """Up to so many surveyors, started when there is work for them."""

    def __init__(
        self, count: int | None = None, may_use_all: Callable[[], bool] = lambda: True
    ) -> None:
        """Start nothing yet.

        Args:
            count: how many share the work.
            may_use_all: says whether all may work now; if not, one of several has a break, so that
                its processor is free for whoever types meanwhile.
        """
        self._count = count or usual_count()
        self._may_use_all = may_use_all
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._leaving: list[Process] = []
        self._starting: set[asyncio.Task[Process]] = set()
        self._losses = 0
        self.lost: list[str] = []
        """The files that no surveyor survived."""

    async def ask(self, request: Request) -> Answer:
        """Return the answer to one request.

        Raises:
            CrewError: there is no answer to be had.
        """
        answers: list[Answer] = []
        await self.run([request], lambda _, answer: answers.append(answer))
        if not answers:
            raise CrewError("the indexing process was lost again and again")
        return answers[0]

    async def run(
        self, requests: Iterable[Request], on_answer: Callable[[Request, Answer], None]
    ) -> None:
        """Have requests answered, in no particular order.

        Raises:
            CrewError: surveyors cannot be started, or are lost one after the other.
        """
        tasks = deque([_Task(request) for request in requests])
        if not tasks:
            return
        workers = [
            asyncio.create_task(
                self._work(tasks, on_answer, gives_way=0 < place == self._count - 1)
            )
            for place in range(min(self._count, len(tasks)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(
        self,
        tasks: deque[_Task],
        on_answer: Callable[[Request, Answer], None],
        *,
        gives_way: bool,
    ) -> None:
        while tasks:
            if gives_way and not self._may_use_all():
                await asyncio.sleep(_BREAK_S)
                continue
            task = tasks.popleft()
            process = self._idle.pop() if self._idle else await self._start()
            try:
                answer = await asyncio.wait_for(_exchange(process, task.request), PATIENCE_S)
            except (OSError, EOFError, TimeoutError, msgspec.DecodeError) as error:
                self._dismiss(process)
                logger.warning("An indexing process was lost: %r", error)
                self._count_loss()
                tasks.extendleft(self._again(task))
            except BaseException:
                self._dismiss(process)
                raise
            else:
                self._idle.append(process)
                self._losses = 0
                on_answer(task.request, answer)

    def _again(self, task: _Task) -> list[_Task]:
        """Return what is still to be done of a task whose surveyor was lost.

        The files are tried one by one, and one that is to blame is left out in the end.
        """
        request = task.request
        if task.tries + 1 < _MOST_TRIES:
            if isinstance(request, Survey):
                return [
                    _Task(Survey(request.members, (path,)), task.tries + 1)
                    for path in request.paths
                ]
            return [_Task(request, task.tries + 1)]
        if isinstance(request, Survey):
            self.lost += request.paths
        return []

    def _count_loss(self) -> None:
        self._losses += 1
        if self._losses >= _MOST_LOSSES:
            raise CrewError("the indexing processes end before they are done")

    async def _start(self) -> Process:
        """Return a new surveyor; who gives up waiting for it leaves it to be dismissed."""
        starting = asyncio.create_task(self._start_process())
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)
        try:
            # To cancel asyncio while it starts a process may leave it waiting for ever.
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._turn_away)
            raise
        self._all.add(process)
        return process

    def _turn_away(self, started: asyncio.Task[Process]) -> None:
        if not started.cancelled() and started.exception() is None:
            self._dismiss(started.result())

    async def _start_process(self) -> Process:
        if not sys.executable:
            raise CrewError("no Python interpreter is known")
        try:
            process = await asyncio.create_subprocess_exec(
                # Modules of the folder that the server happens to be started in must not run.
                *(sys.executable, "-P", "-m", "review_server.indexing.surveyor"),
                stdin=PIPE,
                stdout=PIPE,
                env=_environment(),
                # An interrupt from the terminal is for this process, which ends the others.
                process_group=0 if os.name == "posix" else None,
                creationflags=_FLAGS,
            )
        except OSError as error:
            raise CrewError(f"the indexing process cannot be started: {error}") from error
        return process

    def _dismiss(self, process: Process) -> None:
        self._all.discard(process)
        self._leaving = [one for one in self._leaving if one.returncode is None]
        self._leaving.append(process)
        if process in self._idle:
            self._idle.remove(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    @property
    def processes(self) -> list[int]:
        """The ids of the processes that run."""
        return [process.pid for process in self._all]

    def rest(self) -> None:
        """Let the surveyors go that have nothing to do."""
        for process in list(self._idle):
            self._dismiss(process)

    def close(self) -> None:
        """End all surveyors now."""
        for process in list(self._all):
            self._dismiss(process)

    async def ended(self) -> None:
        """Wait until all surveyors that were let go have ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await asyncio.gather(*self._starting, return_exceptions=True)
                await asyncio.gather(*(process.wait() for process in self._leaving))


async def _exchange(process: Process, request: Request) -> Answer:
    source, target = process.stdout, process.stdin
    if source is None or target is None:
        raise EOFError
    target.write(framed(request))
    await target.drain()
    header = await source.readexactly(LENGTH_BYTES)
    return decode_answer(await source.readexactly(int.from_bytes(header, "big")))


def _environment() -> dict[str, str]:
    """Return an environment in which the surveyor finds the packages that this process runs from."""
    roots = [Path(str(module.__file__)).parents[1] for module in (review_server, review_checks)]
    roots.append(Path(str(msgspec.__file__)).parents[1])
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [*known, *(str(root) for root in roots)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths)))}
