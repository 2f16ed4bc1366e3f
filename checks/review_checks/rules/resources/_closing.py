"""The fix *release it on every path*: puts the use of a resource into ``with`` or ``try``/``finally``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Call, Const, Function, Mode, Path, Result, StatementKind, Use
from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.summaries.flow import statements_in
from review_checks.summaries.mentions import is_mentioned
from review_checks.summaries.names import callees
from review_checks.summaries.owning.walking import Act, Step
from review_checks.summaries.paths import last_step, parent_of
from review_checks.summaries.source_text import is_read_as_text
from review_checks.text.editing import (
    delete_lines,
    indent,
    indent_unit,
    indentation,
    insert_clause,
    insert_line,
    is_alone,
    line_end,
    slice_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.rule import Context, FixContext
    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.owning.kin import Owned
    from review_checks.summaries.owning.ownership import Holding

_ASSIGNED = re.compile(r"[^\W\d]\w*[ \t]*=[ \t]*(?=[^\s=\\])")
_IMMEDIATE = frozenset({"close", "aclose", "cleanup", "quit"})
"""Releases that do not wait for anything: to make them when a call raises changes nothing else."""

_READS = frozenset({"read", "readlines"})


class Plan(msgspec.Struct, frozen=True):
    """How a resource is to be released on every path.

    Attributes:
        form: ``with``, ``async with`` or ``finally``; empty when there is no fix.
        last: the statement that releases it, or the last that uses it when none does.
        releases: whether ``last`` is the release.
        safety: whether the change may be made unseen.
        refusal: why there is no fix.
    """

    form: str
    last: int = -1
    releases: bool = True
    safety: Safety = Safety.UNSAFE
    refusal: str = ""

    def title(self, name: str) -> str:
        """Return what is done to a resource of a name."""
        if self.form == "finally":
            return f"Release `{name}` in `finally`"
        return f"Open `{name}` in `{self.form}`"


def plan(context: Context, function: FunctionId, holding: Holding) -> Plan:
    """Choose how to release a resource, as far as that can be said without the text."""
    body, owned = holding.body, holding.owned
    call = body.calls[owned.call]
    made = body.statements[call.statement]
    if made.kind is not StatementKind.ASSIGN:
        return Plan("", refusal="it is not made by a plain assignment")
    if is_read_as_text(context.db, function):
        return Plan("", refusal="its text is read by the program itself, as it stands")
    if not owned.resource.noun:
        what = f"what `{owned.name}.{owned.resource.release[0]}()` does is not known"
        return Plan("", refusal=f"{what}: it may publish what is not finished")
    steps = sorted(step for rows in holding.steps.values() for step in rows)
    inside = [step for step in steps if step.at >= made.end]
    if any(step.act is Act.RELEASE and _is_of_itself(holding, step) for step in inside):
        # To close what was made from it, such as a cursor, is then no release of the thing.
        inside = [
            row for row in inside if row.act is not Act.RELEASE or _is_of_itself(holding, row)
        ]
    following = [row for row in statements_in(body, made.region) if row > call.statement]
    releases = {step.event for step in inside if step.act is Act.RELEASE}
    later = [row.value for row in body.tests if row.at >= made.end]
    if any(holding.asks_about(row) and holding.truth(row, {}) is not None for row in later):
        return Plan("", refusal=f"`{owned.name}` is tested for being there at all")
    if not releases:
        return _without_release(context, function, holding, following)
    release = _own_release(body, made.region, releases)
    if release is None:
        return Plan("", refusal="it is released in another block than it is made in")
    return _with_release(context, function, holding, release, inside)


def _is_of_itself(holding: Holding, release: Step) -> bool:
    """Say whether a release is of the thing itself, and not of something made from it."""
    kind, index = release.event
    if kind != "c":
        return True
    call = holding.body.calls[index]
    return parent_of(call.callee) in holding.aliases or any(
        holding.is_itself(value) for value in call.args
    )


def _own_release(body: Function, region: int, releases: set[tuple[str, int]]) -> Call | None:
    """Return the first release that is a statement of a block itself."""
    calls = [body.calls[index] for kind, index in releases if kind == "c"]
    direct = [
        call
        for call in calls
        if call.use is Use.DISCARDED and body.statements[call.statement].region == region
    ]
    return min(direct, key=lambda call: call.at, default=None)


def _with_release(
    context: Context, function: FunctionId, holding: Holding, release: Call, inside: list[Step]
) -> Plan:
    body, owned, last = holding.body, holding.owned, release.statement
    between = [step for step in inside if step.at < body.statements[last].at]
    if any(step.act is Act.HAND_OVER for step in between):
        return Plan("", refusal=f"`{owned.name}` is handed over before it is released")
    others = any(step.act is Act.RELEASE for step in between)
    if _is_what_with_does(owned, release) and _binds_alone(body, owned):
        form = _manager_form(context, function, owned, awaited=release.awaited)
        if form:
            first = body.calls[owned.call].at
            yields = any(row.yields and first < row.at < release.at for row in body.results)
            blocks = last_step(release.callee) not in _IMMEDIATE
            unsafe = others or yields or blocks or _is_used_after(body, owned, last)
            return Plan(form, last, safety=Safety.UNSAFE if unsafe else Safety.SAFE)
    if others:
        return Plan("", refusal="it is released at more than one place")
    if _goes_somewhere(owned, release):
        # What was not finished must not be moved to where the finished one is looked for.
        return Plan("", refusal=f"`{release.callee}` does more with it than to release it")
    return Plan("finally", last)


def _goes_somewhere(owned: Owned, release: Call) -> bool:
    """Say whether a release is told where the resource is to go, as ``os.replace`` is."""
    given = [row for row in release.args if not (isinstance(row, Const) and _is_flag(row))]
    taken = Path(owned.name) in given
    return len(given) > taken


def _is_flag(value: Const) -> bool:
    return value.value is None or isinstance(value.value, (bool, int, float))


def _without_release(
    context: Context, function: FunctionId, holding: Holding, following: list[int]
) -> Plan:
    body, owned = holding.body, holding.owned
    # What was made from it must not be used after it is gone.
    names = holding.aliases | holding.offspring
    used = [
        row
        for row in following
        if any(
            is_mentioned(body, name, body.statements[row].at, body.statements[row].end)
            for name in names
        )
    ]
    if not used:
        return Plan("", refusal="nothing in the same block uses it")
    if owned.resource.manager and _binds_alone(body, owned):
        form = _manager_form(context, function, owned, awaited=False)
        if form and owned.resource.lasting and not _reads_all(body, holding):
            return Plan("", refusal=f"`{form}` would wait for it here, which the code does not")
        if form:
            return Plan(form, used[-1], releases=False)
    if body.asynchronous or not owned.resource.release or owned.resource.result:
        return Plan("", refusal="how it is to be released here is not known")
    return Plan("finally", used[-1], releases=False)


def _reads_all(body: Function, holding: Holding) -> bool:
    """Say whether a stream of the thing is read to its end, which waits as well."""
    streams = {name for name in holding.offspring if name.isidentifier()}
    reads = {parent_of(row.callee) for row in body.calls if last_step(row.callee) in _READS}
    reads |= {
        row.value.text.removesuffix("[*]")
        for row in body.writes
        if row.mode is Mode.ITERATE and isinstance(row.value, Path)
    }
    return any(path in streams or parent_of(path) in holding.aliases for path in reads)


def _is_used_after(body: Function, owned: Owned, last: int) -> bool:
    """Say whether the name is used after a statement, before the same block binds it anew."""
    region, end = body.statements[last].region, body.statements[last].end
    bound = [
        row.at
        for row in body.writes
        if row.path == owned.name
        and row.mode is Mode.ASSIGN
        and row.at >= end
        and body.statements[row.statement].region == region
    ]
    return is_mentioned(body, owned.name, end, min(bound, default=None))


def _is_what_with_does(owned: Owned, release: Call) -> bool:
    resource = owned.resource
    return (
        resource.manager
        and not (release.args or release.keywords)
        and parent_of(release.callee) == owned.name
        and last_step(release.callee) == resource.release[0]
    )


def _binds_alone(body: Function, owned: Owned) -> bool:
    """Say whether the result is bound to one name and nothing else."""
    bound = [
        row for row in body.writes if isinstance(row.value, Result) and row.value.call == owned.call
    ]
    return len(bound) == 1 and not owned.resource.result


def _manager_form(context: Context, function: FunctionId, owned: Owned, *, awaited: bool) -> str:
    """Return the form of ``with`` that fits the resource, or '' when that is not known."""
    body = context.facts(function)
    if awaited:
        return "async with"
    if body.calls[owned.call].awaited:
        return ""
    if not body.asynchronous:
        return "with"
    # In a coroutine, a library's manager may well be an asynchronous one.
    target = callees(context.db, function[0])[function[1]][owned.call] or ""
    module = target.partition(".")[0]
    return "with" if module in sys.stdlib_module_names or module == target else ""


# Edits


def close(context: FixContext, function: FunctionId, holding: Holding) -> Fix | Refusal:
    """Return the edits that release a resource on every path."""
    chosen = plan(context, function, holding)
    if not chosen.form:
        return Refusal(chosen.refusal)
    body, owned = holding.body, holding.owned
    path = context.path(function)
    lines = context.lines(path)
    made = context.shifted(function, body.statements[body.calls[owned.call].statement].span)
    last = context.shifted(function, body.statements[chosen.last].span)
    if not is_alone(lines, made) or not is_alone(lines, last):
        return Refusal("it shares its line with another statement")
    end = last.line - 1 if chosen.releases else last.end_line
    unit = indent_unit(
        lines, context.shifted(function, body.name_span).line, _first_line(context, function)
    )
    first = _first_filled(lines, made.end_line + 1)
    if chosen.form == "finally":
        edits = [
            insert_line(path, lines, first, f"{indentation(lines[made.line])}try:"),
            *indent(path, lines, first, end, unit),
            *_finally(path, lines, made, last, owned, chosen, unit),
        ]
        return Fix(chosen.title(owned.name), chosen.safety, tuple(edits))
    header = _header(path, lines, made, chosen.form, owned.name)
    if header is None:
        return Refusal("it is not made by a plain assignment")
    edits = [*header, *indent(path, lines, first, end, unit)]
    if first > made.end_line + 1:
        edits.append(Edit(path, Span(made.end_line + 1, 0, first, 0), ""))
    if chosen.releases:
        rest = lines[last.end_line][last.end_column :].strip()
        if rest or _has_comment(lines, last):
            return Refusal("a comment stands beside the release that would go")
        edits.append(delete_lines(path, lines, last.line, last.end_line))
    return Fix(chosen.title(owned.name), chosen.safety, tuple(edits))


def _first_filled(lines: Sequence[str], line: int) -> int:
    """Return the first line that is not blank, from a line on."""
    while line < len(lines) and not lines[line].strip():
        line += 1
    return line


def _first_line(context: FixContext, function: FunctionId) -> int:
    line = context.facts(function).body_line
    return context.shifted(function, Span(line, 0, line, 0)).line


def _header(path: str, lines: Sequence[str], made: Span, form: str, name: str) -> list[Edit] | None:
    """Return the edits that turn ``name = value`` into ``with value as name:``."""
    match = _ASSIGNED.match(slice_text(lines, made))
    if match is None:
        return None
    start = Span(made.line, made.column, made.line, made.column + match.end())
    stop = Span(made.end_line, made.end_column, made.end_line, made.end_column)
    return [Edit(path, start, f"{form} "), Edit(path, stop, f" as {name}:")]


def _finally(
    path: str,
    lines: Sequence[str],
    made: Span,
    last: Span,
    owned: Owned,
    chosen: Plan,
    unit: str,
) -> list[Edit]:
    above = indentation(lines[made.line])
    if chosen.releases:
        header = insert_clause(path, lines, last.line, f"{above}finally:")
        return [header, *indent(path, lines, last.line, last.end_line, unit)]
    end = line_end(lines, last.end_line)
    text = f"{above}finally:{end}{above}{unit}{owned.name}.{owned.resource.release[0]}()"
    whole = lines[last.end_line]
    if whole.endswith(("\n", "\r")):
        return [insert_line(path, lines, last.end_line + 1, text)]
    return [Edit(path, Span(last.end_line, len(whole), last.end_line, len(whole)), end + text)]


def _has_comment(lines: Sequence[str], span: Span) -> bool:
    return span.end_line > span.line and "#" in slice_text(lines, span)
