"""A project in memory, whose functions are found by their names."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.options import Options
from review_checks.summaries.index import qualified_name
from review_checks.summaries.inputs import FunctionId, layout, unit_facts

if TYPE_CHECKING:
    from review_checks.facts.schema import Function
    from review_checks.summaries.incremental import Database


class Project:
    """Modules given by their paths; the texts may be indented."""

    def __init__(self, files: dict[str, str], options: Options | None = None) -> None:
        self.files = {path: dedent(text).lstrip("\n") for path, text in files.items()}
        self.workspace = Workspace(MemorySource(self.files), options or Options())
        for path, text in self.files.items():
            self.workspace.open(path, text)

    @property
    def db(self) -> Database:
        return self.workspace.db

    def function(self, name: str, path: str = "case.py") -> FunctionId:
        """Return a function by its qualified name, nested ones included."""
        for unit in layout(self.db, path) or ():
            for index in range(len(unit_facts(self.db, unit).functions)):
                if qualified_name(self.db, (unit, index)) == name:
                    return unit, index
        raise LookupError(name)

    def facts(self, name: str, path: str = "case.py") -> Function:
        unit, index = self.function(name, path)
        return unit_facts(self.db, unit).functions[index]


def project(text: str, **others: str) -> Project:
    """Return a project of ``case.py`` and of other modules by their names."""
    return Project({"case.py": text, **{f"{name}.py": other for name, other in others.items()}})
