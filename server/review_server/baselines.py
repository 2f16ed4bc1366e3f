"""Reads and writes files of known findings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from review_checks.engine.baseline import Fingerprint, Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VERSION = 1
_NOTHING = Known()


class Baseline(msgspec.Struct, frozen=True):
    """The known findings of many files; their paths are relative to the folder of the file."""

    folder: str = ""
    files: dict[str, Known] = {}

    def known(self, path: str) -> Known:
        """Return what is known of a file, given by its absolute path."""
        if not self.files or not Path(path).is_absolute():
            return _NOTHING
        return self.files.get(_relative(path, self.folder), _NOTHING)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    findings: dict[str, list[Fingerprint]]


class BaselineError(ValueError):
    """A file is no baseline, or cannot be read; the text says why."""


def read_baseline(path: Path) -> Baseline:
    """Return the findings that a file holds.

    Raises:
        BaselineError: it cannot be read, or has another form.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise BaselineError((error.strerror or str(error)).lower()) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"it is no baseline: {error}") from None
    if found.version != _VERSION:
        raise BaselineError(f"its version is {found.version}, which is not {_VERSION}")
    files = {name: Known(frozenset(rows)) for name, rows in found.findings.items()}
    return Baseline(str(path.resolve().parent), files)


def write_baseline(path: Path, findings: Mapping[str, Iterable[Fingerprint]]) -> None:
    """Write the findings of files, given by absolute paths; each stands on a line of its own.

    Raises:
        OSError: the file cannot be written.
    """
    folder = str(path.resolve().parent)
    rows = sorted((_relative(file, folder), sorted(prints)) for file, prints in findings.items())
    blocks = []
    for name, prints in rows:
        if prints:
            lines = ",\n".join(f"   {json.dumps(msgspec.to_builtins(one))}" for one in prints)
            blocks.append(f"  {json.dumps(name)}: [\n{lines}\n  ]")
    body = ",\n".join(blocks)
    text = f'{{\n "version": {_VERSION},\n "findings": {{\n{body}\n }}\n}}\n'
    path.write_text(text, encoding="utf-8")


def _relative(path: str, folder: str) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        # It lies on another drive.
        return Path(path).as_posix()
