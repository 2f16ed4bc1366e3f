"""What checkers said of files, kept from one run to the next."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from .cases import Source
from .tools import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from .tools import Tool


class ChangedError(Exception):
    """A checker changed while it was measured; the message is for people."""


class Outcome(msgspec.Struct, frozen=True):
    """What a checker says of one version of a file.

    Attributes:
        diagnostics: what it reports; None when it failed.
        lines: how many lines the file has.
        complaint: what went wrong; '' when nothing did.
    """

    diagnostics: tuple[Diagnostic, ...] | None
    lines: int
    complaint: str = ""


class _Row(msgspec.Struct, frozen=True):
    source: Source
    outcome: Outcome


class Results:
    """What one checker says of files in one context.

    Results outlive the run if the checker can be told from its other versions. They are lines of
    JSON, appended one by one, so that an interrupted run goes on where it stopped. Failures are not
    kept.
    """

    def __init__(self, tool: Tool, context: str, folder: Path | None) -> None:
        """Read what is known.

        Args:
            tool: the checker.
            context: what it can read besides the file.
            folder: where results are kept; None for not at all.
        """
        self.tool = tool
        self._identity = tool.identity() if tool.identity is not None else ""
        self._known: dict[Source, Outcome] = {}
        self._file: Path | None = None
        if folder is not None and tool.identity is not None:
            name = "\0".join((self._identity, context, *tool.command))
            self._file = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.jsonl"
            self._known = _read(self._file)

    def missing(self, sources: Iterable[Source]) -> list[Source]:
        """Return the files of which nothing is known."""
        return [source for source in sources if source not in self._known]

    def keep(self, found: Mapping[Source, Outcome]) -> None:
        """Add results.

        Raises:
            ChangedError: when they may be those of another version of the checker.
        """
        if self.tool.identity is not None and self.tool.identity() != self._identity:
            raise ChangedError(f"{self.tool.name} changed while it was measured")
        self._known.update(found)
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as stream:
            for source, outcome in found.items():
                if not outcome.complaint:
                    stream.write(msgspec.json.encode(_Row(source, outcome)) + b"\n")

    def of(self, sources: Sequence[Source]) -> dict[Source, Outcome]:
        """Return the results of files that are not missing."""
        return {source: self._known[source] for source in sources}


def _read(file: Path) -> dict[Source, Outcome]:
    known = {}
    for line in file.read_bytes().splitlines() if file.is_file() else ():
        try:
            row = msgspec.json.decode(line, type=_Row)
        except msgspec.DecodeError:
            # The last line of an interrupted run may be incomplete.
            continue
        known[row.source] = row.outcome
    return known
