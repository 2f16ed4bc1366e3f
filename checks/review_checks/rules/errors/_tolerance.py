"""Reasons for which passing over a failure is what a reviewer would accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Compare,
    Const,
    Exit,
    Function,
    Handler,
    Items,
    Logic,
    Mode,
    Opaque,
    Path,
    RegionKind,
    StatementKind,
    Table,
    Use,
    Value,
    Write,
)
from review_checks.rules.errors._announcing import is_announced
from review_checks.rules.errors._attempts import Attempt, is_import, speaks_in, tried_region
from review_checks.rules.errors._telling import callers_tell, has_told, is_negative, mentions
from review_checks.rules.errors._ways import complains
from review_checks.summaries.flow import ancestry, is_inside, regions_of, statements_in
from review_checks.summaries.paths import last_step, root_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from review_checks.rule import Context
    from review_checks.summaries.inputs import FunctionId

_LEAVING = Exit.RETURN | Exit.BREAK
_LEAVES = (StatementKind.RETURN, StatementKind.BREAK)
_SUCCESS = (Const(True), Const(1))


def is_tolerated(
    context: Context, function: FunctionId, handler: Handler, found: list[Attempt]
) -> bool:
    """Say whether a handler that does nothing is as it should be."""
    body = context.facts(function)
    if not found or all(attempt.releases for attempt in found):
        return True
    returns = _returns(body, handler)
    return (
        _has_success_branch(body, handler)
        or _answers(body, handler)
        or _probes(context, body, handler)
        or _imports(body, handler)
        or _runs_while_failing(context, function, handler)
        or _tries_again(body, handler)
        or _goes_on_otherwise(context, function, handler)
        or _is_checked(body, handler)
        or _notes_success(body, handler)
        or _has_fallback(body, handler)
        or has_told(context, function, handler)
        # These look at other functions, and so come last.
        or is_announced(context, function, returns=returns)
        or (returns and callers_tell(context, function))
    )


def _answers(body: Function, handler: Handler) -> bool:
    """Say whether the block returns the outcome of a test, and the handler that of a failed one."""
    region = tried_region(body, handler)
    return _denies(body, handler) and any(
        isinstance(result.value, Compare)
        or (isinstance(result.value, Logic) and result.value.op == "not")
        for result in body.results
        if is_inside(body, result.statement, region)
    )


def _denies(body: Function, handler: Handler) -> bool:
    return any(
        result.value in (Const(False), Const(None))
        for result in body.results
        if is_inside(body, result.statement, handler.region)
    )


def _probes(context: Context, body: Function, handler: Handler) -> bool:
    """Say whether a block asks for something, drops it, and returns that it is there.

    What is done for its effect is no question, even if the caller is told whether it failed.
    """
    region = tried_region(body, handler)
    dropped = [
        last_step(call.callee)
        for call in body.calls
        if call.use is Use.DISCARDED and is_inside(body, call.statement, region)
    ]
    confirmed = any(
        result.value == Const(True) and is_inside(body, result.statement, region)
        for result in body.results
    )
    changes = any(
        (write.mode is Mode.DELETE or not write.path.isidentifier())
        and is_inside(body, write.statement, region)
        for write in body.writes
    )
    if not dropped or not confirmed or changes or not _denies(body, handler):
        return False
    asking = context.models.lexicon.asking
    return all(words_of(name)[:1] and words_of(name)[0] in asking for name in dropped)


def _returns(body: Function, handler: Handler) -> bool:
    return not body.regions[handler.region].falls and bool(
        body.regions[handler.region].exits & Exit.RETURN
    )


def _has_success_branch(body: Function, handler: Handler) -> bool:
    return any(
        body.regions[region].kind is RegionKind.TRY_ELSE
        for region in regions_of(body, handler.statement)
    )


def _imports(body: Function, handler: Handler) -> bool:
    region = tried_region(body, handler)
    return any(is_inside(body, item.statement, region) for item in body.imports) or any(
        is_import(call.callee) and is_inside(body, call.statement, region) for call in body.calls
    )


def _runs_while_failing(context: Context, function: FunctionId, handler: Handler) -> bool:
    """Say whether a ``try`` stands where another failure is on its way and must not be hidden."""
    body = context.facts(function)
    for region, _ in ancestry(body, handler.statement):
        kind = body.regions[region].kind
        if kind is RegionKind.FINALLY:
            return True
        if kind is RegionKind.HANDLER and _reports(context, function, region, handler.statement):
            return True
    return False


def _reports(context: Context, function: FunctionId, region: int, beside: int) -> bool:
    """Say whether a block raises or logs, apart from what a statement inside it does."""
    body = context.facts(function)
    apart = range(body.statements[beside].at, body.statements[beside].end)
    if any(
        is_inside(body, raised.statement, region) and raised.at not in apart
        for raised in body.raises
    ):
        return True
    return speaks_in(context.db, function, region, apart)


def _tries_again(body: Function, handler: Handler) -> bool:
    """Say whether success leaves the loop around a ``try``, so that failure means the next attempt."""
    region = body.regions[handler.region]
    if region.exits & _LEAVING:
        return False
    for around, _ in ancestry(body, handler.statement):
        if body.regions[around].kind is RegionKind.LOOP:
            if body.regions[tried_region(body, handler)].exits & _LEAVING:
                return True
            after = next_statement(body, handler.statement)
            if after is not None and _may_leave(body, after):
                return True
            return _has_fixed_candidates(body, body.regions[around].owner)
    return False


def _may_leave(body: Function, statement: int) -> bool:
    """Say whether a statement leaves the loop or function, on some branch at least."""
    return body.statements[statement].kind in _LEAVES or any(
        body.regions[region].exits & _LEAVING for region in regions_of(body, statement)
    )


def _has_fixed_candidates(body: Function, loop: int) -> bool:
    """Say whether a loop goes over candidates that are written down in it."""
    return any(
        write.mode is Mode.ITERATE and write.statement == loop and _is_display(write.value)
        for write in body.writes
    )


def _is_display(value: Value) -> bool:
    """Say whether a value is the element of a display of constants."""
    if isinstance(value, Opaque) and len(value.parts) == 1:
        value = value.parts[0]
    if isinstance(value, Items) and not value.comprehension and value.parts:
        return all(isinstance(part, Const) for part in value.parts)
    return isinstance(value, Const)


def _goes_on_otherwise(context: Context, function: FunctionId, handler: Handler) -> bool:
    """Say whether what follows the ``try`` runs only, or complains, because of the failure."""
    body = context.facts(function)
    if not body.regions[handler.region].falls:
        return False
    after = next_statement(body, handler.statement)
    if after is None:
        return False
    if body.statements[after].kind is StatementKind.RAISE or _complains(context, function, after):
        return True
    if body.regions[tried_region(body, handler)].falls:
        return False
    return not is_nothing(body, after)


def _complains(context: Context, function: FunctionId, statement: int) -> bool:
    """Say whether a statement does nothing but log or report an error."""
    body = context.facts(function)
    if body.statements[statement].kind is not StatementKind.EXPRESSION:
        return False
    names = [last_step(call.callee) for call in body.calls if call.statement == statement]
    return any(name in context.models.lexicon.log_methods or complains(name) for name in names)


def next_statement(body: Function, statement: int) -> int | None:
    """Return the statement to which control comes from the end of another, outside loops."""
    for region, ancestor in ancestry(body, statement):
        later = [other for other in statements_in(body, region) if other > ancestor]
        if later:
            return later[0]
        if body.regions[region].kind in (RegionKind.LOOP, RegionKind.BODY):
            return None
    return None


def is_nothing(body: Function, statement: int) -> bool:
    """Say whether a statement has no effect but to leave its block with a constant.

    A ``break`` has: that what a loop reads has come to its end is often known by its failure.
    """
    kind = body.statements[statement].kind
    if kind in (StatementKind.PASS, StatementKind.CONTINUE):
        return True
    if kind is StatementKind.RETURN:
        return any(
            result.statement == statement and _is_constant(result.value) for result in body.results
        )
    return kind is StatementKind.EXPRESSION and body.statements[statement].literal


def _is_constant(value: Value) -> bool:
    """Say whether a value says nothing: an empty display, a number, None, True or False.

    A text is a message to somebody, and a negative number the code of an error.
    """
    if isinstance(value, Const):
        content = value.value
        return not content if isinstance(content, str) else content is None or content >= 0
    if isinstance(value, Items):
        return not value.comprehension and all(_is_constant(part) for part in value.parts)
    return isinstance(value, Table) and not value.keys


def _is_checked(body: Function, handler: Handler) -> bool:
    """Say whether the next statement asks what became of the attempt and deals with its failure."""
    after = next_statement(body, handler.statement)
    if after is None or body.statements[after].kind is not StatementKind.IF:
        return False
    if not body.regions[handler.region].falls:
        return False
    region = tried_region(body, handler)
    names = {
        root_of(write.path) for write in body.writes if is_inside(body, write.statement, region)
    }
    otherwise = any(
        body.regions[other].kind is RegionKind.ELSE for other in regions_of(body, after)
    )
    return any(
        mentions(body, test.value, names) and (otherwise or is_negative(test.value))
        for test in body.tests
        if test.statement == after
    )


def _notes_success(body: Function, handler: Handler) -> bool:
    """Say whether the block notes in a variable that it got so far."""
    first, *later = statements_in(body, tried_region(body, handler))
    return any(
        write.statement in (later or [first])
        and write.path.isidentifier()
        and write.value in _SUCCESS
        for write in body.writes
    )


def _has_fallback(body: Function, handler: Handler) -> bool:
    """Say whether all that the ``try`` is to find out has another value already, which then stays.

    A value that was assigned before a loop around the ``try`` may be that of another round.
    """
    attempt, region = body.statements[handler.statement], tried_region(body, handler)
    inside = [write for write in body.writes if is_inside(body, write.statement, region)]
    around: set[int] = set()
    for outer, _ in ancestry(body, handler.statement):
        around.add(outer)
        if body.regions[outer].kind is RegionKind.LOOP:
            break
    before = {
        write.path
        for write in body.writes
        if write.at < attempt.at
        and write.mode is Mode.ASSIGN
        and body.statements[write.statement].region in around
        and not _is_constant(write.value)
    }
    before |= {parameter.name for parameter in body.parameters} & {
        write.path for write in inside if _is_made_of_itself(body, write)
    }
    return bool(inside) and {write.path for write in inside} <= before


def _is_made_of_itself(body: Function, write: Write) -> bool:
    """Say whether what a statement assigns is made from what was there: ``data = unpack(data)``."""
    named = Path(write.path)
    return any(
        named in call.args or root_of(call.callee) == write.path
        for call in body.calls
        if call.statement == write.statement
    )
