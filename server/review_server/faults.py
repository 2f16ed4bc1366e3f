"""Shows what is wrong with a configuration in the file that it comes from.

Such a file is no document that the client asks about, so that its diagnostics are always pushed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Raw

from review_checks.text.lines import split_lines
from review_server import convert, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from review_checks.text.positions import Encoding
    from review_server.configuration import Configuration, Fault


class FaultTeller:
    """Knows which files have faults that the client was told of."""

    def __init__(
        self,
        encoding: Encoding,
        uri: Callable[[str], str],
        send: Callable[[wire.PublishDiagnostics], None],
    ) -> None:
        """Take what the client counts in, what it calls files, and how it is told."""
        self._encoding = encoding
        self._uri = uri
        self._send = send
        self._told: dict[str, list[bytes]] = {}

    def tell(self, configurations: Iterable[Configuration]) -> None:
        """Send the faults of all files for which they are others than before."""
        faults: dict[str, dict[Fault, None]] = {}
        for found in configurations:
            for fault in found.faults:
                if fault.span is not None:
                    faults.setdefault(fault.origin, {})[fault] = None
        rows = {path: self._rows(path, of_file) for path, of_file in faults.items()}
        for path in {**self._told, **rows}:
            now = rows.get(path, [])
            if now != self._told.get(path, []):
                shown = [Raw(row) for row in now]
                self._send(wire.PublishDiagnostics(self._uri(path), shown))
        self._told = rows

    def _rows(self, path: str, faults: Iterable[Fault]) -> list[bytes]:
        try:
            lines = split_lines(Path(path).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            lines = []
        return [
            wire.encode(convert.fault(fault.message, fault.span, lines, self._encoding))
            for fault in faults
            if fault.span is not None
        ]
