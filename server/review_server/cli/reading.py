"""Reads files for the command line, and says why one cannot be read."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

from review_checks.text.lines import split_lines
from review_server.cli.report import Complaint
from review_server.project import decode

_MOST = 80
"""How many characters of what a file declares are shown."""


def obstacle(path: str) -> Complaint | None:
    """Return why the text of a file cannot be had, or None when it can."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        return Complaint(path, why(error, path))
    return None if decode(raw) is not None else _undecodable(path, raw)


def why(error: OSError, path: str) -> str:
    """Say in a few words what the system has against a file."""
    if isinstance(error, FileNotFoundError):
        broken = Path(path).is_symlink()
        return "it is a broken symbolic link" if broken else "there is no such file or folder"
    return (error.strerror or str(error)).lower()


def _undecodable(path: str, raw: bytes) -> Complaint:
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
    except SyntaxError as error:
        encoding = "utf-8"
        if "unknown encoding" in str(error):
            said = str(error)
            return Complaint(path, said if len(said) <= _MOST else f"{said[:_MOST]}…", 0)
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start)
        return Complaint(path, f"byte 0x{raw[error.start]:02x} is not {encoding}", line)
    except (LookupError, ValueError) as error:
        return Complaint(path, str(error), 0)
    # The text is sound, so it is the declaration that contradicts it.
    return Complaint(path, f"its encoding is declared wrongly, it is {encoding}", 0)


class Texts:
    """The lines of files on disk, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}

    def lines(self, path: str) -> list[str]:
        """Return the lines of a file with their ends; none when it cannot be read any more."""
        known = self._known.get(path)
        if known is None:
            try:
                text = decode(Path(path).read_bytes())
            except OSError:
                text = None
            known = self._known[path] = split_lines(text) if text is not None else []
        return known
