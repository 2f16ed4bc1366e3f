"""Projects on disk: where one begins, which files it has, and how they are read."""

from __future__ import annotations

import functools
import io
import os
import re
import tokenize
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.engine.source import ModuleName
from review_checks.options import Options, Problem, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pathspec import GitIgnoreSpec

CONFIGURATION_FILES = ("review-lsp.toml", "pyproject.toml")
_MARKERS = (*CONFIGURATION_FILES, "setup.cfg", "setup.py", ".git", ".hg")
_TEST_FOLDERS = frozenset({"test", "tests"})
_GENERATED_NAMES = ("_pb2.py", "_pb2_grpc.py")
_GENERATED = re.compile(
    r"@generated\b|^#\s*(?:this (?:file|code|module) (?:is|was) )?(?:auto[- ]?|automatically )?"
    r"generated (?:by|from|with|using)\b|\bgenerated\b.*\bdo not (?:edit|modify|change)\b",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_HEADER_LINES = 20


class Configuration(msgspec.Struct, frozen=True):
    """The options of a project, the file they come from ('' when there is none), and its faults."""

    options: Options
    path: str = ""
    problems: tuple[Problem, ...] = ()


def find_root(path: Path) -> Path:
    """Return the folder of the project that a file or folder belongs to.

    That is the nearest folder above with a project's marker, else the folder that contains the
    outermost package, else the file's own folder.
    """
    path = path.resolve()
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in _MARKERS):
            return folder
    return import_root(path)


def import_root(path: Path) -> Path:
    """Return the folder from which a file is imported: that above its outermost package."""
    folder = path if path.is_dir() else path.parent
    while (folder / "__init__.py").exists() and folder.parent != folder:
        folder = folder.parent
    return folder


def decode(raw: bytes) -> str | None:
    """Return the text of a Python file, or None when its bytes are not what it declares."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, ValueError, LookupError):
        # Some of the codecs that a file may declare raise more than UnicodeDecodeError.
        return None
    return text.removeprefix("\ufeff")


class DiskSource:
    """The files of one project on disk. Paths are absolute."""

    def __init__(self, root: Path) -> None:
        """Look for modules under ``root`` and the folders from which its packages are imported."""
        self.root = root
        self._roots: dict[str, None] = {str(root): None}
        for name in ("src", "lib"):
            if (root / name).is_dir():
                self._roots[str(root / name)] = None
        self._names: dict[str, ModuleName] = {}
        # Files that cannot be imported are still to be found under the names they go by here.
        self._scripts: dict[str, str] = {}

    def read(self, path: str) -> str | None:
        """Return the text of a file, or None when it is not there or cannot be decoded."""
        try:
            raw = Path(path).read_bytes()
        except OSError:
            return None
        return decode(raw)

    def find_module(self, dotted: str) -> str:
        """Return the path of a project module, or ''."""
        if not dotted.isidentifier() and not all(part.isidentifier() for part in dotted.split(".")):
            return self._scripts.get(dotted, "")
        stem = dotted.replace(".", os.sep)
        for root in self._roots:
            base = os.path.join(root, stem)  # noqa: PTH118 -- this is asked thousands of times
            for path in (base + os.sep + "__init__.py", base + ".py"):
                if os.path.isfile(path):  # noqa: PTH113 -- see above
                    return path
        return self._scripts.get(dotted, "")

    def module_name(self, path: str) -> ModuleName:
        """Return the dotted name under which a file is imported."""
        known = self._names.get(path)
        if known is None:
            file = Path(path)
            if not file.is_absolute():
                # A buffer that was never saved has no place to be imported from.
                return ModuleName(file.stem, package=False)
            root = import_root(file)
            self._roots.setdefault(str(root), None)
            # A dot in the name of a file is none between modules.
            parts = [
                part.replace(".", "-") for part in file.with_suffix("").relative_to(root).parts
            ]
            package = parts[-1] == "__init__"
            if package:
                parts.pop()
            known = ModuleName(".".join(parts), package)
            if self.find_module(known.name) not in ("", path):
                # Folders that are no packages may hold modules of one name, mostly scripts.
                name = "-".join(file.with_suffix("").parts[1:]).replace(".", "-")
                known = ModuleName(name, package=False)
            if not self.find_module(known.name):
                self._scripts[known.name] = path
            self._names[path] = known
        return known


def configuration(root: Path, settings: Mapping[str, Any] | None = None) -> Configuration:
    """Return the options of a project: ``review-lsp.toml``, else the table in ``pyproject.toml``.

    Each key of ``settings``, the editor's, takes the place of the file's.
    """
    own, shared = root / "review-lsp.toml", root / "pyproject.toml"
    return read_configuration(own if own.is_file() else shared, settings)


def read_configuration(path: Path, settings: Mapping[str, Any] | None = None) -> Configuration:
    """Return the options that a file holds, under ``settings``; see ``configuration``."""
    table, found, problems = _table(path)
    options, more = read_options({**table, **(settings or {})})
    faults = (*problems, *more, *_faulty_patterns(options))
    return Configuration(options, str(path) if found else "", faults)


def _table(path: Path) -> tuple[dict[str, Any], bool, tuple[Problem, ...]]:
    """Return our table in a file, whether there is one, and what is wrong with it."""
    shared = path.name == "pyproject.toml"
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return {}, False, ()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # Of a shared file, other tools complain, and it may have no table of ours.
        return {}, not shared, () if shared else (Problem("", str(error)),)
    if shared:
        tools = table.get("tool")
        table = tools.get("review-lsp") if isinstance(tools, dict) else None
        if table is None:
            return {}, False, ()
    if not isinstance(table, dict):
        return {}, True, (Problem("", "`tool.review-lsp` is not a table"),)
    return table, True, ()


def is_checked(path: str, root: Path, options: Options, lines: Sequence[str] = ()) -> bool:
    """Say whether a file that was found or opened is to be checked.

    Test code is not unless asked for, nor are generated and excluded files.

    Args:
        path: the file, absolute; anything else is a buffer that was never saved.
        root: the folder of its project.
        options: the options of its project.
        lines: the first lines of its text; generated files often say there what they are.
    """
    relative = _relative(path, root)
    if relative is None:
        return True
    if not options.include_tests and is_test_code(relative):
        return False
    if relative.endswith(_GENERATED_NAMES) or is_generated(lines):
        return False
    return not (options.exclude and _patterns(options.exclude).match_file(relative))


def is_test_code(relative: str) -> bool:
    """Say whether a path, relative to its project, is that of test code."""
    *folders, name = relative.split("/")
    if name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py"):
        return True
    return not _TEST_FOLDERS.isdisjoint(folders)


def is_generated(lines: Sequence[str]) -> bool:
    """Say whether the comments at the top of a file say that a program wrote it."""
    header = []
    for line in lines[:_HEADER_LINES]:
        if line.strip() and not line.startswith("#"):
            break
        header.append(line)
    return bool(header) and _GENERATED.search("".join(header)) is not None


def ignored_rules(path: str, root: Path, options: Options) -> frozenset[str]:
    """Return the rules and concerns that ``per-file-ignores`` silences in a file."""
    relative = _relative(path, root)
    if relative is None or not options.per_file_ignores:
        return frozenset()
    found: set[str] = set()
    for pattern, names in options.per_file_ignores.items():
        if _patterns((pattern,)).match_file(relative):
            found.update(names)
    return frozenset(found)


def _relative(path: str, root: Path) -> str | None:
    """Return a path below the root with slashes, or None for what lies elsewhere."""
    file = Path(path)
    if not file.is_absolute():
        return None
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name


def _faulty_patterns(options: Options) -> list[Problem]:
    rows = [("exclude", pattern) for pattern in options.exclude]
    rows += [("per-file-ignores", pattern) for pattern in options.per_file_ignores]
    return [
        Problem(key, f"`{key}`: `{pattern}` is not a pattern of paths")
        for key, pattern in rows
        if not _is_pattern(pattern)
    ]


@functools.lru_cache(maxsize=256)
def _patterns(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    """Return what matches the patterns, those left out that are none."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 -- most projects need none

    return GitIgnoreSpec.from_lines([one for one in patterns if _is_pattern(one)])


def _is_pattern(pattern: str) -> bool:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 -- see above

    try:
        GitIgnoreSpec.from_lines([pattern])
    except (ValueError, re.error):
        return False
    return True
