"""Surveys whole projects in processes of their own. Small commands do without asyncio, and this."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec

from review_server.cli.surveying import Overview
from review_server.indexing.crew import Crew, CrewError
from review_server.indexing.messages import (
    MOST_FILES,
    List,
    Listed,
    Members,
    Survey,
    Surveyed,
    Tidy,
    batches,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from review_server.indexing.messages import Answer, Request
    from review_server.selection import Selection


def survey_apart(
    selections: Sequence[Selection],
    jobs: int,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Overview]:
    """Survey projects in processes of their own.

    Args:
        selections: what is wanted of each project.
        jobs: how many processes to use.
        advance: is told how many files of a project are done, and how many there are.
    """
    return asyncio.run(_survey_apart(selections, jobs, advance))


async def _survey_apart(
    selections: Sequence[Selection], jobs: int, advance: Callable[[int, int], None]
) -> list[Overview]:
    crew = Crew(jobs)
    try:
        found = [await _survey(crew, selection, advance) for selection in selections]
        with contextlib.suppress(CrewError):
            await crew.ask(Tidy())
        return found
    finally:
        crew.close()
        await crew.ended()


async def _survey(
    crew: Crew, selection: Selection, advance: Callable[[int, int], None]
) -> Overview:
    members = Members.of(selection)
    rows: list[tuple[str, tuple[str, ...]]] = []
    gap = ""
    fresh = done = 0
    lost = len(crew.lost)
    try:
        listed = await crew.ask(List(members, MOST_FILES))
        paths = listed.paths if isinstance(listed, Listed) else ()
        if isinstance(listed, Listed) and not listed.complete:
            gap = f"there are more than {MOST_FILES:,} files"

        def take(request: Request, answer: Answer) -> None:
            nonlocal done, fresh
            if isinstance(request, Survey) and isinstance(answer, Surveyed):
                done += len(request.paths)
                fresh += answer.fresh
                rows.extend([(row.path, row.names) for row in answer.rows])
                advance(done, len(paths))

        await crew.run(batches(members, paths), take)
    except CrewError as error:
        gap = str(error)
    if len(crew.lost) > lost:
        gap = f"{len(crew.lost) - lost} files could not be indexed"
    rows.sort()
    return Overview(msgspec.msgpack.encode(rows), len(rows), fresh, gap)
