"""A project with its index in the test's own process; only the surveyors are others."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from review_checks.summaries.index import mentioned_in
from review_server.editor_settings import EditorSettings
from review_server.indexing.index import Index
from review_server.indexing.status import IndexStatus, State
from review_server.workspace import Project, Projects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PATIENCE = 60.0


class Idler:
    """An editor whose user is away, or types all the time."""

    def __init__(self) -> None:
        self.types = False

    def is_at_rest(self) -> bool:
        """Say whether the user is away."""
        return not self.types

    async def rest(self) -> None:
        """Wait for nobody."""


class Indexed:
    """A folder, its project and the index."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.projects = Projects([root.as_uri()], EditorSettings())
        self.changes = 0
        self.told: list[IndexStatus] = []
        self.editor = Idler()
        self.index = Index(self.projects, self._changed, self.editor)
        self.index.listen(self.told.append)
        self.project: Project = self.projects.of(str(root))

    def _changed(self) -> None:
        self.changes += 1

    def users(self, name: str, project: Project | None = None) -> list[str]:
        """Return the files that use a name, relative to the root."""
        found = mentioned_in((project or self.project).analysis.db, name)
        return [path.removeprefix(f"{self.root}/") for path in found]

    async def settle(self) -> IndexStatus:
        """Wait until the index has nothing to do; return its status."""
        async with asyncio.timeout(PATIENCE):
            while (task := self.index._task) is not None:
                await asyncio.wait([task])
        return self.index.status

    async def full(self) -> IndexStatus:
        """Start, and wait until everything is indexed."""
        self.index.start()
        status = await self.settle()
        assert status.state is State.IDLE, status
        return status


@contextlib.asynccontextmanager
async def indexing(root: Path) -> AsyncIterator[Indexed]:
    """Have an index that is closed in the end."""
    made = Indexed(root)
    try:
        yield made
    finally:
        made.index.close()
        await made.index.closed()
