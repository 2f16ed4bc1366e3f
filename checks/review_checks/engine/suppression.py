"""Which findings are silenced by comments: ``# review: ignore[rule, rule] reason``.

A comment speaks for the whole logical line on which it stands. On a line of its own it speaks for
the logical line below it, or, above decorators, for those and the line that they decorate.
``# review: ignore-file[rule]`` speaks for its file. A rule's concern may stand in the place of its
name; without brackets the comment speaks for all rules.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from review_checks.engine.discovery import all_rules, rules_by_name
from review_checks.model import Edit, Finding, Fix, Refusal, Safety, Span
from review_checks.rule import Comment, Over
from review_checks.text.editing import line_end
from review_checks.text.lines import content_length
from review_checks.text.logical import Flaw, is_whole, read_logical_line
from review_checks.text.silencers import Silencer, added, read_silencer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from review_checks.engine.files import File
    from review_checks.options import Options
    from review_checks.rule import Rule

_MARK = "\ufeff"


class Suppressions:
    """The comments of one file that silence findings, and which of them do."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._silencers = list(silencers(file))
        self._whole: list[int] = []
        self._on_lines: dict[int, list[int]] = {}
        self._lines: dict[int, list[int]] = {}
        self._used: dict[int, set[str]] = {}
        above, covered = 0, range(0)
        for index, silencer in enumerate(self._silencers):
            if silencer.whole:
                self._whole.append(index)
                continue
            self._on_lines.setdefault(silencer.line, []).append(index)
            # Comments that follow one another speak for the same code.
            if not above <= silencer.line < covered.start:
                above, covered = silencer.line, covered_lines(file, silencer.line)
            for line in covered:
                self._lines.setdefault(line, []).append(index)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._silencers)

    def cover(self, finding: Finding) -> bool:
        """Say whether a comment silences a finding, and remember which did."""
        if not self._silencers:
            return False
        rule = rules_by_name().get(finding.rule)
        wanted = {finding.rule, rule.concern if rule is not None else ""}
        line = finding.span.line
        on_comment = _is_about_comments(finding)
        speaking = [*self._whole, *self._lines.get(line, ())]
        if on_comment:
            speaking += self._on_lines.get(line, ())
        found = False
        for index in dict.fromkeys(speaking):
            silencer = self._silencers[index]
            if on_comment and silencer.names is None:
                # All rules are those about code.
                continue
            names = {""} if silencer.names is None else {one.name for one in silencer.names}
            used = names if silencer.names is None else names & wanted
            self._used.setdefault(index, set()).update(used)
            found = found or bool(used)
        return found

    def comments(self, options: Options, failed: Collection[str]) -> Iterator[Comment]:
        """Yield the comments with what is wrong with them, after all findings were shown to ``cover``.

        What a comment is for that names a rule which does not run, or has failed, is not known, and
        neither is it in code that does not parse.
        """
        file = self._file
        torn = {file.segmentation.index_at(part.line) for part in file.unread()}
        running = {
            rule.name
            for rule in all_rules()
            if rule.name not in failed and options.reports(rule.name, rule.concern, rule.tier)
        }
        for index, silencer in enumerate(self._silencers):
            if torn if silencer.whole else file.segmentation.index_at(silencer.line) in torn:
                continue
            yield self._judged(silencer, self._used.get(index, set()), running)

    def _judged(self, silencer: Silencer, used: set[str], running: set[str]) -> Comment:
        text = self._file.lines[silencer.line]
        path = self._file.path
        if silencer.names is None:
            idle = not used and all(rule.name in running for rule in _judged_rules())
            return Comment(path, text, silencer, (-1,) if idle else ())
        if not silencer.names:
            return Comment(path, text, silencer, (-1,))
        idle_names, unknown = [], []
        for at, named in enumerate(silencer.names):
            meant = _meant(named.name)
            if not meant:
                unknown.append(at)
            elif named.name not in used and all(
                rule.name in running and rule.over is not Over.COMMENT for rule in meant
            ):
                idle_names.append(at)
        known = _known_names() if unknown else ()
        return Comment(path, text, silencer, tuple(idle_names), tuple(unknown), known)


def _is_about_comments(finding: Finding) -> bool:
    rule = rules_by_name().get(finding.rule)
    return rule is not None and rule.over is Over.COMMENT


def silencers(file: File) -> Iterator[Silencer]:
    """Yield the comments of a file that silence findings."""
    for line, text in file.comments():
        if line < len(file.lines):
            # While code does not parse, its comments are those it had when it did.
            start = file.lines[line].rfind(text)
            found = read_silencer(line, file.lines[line], start) if start >= 0 else None
            if found is not None:
                yield found


def _meant(name: str) -> list[Rule]:
    """Return the rules that a name stands for, its own or its concern's."""
    return [rule for rule in all_rules() if name in (rule.name, rule.concern)]


@functools.cache
def _known_names() -> tuple[str, ...]:
    return tuple(sorted({name for rule in all_rules() for name in (rule.name, rule.concern)}))


@functools.cache
def _judged_rules() -> tuple[Rule, ...]:
    return tuple([rule for rule in all_rules() if rule.over is not Over.COMMENT])


def covered_lines(file: File, line: int) -> range:
    """Return the lines that a comment on a line speaks for."""
    lines = file.lines
    rows, _ = logical_line(file, line)
    if len(rows) > 1 or not _is_trivial(lines[line]):
        return rows
    first = _next_code(lines, line + 1)
    at = first
    while True:
        rows, _ = logical_line(file, at)
        if not lines[at].lstrip().startswith("@") or rows.stop >= len(lines):
            return range(first, rows.stop)
        at = _next_code(lines, rows.stop)


# The edits that silence


def suppress(file: File, finding: Finding) -> Fix | Refusal:
    """Return the edit that silences a finding at its place.

    It goes behind the logical line, beside comments that are there; a comment of ours that names
    rules there, or above, gets one more.
    """
    rows, flaw = logical_line(file, finding.span.line)
    if flaw is Flaw.TORN:
        return Refusal("the code around it does not parse")
    title = f"Ignore `{finding.rule}` here"
    on_comment = _is_about_comments(finding)
    line = finding.span.line
    for silencer in silencers(file):
        about = on_comment and silencer.line == line
        if about or (not silencer.whole and line in covered_lines(file, silencer.line)):
            return Fix(title, Safety.SAFE, (Edit(finding.path, *added(silencer, finding.rule)),))
    last = rows.stop - 1
    text = file.lines[last]
    end = content_length(text)
    edit = Edit(
        finding.path,
        Span(last, len(text[:end].rstrip()), last, end),
        f"  # review: ignore[{finding.rule}]",
    )
    return Fix(title, Safety.SAFE, (edit,))


def suppress_in_file(file: File, finding: Finding) -> Fix:
    """Return the edit that silences a rule in the whole file.

    A comment of ours for the file gets one more name; else one is put below the comments that the
    file begins with.
    """
    title = f"Ignore `{finding.rule}` in this file"
    for silencer in silencers(file):
        if silencer.whole:
            return Fix(title, Safety.SAFE, (Edit(finding.path, *added(silencer, finding.rule)),))
    lines = file.lines
    # A mark of the encoding stays what the file begins with.
    starts = (text.removeprefix(_MARK) for text in lines)
    line = next((at for at, text in enumerate(starts) if not text.startswith("#")), len(lines) - 1)
    column = int(not line and lines[0].startswith(_MARK))
    text = f"# review: ignore-file[{finding.rule}]{line_end(lines, line)}"
    return Fix(title, Safety.SAFE, (Edit(finding.path, Span(line, column, line, column), text),))


# Lines


def logical_line(file: File, line: int) -> tuple[range, Flaw]:
    """Return the lines of the logical line that a line belongs to, and what is wrong with it."""
    segmentation = file.segmentation
    index = segmentation.index_at(line)
    at = segmentation.starts[index]
    end = at + segmentation.units[index].size
    while at <= line:
        below, flaw = at + 1, Flaw.NONE
        if not is_whole(file.lines[at]):
            below, flaw = read_logical_line(file.lines, at, end, -1)
        if line < below:
            return range(at, below), flaw
        at = below
    return range(line, line + 1), Flaw.NONE


def _is_trivial(line: str) -> bool:
    return line.strip()[:1] in ("", "#")


def _next_code(lines: Sequence[str], line: int) -> int:
    """Return the next line that is neither blank nor a comment; the last one if there is none."""
    last = len(lines) - 1
    while line < last and _is_trivial(lines[line]):
        line += 1
    return min(line, last)
