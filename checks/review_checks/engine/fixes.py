"""Tries fixes before they are offered, and applies those of many findings as one."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING, Self

from review_checks.model import Edit, Finding, Fix, Refusal, Safety, Severity, Span
from review_checks.text.editing import apply, comments_in
from review_checks.text.lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from review_checks.engine.workspace import Workspace

Identity = tuple[str, str, str, str]
"""What tells a finding from others while text moves: rule, path, scope and symbol."""
Likeness = tuple[Identity, str]
"""What findings have in common that differ by their places alone: identity and message."""
Found = dict[Identity, list[Severity]]
"""How serious the findings are that have an identity in common."""

_OURS = re.compile(r"#\s*review\s*:", re.IGNORECASE)
_MOST_FIXES = 500
"""How many fixes are applied as one; each is tried, and somebody waits."""


def identity(finding: Finding) -> Identity:
    """Return what tells a finding from others while text moves."""
    return finding.rule, finding.path, finding.scope, finding.symbol


class Trial:
    """Changes to the texts under analysis that are taken back at the end of a ``with`` block."""

    def __init__(self, workspace: Workspace) -> None:
        """Change nothing yet."""
        self._workspace = workspace
        self._before: dict[str, tuple[str, bool]] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Bring the old texts back; files that were not open are the source's again."""
        for path, (text, was_open) in self._before.items():
            self._workspace.open(path, text)
            if not was_open:
                self._workspace.close(path)

    def apply(self, edits: Iterable[Edit]) -> None:
        """Apply edits of any files, which must not overlap."""
        by_path: dict[str, list[Edit]] = {}
        for edit in edits:
            by_path.setdefault(edit.path, []).append(edit)
        for path, rows in by_path.items():
            lines = self._workspace.lines(path)
            before = "".join(lines), self._workspace.is_open(path)
            self._before.setdefault(path, before)
            self._workspace.open(path, apply(lines, rows))

    def lost_comment(self) -> str:
        """Return a comment that is no longer there, or ''.

        It may have become longer, and those that speak to us may go.
        """
        for path, (text, _) in self._before.items():
            _, old, new = _middle(split_lines(text), self._workspace.lines(path))
            kept = comments_in("".join(new))
            for comment in comments_in("".join(old)):
                said = _OURS.split(comment)[0].rstrip()
                holder = next((row for row in kept if row.startswith(said)), None)
                if holder is not None:
                    kept.remove(holder)
                elif said:
                    return said
        return ""

    def edits(self) -> tuple[Edit, ...]:
        """Return the edits that make the old texts what they are now."""
        return tuple(
            [
                edit
                for path, (text, _) in self._before.items()
                for edit in differences(path, split_lines(text), self._workspace.lines(path))
            ]
        )


def tried(workspace: Workspace, fix: Fix, finding: Finding) -> Fix | Refusal:
    """Return a fix if it does what it should, else why it does not.

    Where the text would no longer parse, a comment would be lost, the finding would stay, or
    another would appear, it is refused.
    """
    harm, known, after = _outcome(workspace, fix, finding.path)
    if harm:
        return Refusal(harm)
    # Several findings may be alike but for their places; one of them is to go.
    mine = identity(finding)
    if len(after.get(mine, ())) >= max(1, len(known.get(mine, ()))):
        return Refusal("the finding would stay")
    new = [row for row, found in after.items() if len(found) > len(known.get(row, ()))]
    if not new:
        return fix
    rule, _, _, symbol = min(new)
    about = f" of `{symbol}`" if symbol else ""
    return Refusal(f"it would cause another finding, `{rule}`{about}")


def tried_assist(workspace: Workspace, fix: Fix, path: str) -> Fix | Refusal:
    """Return a change that the user asked for, unless it would break the code.

    It may bring up what the user is to think about next, but nothing that is an error, such as
    taking a lock twice; a safe change, such as a comment, may bring up errors that are there.
    """
    harm, known, after = _outcome(workspace, fix, path)
    if harm:
        return Refusal(harm)
    if fix.safety is Safety.SAFE:
        return fix
    wrong = [
        row
        for row, found in after.items()
        if Severity.ERROR in found and len(found) > len(known.get(row, ()))
    ]
    return Refusal(f"it would cause an error, `{min(wrong)[0]}`") if wrong else fix


def _outcome(workspace: Workspace, fix: Fix, path: str) -> tuple[str, Found, Found]:
    """Return what harm a change does to the text, or '', and the findings before and after."""
    paths = list(dict.fromkeys([path, *(edit.path for edit in fix.edits)]))
    known = _findings(workspace, paths)
    unread = _unread(workspace, paths)
    with Trial(workspace) as trial:
        trial.apply(fix.edits)
        after = _findings(workspace, paths)
        harm = f"the comment `{lost}` would be lost" if (lost := trial.lost_comment()) else ""
        if _unread(workspace, paths) > unread:
            harm = "the result would not parse"
    return harm, known, after


def fix_all(
    workspace: Workspace,
    path: str,
    title: str,
    wanted: Callable[[Finding], bool],
    allowed: Collection[Safety],
) -> Fix | Refusal:
    """Return one change that does what the fixes of many findings of a file do.

    Each fix is applied to what those before it left, and only if it still does what it should.

    Args:
        workspace: the analysis.
        path: the file.
        title: what the change is to be called.
        wanted: says whether a finding is to be mended.
        allowed: how safe a fix must be.
    """
    safety = Safety.SAFE
    reason = "there is nothing to fix"
    failed: Counter[Likeness] = Counter()
    with Trial(workspace) as trial:
        for _ in range(_MOST_FIXES):
            # A fix moves what stands below it, so that the findings are asked for again each time.
            rows = [row for row in workspace.findings(path) if row.fix in allowed and wanted(row)]
            finding = next_to_fix(rows, failed)
            if finding is None:
                break
            fix = workspace.fix(finding)
            if isinstance(fix, Fix) and fix.safety in allowed:
                trial.apply(fix.edits)
                safety = Safety.UNSAFE if fix.safety is Safety.UNSAFE else safety
            else:
                reason = fix.reason if isinstance(fix, Refusal) else reason
                failed[likeness(finding)] += 1
        edits = trial.edits()
    return Fix(title, safety, edits) if edits else Refusal(reason)


def likeness(finding: Finding) -> Likeness:
    """Return what findings that differ by their places alone have in common."""
    return identity(finding), finding.message


def next_to_fix(rows: Iterable[Finding], failed: Mapping[Likeness, int]) -> Finding | None:
    """Return the first finding that is still to be tried.

    Args:
        rows: findings, from top to bottom.
        failed: how many of those that are alike, counted from the top, were tried and stay.
    """
    passed: Counter[Likeness] = Counter()
    for row in rows:
        kind = likeness(row)
        passed[kind] += 1
        if passed[kind] > failed.get(kind, 0):
            return row
    return None


def differences(path: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Edit]:
    """Yield the edits of whole lines that turn one text into another."""
    head, old, new = _middle(before, after)
    matcher = difflib.SequenceMatcher(None, old, new)
    for kind, first, stop, low, high in matcher.get_opcodes():
        if kind != "equal":
            yield Edit(path, _lines_span(before, head + first, head + stop), "".join(new[low:high]))


def _middle(
    before: Sequence[str], after: Sequence[str]
) -> tuple[int, Sequence[str], Sequence[str]]:
    """Return what is left of two texts without the lines in which they begin and end alike.

    The number is that of the lines in which they begin alike.
    """
    head = tail = 0
    limit = min(len(before), len(after))
    while head < limit and before[head] == after[head]:
        head += 1
    while tail < limit - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return head, before[head : len(before) - tail], after[head : len(after) - tail]


def _lines_span(lines: Sequence[str], first: int, stop: int) -> Span:
    """Return the span of whole lines; that of the last one ends where the text does."""
    if stop < len(lines):
        return Span(first, 0, stop, 0)
    last = len(lines) - 1
    start = (first, 0) if first < len(lines) else (last, len(lines[last]))
    return Span(*start, last, len(lines[last]))


def _findings(workspace: Workspace, paths: Iterable[str]) -> Found:
    found: Found = {}
    for path in paths:
        for row in workspace.findings(path):
            found.setdefault(identity(row), []).append(row.severity)
    return found


def _unread(workspace: Workspace, paths: Iterable[str]) -> int:
    return sum(len(workspace.unread(path)) for path in paths)
