"""Writes changed files so that a reader sees the old text or the new one, and never half of it."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tempfile
import tokenize
from pathlib import Path

from review_server.cli.reading import why
from review_server.project import decode


class WriteError(Exception):
    """Why a file was not written; it is as it was before."""


def rewrite(path: str, before: str, after: str) -> None:
    """Replace the text of a file; encoding, byte order mark, line ends and mode stay.

    Args:
        path: the file.
        before: the text that ``after`` was made from.
        after: the new text, with its line ends as they are to be.

    Raises:
        WriteError: the file no longer has the text ``before``, cannot be written, or its encoding
            lacks a character of ``after``.
    """
    real = os.path.realpath(path)
    try:
        raw = Path(real).read_bytes()
        if decode(raw) != before:
            raise WriteError("it was changed meanwhile")
        encoded = _encode(raw, before, after)
        if not os.access(real, os.W_OK):
            raise WriteError("it is write-protected")
        _replace(real, encoded)
    except OSError as error:
        raise WriteError(why(error, real)) from error


def _encode(raw: bytes, before: str, after: str) -> bytes:
    """Return a new text in the encoding that a file's old bytes have."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    try:
        if before.encode(encoding) != raw:
            raise WriteError(f"its {encoding} text cannot be written back as it was")
        return after.encode(encoding)
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        raise WriteError(f"its encoding, {encoding}, has no {character!r}") from error
    except (UnicodeError, LookupError) as error:
        # Some codecs are for names of hosts and the like.
        raise WriteError(f"its {encoding} text cannot be written back: {error}") from error


def _replace(path: str, content: bytes) -> None:
    """Put new content in the place of a file in one step."""
    status = os.stat(path)  # noqa: PTH116 -- beside the other calls on strings
    folder, name = os.path.split(path)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):
                os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))  # noqa: PTH101 -- see above
        os.replace(temporary, path)  # noqa: PTH105 -- see above
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 -- see above
        raise
