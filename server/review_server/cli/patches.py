"""Shows changes as unified diffs, such as ``patch`` and ``git apply`` take."""

from __future__ import annotations

import difflib
import io
import os
from typing import TYPE_CHECKING

from review_checks.text.editing import apply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from review_checks.model import Fix
    from review_server.cli.reading import Texts

_NO_END = "\\ No newline at end of file\n"


def fix_patch(fix: Fix, texts: Texts, show: Callable[[str], str]) -> Iterator[str]:
    """Yield the lines of the diff that a fix makes of the files on disk.

    Args:
        fix: the fix.
        texts: the files.
        show: turns the path of a file into the name to use for it.
    """
    for path in dict.fromkeys(edit.path for edit in fix.edits):
        lines = texts.lines(path)
        after = apply(lines, [edit for edit in fix.edits if edit.path == path])
        yield from patch(show(path), "".join(lines), after)


def patch(name: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines, with their ends, of the diff between two texts of one file."""
    old, new = (name, name) if os.path.isabs(name) else (f"a/{name}", f"b/{name}")  # noqa: PTH117 -- a name
    for line in difflib.unified_diff(_lines(before), _lines(after), old, new):
        if line.endswith("\n"):
            yield line
        else:
            yield line + "\n"
            yield _NO_END


def _lines(text: str) -> list[str]:
    """Split a text as tools for diffs do, which know one line end."""
    return list(io.StringIO(text, newline="\n"))
