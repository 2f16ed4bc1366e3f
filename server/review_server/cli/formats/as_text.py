"""Text for people: each finding with its source, its evidence and its fix, then a summary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from review_checks.model import Safety, Severity, Span
from review_checks.text.lines import content_length
from review_server.cli.formats import View, counts, relative, visible
from review_server.cli.patches import fix_patch
from review_server.cli.reading import Texts
from review_server.cli.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_server.cli.report import Remark, Result

_COLOURS = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.INFORMATION: "bold blue",
    Severity.HINT: "bold cyan",
}
_CONTEXT = 1
_MOST_LINES = 4
_WIDTH = 120
_DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def render(result: Result, view: View) -> None:
    """Write the findings file by file, and a last line that sums them up."""
    console = terminal(view.out)
    if view.statistics:
        for rule, count, fixable in counts(result):
            note = f"{fixable} with a fix" if fixable else "no fix"
            console.print(Text(f"{count:6}  {rule}  ({note})"))
    else:
        texts = Texts()
        for remark in result.remarks:
            for line in _remark(remark, texts, diff=view.diff):
                console.print(line)
    console.print(_summary(result))


def _remark(remark: Remark, texts: Texts, *, diff: bool) -> Iterator[Text]:
    finding = remark.finding
    colour = _COLOURS[finding.severity]
    span = finding.span
    yield Text.assemble(
        (f"{visible(relative(finding.path))}:{span.line + 1}:{span.column + 1}: ", "bold"),
        (f"{finding.severity}: ", colour),
        visible(finding.message),
        (f" [{finding.rule}]", colour),
    )
    yield from _excerpt(texts.lines(finding.path), span, colour)
    for note in finding.notes:
        yield Text.assemble(
            "  ",
            (f"{visible(relative(note.path))}:{note.span.line + 1}:", "cyan"),
            f" {visible(note.message)}",
        )
    if remark.fix is not None:
        yield Text.assemble(
            "  ", (f"fix ({remark.fix.safety}): ", "bold green"), visible(remark.fix.title)
        )
        if diff:
            for line in fix_patch(remark.fix, texts, relative):
                yield Text(
                    f"    {visible(line.rstrip())}".rstrip(), _DIFF_COLOURS.get(line[:1], "")
                )
    elif remark.refusal:
        yield Text.assemble("  ", ("no fix: ", "bold"), visible(remark.refusal))
    yield Text()


def _excerpt(lines: list[str], span: Span, colour: str) -> Iterator[Text]:
    """Show the lines of a span with carets under it, and a line of context on either side."""
    shown = range(
        max(0, span.line - _CONTEXT),
        min(len(lines), min(span.end_line, span.line + _MOST_LINES - 1) + 1 + _CONTEXT),
    )
    width = len(str(shown.stop))
    first = min(
        (len(lines[n]) - len(lines[n].lstrip()) for n in shown if lines[n].strip()), default=0
    )
    for number in shown:
        line = lines[number][: content_length(lines[number])]
        if number in (shown[0], shown[-1]) and not line.strip():
            continue
        start = _start(line, first, span, number)
        yield Text.assemble(
            (f"  {number + 1:{width}} | ", "blue"), visible(line[start : start + _WIDTH])
        )
        if span.line <= number <= span.end_line:
            left = span.column if number == span.line else len(line) - len(line.lstrip())
            right = span.end_column if number == span.end_line else len(line)
            before = visible(line[start : max(start, left)])
            under = visible(line[max(start, left) : min(right, start + _WIDTH)])
            yield Text.assemble(
                (f"  {'':{width}} | ", "blue"),
                " " * cell_len(before),
                ("^" * max(1, cell_len(under)), colour),
            )


def _start(line: str, first: int, span: Span, number: int) -> int:
    """Return the column at which the shown part of a line begins."""
    if number == span.line and span.column - first > _WIDTH * 3 // 4:
        return max(first, span.column - _WIDTH // 4)
    return first if line.strip() else 0


def _summary(result: Result) -> Text:
    checked = _plural(result.analysed, "file")
    left = f" ({_plural(result.left_out, 'file')} of tests, generated or excluded left out)"
    scope = checked + (left if result.left_out else "")
    fixed = f"Fixed {_plural(result.fixed, 'finding')}. " if result.fixed else ""
    known = f" {_plural(result.known, 'known finding')} in the baseline." if result.known else ""
    remarks = result.remarks
    if not remarks:
        return Text(f"{fixed}No {'new ' if known else ''}findings in {scope}.{known}", "green")
    levels = Counter(remark.finding.severity for remark in remarks)
    named = ", ".join(_level(level, levels[level]) for level in Severity if levels[level])
    return Text(
        f"{fixed}{_plural(len(remarks), 'finding')} in {scope}: {named}.{known}{_offer(result)}",
        "bold",
    )


def _level(level: Severity, count: int) -> str:
    return f"{count} information" if level is Severity.INFORMATION else _plural(count, level)


def _offer(result: Result) -> str:
    """Say how many findings the command can mend, and how."""
    offers = Counter(remark.offer for remark in result.remarks)
    safe, unsafe = offers[Safety.SAFE], offers[Safety.UNSAFE]
    if safe and unsafe:
        return f" --fix mends {safe}, and {unsafe} more with --unsafe-fixes."
    if unsafe:
        return f" --fix --unsafe-fixes mends {unsafe}."
    return f" --fix mends {safe}." if safe else ""


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
