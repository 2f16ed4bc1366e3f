"""Which files are checked, and which of their findings are reported."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from review_checks.engine.discovery import rules_by_name
from review_checks.options import Options
from review_server.baselines import Baseline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pathspec import GitIgnoreSpec

    from review_checks.model import Finding

_TEST_FOLDERS = frozenset({"test", "tests"})
_GENERATED_NAMES = ("_pb2.py", "_pb2_grpc.py")
_GENERATED = re.compile(
    r"@generated\b|^#\s*(?:this (?:file|code|module) (?:is|was) )?(?:auto[- ]?|automatically )?"
    r"generated (?:by|from|with|using)\b|\bgenerated\b.*\bdo not (?:edit|modify|change)\b",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_HEADER_LINES = 20


class Selection(msgspec.Struct, frozen=True):
    """What is wanted of one project.

    Attributes:
        root: the folder of the project, '' for buffers that belong to none.
        options: the options of the project.
        base: the folder that patterns are relative to, '' for the project's.
        baseline: the findings that are not reported again.
    """

    root: str
    options: Options = Options()
    base: str = ""
    baseline: Baseline = Baseline()

    def is_checked(self, path: str, lines: Sequence[str] = ()) -> bool:
        """Say whether a file that was found or opened is to be checked.

        Test code is not unless asked for, nor are generated and excluded files.

        Args:
            path: the file, absolute; anything else is a buffer that was never saved.
            lines: the first lines of its text; generated files often say there what they are.
        """
        relative = _relative(path, self.root)
        if relative is None:
            return True
        if not self.options.include_tests and is_test_code(relative):
            return False
        if relative.endswith(_GENERATED_NAMES) or is_generated(lines):
            return False
        if not self.options.exclude:
            return True
        return not _patterns(self.options.exclude).match_file(self._matched(path))

    def ignored(self, path: str) -> frozenset[str]:
        """Return the rules and concerns that ``per-file-ignores`` silences in a file."""
        chosen = self.options.per_file_ignores
        if not chosen or _relative(path, self.root) is None:
            return frozenset()
        relative = self._matched(path)
        found: set[str] = set()
        for pattern, names in chosen.items():
            if _patterns((pattern,)).match_file(relative):
                found.update(names)
        return frozenset(found)

    def reported(
        self, path: str, findings: Iterable[Finding], lines: Sequence[str]
    ) -> list[Finding]:
        """Return the findings of a file that are reported there."""
        return self.baseline.known(path).new(self.wanted(path, findings), lines)

    def wanted(self, path: str, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings of a file that would be reported there were none of them known."""
        rows = list(findings)
        if ignored := self.ignored(path):
            rules = rules_by_name()
            rows = [row for row in rows if not {row.rule, rules[row.rule].concern} & ignored]
        return rows

    def _matched(self, path: str) -> str:
        """Return what patterns are matched with."""
        return _relative(path, self.base or self.root) or path


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


def is_pattern(pattern: str) -> bool:
    """Say whether a text is a pattern as in ``.gitignore``."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 -- most projects need none

    try:
        GitIgnoreSpec.from_lines([pattern])
    except (ValueError, re.error):
        return False
    return True


def _relative(path: str, root: str) -> str | None:
    """Return a path below the root with slashes, or None for what lies elsewhere."""
    file = Path(path)
    if not root or not file.is_absolute():
        return None
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name


@functools.lru_cache(maxsize=256)
def _patterns(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    """Return what matches the patterns, those left out that are none."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 -- see above

    return GitIgnoreSpec.from_lines([one for one in patterns if is_pattern(one)])
