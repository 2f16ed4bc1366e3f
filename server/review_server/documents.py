"""The open documents. Their text lies in the analysis, and nowhere else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from review_checks.text.lines import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from review_checks.model import Finding, Span
    from review_server.workspace import Project

Rendered = dict[tuple[str, str, str, int], tuple["Finding", bytes]]
"""Rule, scope, symbol and line of a finding → the finding and the row that it was given."""


class OpenDocument:
    """A document that the editor has opened.

    Attributes:
        uri: its URI as the editor spells it.
        path: the name under which the analysis knows it.
        version: the editor's number of its text.
        project: the project that it belongs to.
        checked: whether its findings are wanted.
        rendered: the rows that need not be rendered again.
        rows: the rows that the editor was given last.
        result: the number of those rows; no other rows of the session have it.
        changed: when the first edit was made of those whose rows were not sent yet; infinite
            when there is none.
    """

    __slots__ = (
        "_aside",
        "changed",
        "checked",
        "path",
        "project",
        "rendered",
        "result",
        "rows",
        "uri",
        "version",
    )

    def __init__(self, uri: str, path: str, version: int | None, project: Project) -> None:
        """Make a document that has no text yet."""
        self.uri = uri
        self.path = path
        self.version = version
        self.project = project
        self.checked = True
        self.rendered: Rendered = {}
        self.rows: list[bytes] | None = None
        self.result = 0
        self.changed = math.inf
        self._aside: Document | None = None

    @property
    def is_too_large(self) -> bool:
        """Whether the text is kept aside, unanalysed, because of its size."""
        return self._aside is not None

    @property
    def is_part(self) -> bool:
        """Whether it belongs to the project of something larger."""
        return False

    @property
    def lines(self) -> Sequence[str]:
        """The lines of the text, which change in place."""
        return self.project.analysis.lines(self.path) if self._aside is None else self._aside.lines

    def replace(self, text: str) -> None:
        """Take a whole text."""
        if len(text) > self.project.options.max_file_size:
            if self._aside is None:
                self.project.analysis.close(self.path)
            self._aside = Document(text)
        else:
            self._aside = None
            self.project.analysis.open(self.path, text)
        self.decide()

    def edit(self, edits: Iterable[tuple[Span, str]]) -> None:
        """Apply edits one after the other; each is taken when those before it are done."""
        if self._aside is None:
            self.project.analysis.change(self.path, edits)
            return
        for span, text in edits:
            self._aside.edit(span, text)
        if sum(map(len, self._aside.lines)) <= self.project.options.max_file_size:
            self.replace(self._aside.text)

    def move(self, project: Project) -> None:
        """Belong to another project from now on."""
        text = "".join(self.lines)
        self.close()
        self.project = project
        self.replace(text)

    def decide(self) -> None:
        """See again whether and what to report."""
        self.checked = self.project.is_checked(self.path, self.lines)
        self.rendered = {}

    def close(self) -> None:
        """Go back to what the disk has."""
        if self._aside is None:
            self.project.analysis.close(self.path)
