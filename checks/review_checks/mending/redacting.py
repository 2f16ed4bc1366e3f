"""The fix that rewrites the part of a log call's argument which shows a credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.arguments import Part, Parts, argument_parts
from review_checks.facts.schema import Path, Table
from review_checks.mending.redactors import Redactor, redactors
from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.summaries.outline import portable
from review_checks.summaries.secrecy.sinks import conversion, sinks, text_of
from review_checks.summaries.words import words_of
from review_checks.text.editing import slice_text
from review_checks.text.lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from review_checks.rule import Context, FixContext
    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.secrecy.exposure import Exposure

_MASK = "***"
_NUMERIC = frozenset("diouxXeEfFgGc")
_MAPPINGS = frozenset({"dict", "dictionary", "mapping", "params"})


def redact(function: FunctionId, found: Sequence[Exposure], context: FixContext) -> Fix | Refusal:
    """Redact a credential at each place where a function logs it."""
    choice = _choose(found, function, context)
    edits: dict[Edit, None] = {}
    for exposure in found:
        made = _edits(exposure, function, choice, context)
        if isinstance(made, Refusal):
            return made
        edits.update(dict.fromkeys(made))
    kept = tuple(_outermost(list(edits)))
    if choice is None:
        return Fix(f"Log `{_MASK}` instead", Safety.UNSAFE, kept)
    return Fix(f"Redact it with `{choice.text}`", Safety.SAFE, kept)


def _choose(found: Sequence[Exposure], function: FunctionId, context: Context) -> Redactor | None:
    """Return a redactor that does for every place, or None."""
    for redactor in redactors(context.db, function):
        if all(_suits(redactor, exposure) for exposure in found):
            return redactor
    return None


def _suits(redactor: Redactor, exposure: Exposure) -> bool:
    origin = exposure.origin
    if redactor.searches and not origin.mapped:
        return False
    about = {*words_of(origin.symbol), *words_of(origin.noun)}
    if isinstance(origin.leaf, Path):
        about.update(words_of(origin.leaf.text))
    return redactor.topics <= (about | _MAPPINGS if origin.mapped else about)


def _edits(
    exposure: Exposure, function: FunctionId, choice: Redactor | None, context: FixContext
) -> list[Edit] | Refusal:
    call = context.facts(function).calls[exposure.call]
    path = context.path(function)
    where = context.shifted(function, call.span)
    text = slice_text(context.lines(path), where)
    taken = argument_parts(text)
    chosen = [] if taken is None else _chosen(exposure, taken, choice)
    if not chosen:
        return Refusal("the credential is not a part of the argument that can be replaced")
    if choice is None and any(_is_number(exposure, function, part, context) for part in chosen):
        return Refusal("the format shows it as a number")
    edits = []
    for part in chosen:
        span, new = _replacement(part, choice, text)
        edits.append(Edit(path, _moved(span, where), new))
    return edits


def _chosen(exposure: Exposure, taken: Parts, choice: Redactor | None) -> list[Part]:
    """Return the parts of an argument that are to be replaced."""
    parts = [part for part in taken.parts if part.argument == exposure.argument]
    if choice is not None and choice.searches and parts and isinstance(parts[0].value, Table):
        # It finds the credential by its key, so it needs the whole display.
        return parts[:1]
    leaf = exposure.origin.leaf
    return [part for part in parts if portable(part.value, taken.calls) == leaf]


def _is_number(exposure: Exposure, function: FunctionId, part: Part, context: Context) -> bool:
    """Say whether the format of a log call shows a part of its own as a number."""
    log = sinks(context.db, function).get(exposure.call)
    body = context.facts(function)
    args = body.calls[exposure.call].args
    if log is None or part.position <= log.first:
        return False
    template = text_of(args[log.first], body.calls)
    return template is not None and conversion(template, part.position - log.first - 1) in _NUMERIC


def _replacement(part: Part, choice: Redactor | None, text: str) -> tuple[Span, str]:
    """Return what to replace, relative to the call's text, and by what."""
    if choice is not None:
        span = part.inner or part.span
        return span, f"{choice.text}({slice_text(split_lines(text), span).strip()})"
    if part.inner is not None:
        return part.span, _MASK
    start = Span(0, 0, part.span.line, part.span.column)
    above = slice_text(split_lines(text), start)
    near = above if "'" in above or '"' in above else text
    quote = '"' if near.rfind('"') > near.rfind("'") else "'"
    return part.span, f"{quote}{_MASK}{quote}"


def _moved(span: Span, where: Span) -> Span:
    """Return a span of a call's text as a span of the file."""
    return Span(
        span.line + where.line,
        span.column + (where.column if span.line == 0 else 0),
        span.end_line + where.line,
        span.end_column + (where.column if span.end_line == 0 else 0),
    )


def _outermost(edits: Sequence[Edit]) -> Iterator[Edit]:
    """Yield the edits that do not lie inside others."""
    for edit in edits:
        if not any(other.span != edit.span and other.span.contains(edit.span) for other in edits):
            yield edit
