"""What the server and its surveyors say to each other, and how a stream of it is cut.

A message is msgpack behind its length in four bytes: data that cannot execute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.options import Options
from review_server.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LENGTH_BYTES = 4
MOST_FILES = 20_000
"""How many files of one project are indexed; a home folder must not be read as a whole."""

_BATCH = 24
"""How many files go into one request; a surveyor has them done in about a tenth of a second."""


class Members(msgspec.Struct, frozen=True, array_like=True):
    """Which files are members of a project, as far as the user chose that.

    Attributes:
        root: the folder of the project.
        base: the folder that patterns are relative to.
        exclude: the patterns of what is left out.
        include_tests: test code is not left out.
        limit: larger files are not analysed.
    """

    root: str
    base: str
    exclude: tuple[str, ...]
    include_tests: bool
    limit: int

    @classmethod
    def of(cls, selection: Selection) -> Members:
        """Return that of a project."""
        options = selection.options
        return cls(
            selection.root,
            selection.base,
            tuple(options.exclude),
            options.include_tests,
            options.max_file_size,
        )

    def selection(self) -> Selection:
        """Return what decides about files."""
        options = Options(exclude=self.exclude, include_tests=self.include_tests)
        return Selection(self.root, options, self.base)


class List(msgspec.Struct, frozen=True, array_like=True, tag="list"):
    """Find the files that may be members of a project, no more than ``most``."""

    members: Members
    most: int


class Survey(msgspec.Struct, frozen=True, array_like=True, tag="survey"):
    """Say which names some files use, and cache their facts."""

    members: Members
    paths: tuple[str, ...]


def batches(members: Members, paths: Sequence[str]) -> list[Survey]:
    """Return the requests for some files."""
    return [Survey(members, tuple(paths[at : at + _BATCH])) for at in range(0, len(paths), _BATCH)]


class Tidy(msgspec.Struct, frozen=True, array_like=True, tag="tidy"):
    """Bring the cache in order."""


Request = List | Survey | Tidy


class Listed(msgspec.Struct, frozen=True, array_like=True, tag="listed"):
    """The files that may be members of a project, and the roots of other projects inside it.

    ``complete`` says that there are no others.
    """

    paths: tuple[str, ...]
    inner: tuple[str, ...]
    complete: bool


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A member of a project: its path, a digest of its text, and the names that it uses."""

    path: str
    digest: bytes
    names: tuple[str, ...]


class Surveyed(msgspec.Struct, frozen=True, array_like=True, tag="surveyed"):
    """The members of a project among the files that were asked for; ``fresh`` were not cached."""

    rows: tuple[Row, ...]
    fresh: int = 0


class Done(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """There is nothing to say but that it was done."""


Answer = Listed | Surveyed | Done

decode_request: Callable[[bytes], Request] = msgspec.msgpack.Decoder(Request).decode
decode_answer: Callable[[bytes], Answer] = msgspec.msgpack.Decoder(Answer).decode
_encode = msgspec.msgpack.Encoder().encode


def framed(message: Any) -> bytes:
    """Return a message behind its length."""
    body = _encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
