"""Finds the logger that code has at hand, and writes calls to it in the file's own style."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, FunctionKind
from review_checks.summaries.index import imported, owner_of, variable_names
from review_checks.summaries.inputs import FunctionId, layout, unit_facts, unit_path
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.names import canonical_in, global_name, member, owner_of_name
from review_checks.summaries.paths import last_step, root_of
from review_checks.summaries.secrecy.logs import LOGS_EXCEPTIONS, is_logger, used_loggers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from review_checks.rule import Context

_QUIET = "debug"
_DETAILS = "exc_info"
_STRING = re.compile(r"(?<![\w'\"\\])(['\"])(?!\1)[^'\"\\\r\n]*\1")


def logger_for(function: FunctionId, statement: int, context: Context) -> str:
    """Return the expression of the logger to be used at a statement, or ''.

    It is the one that the function itself, its class or its module uses most, else the one that
    they declare.
    """
    for scope in _used(function, context):
        for text, _ in scope.most_common():
            if _is_ready(function, statement, text, context):
                return text
    for text in _declared(function, context):
        if _is_ready(function, statement, text, context):
            return text
    return ""


def _used(function: FunctionId, context: Context) -> tuple[Counter[str], ...]:
    """Return how often loggers are used in a function, its class and its module, in its own words."""
    db = context.db
    me, owner = self_name(db, function), owner_of(db, function)
    inner: Counter[str] = Counter()
    near: Counter[str] = Counter()
    far: Counter[str] = Counter()
    for unit in layout(db, unit_path(db, function[0])) or ():
        for index, holder, logger, count in used_loggers(db, unit):
            if holder and (holder != owner or not me):
                continue
            text = me + logger if holder else logger
            if (unit, index) == function:
                inner[text] += count
            if owner and owner_of(db, (unit, index)) == owner:
                near[text] += count
            far[text] += count
    return inner, near, far


def _declared(function: FunctionId, context: Context) -> Iterator[str]:
    """Yield the loggers that a module or class declares or imports, used or not."""
    db, path = context.db, unit_path(context.db, function[0])
    receivers = context.models.lexicon.log_receivers
    me = self_name(db, function)
    names = [f"{me}.{name}" for name in receivers] if me else []
    names += variable_names(db, path)
    # A module such as `logging` logs as well, but to nobody's logger.
    names += [
        name
        for name in receivers
        if imported(db, path, name) and global_name(db, path, name) != name
    ]
    yield from [name for name in names if is_logger(db, function, name)]


def _is_ready(function: FunctionId, statement: int, text: str, context: Context) -> bool:
    """Say whether a name is not hidden in a function, nor bound only after a module's statement."""
    db, root = context.db, root_of(text)
    if root == self_name(db, function):
        return True
    if owner_of_name(db, function, root) is not None:
        return False
    body = context.facts(function)
    if body.kind in (FunctionKind.FUNCTION, FunctionKind.LAMBDA):
        return True
    for unit in layout(db, unit_path(db, function[0])) or ():
        at = body.statements[statement].at if unit == function[0] else None
        if _binds(unit, root, at, context):
            return True
        if unit == function[0]:
            return False
    return False


def _binds(unit: int, name: str, before: int | None, context: Context) -> bool:
    """Say whether the module statements of a unit bind a name, before an event."""
    functions = unit_facts(context.db, unit).functions
    if not functions or functions[0].kind is not FunctionKind.MODULE:
        return False
    body = functions[0]
    found = [row.at for row in body.writes if row.path == name]
    found += [body.statements[row.statement].at for row in body.imports if row.name == name]
    return any(before is None or at < before for at in found)


def log_exception(
    logger: str, message: str, lines: Sequence[str], arguments: Sequence[str] = ()
) -> str:
    """Return a call that logs the exception being handled.

    Args:
        logger: the expression of the logger.
        message: the text, without quotes or backslashes.
        lines: the lines of the file, for its usual quotes.
        arguments: expressions for the ``%s`` of the message.
    """
    quote = usual_quote(lines)
    return f"{logger}.{LOGS_EXCEPTIONS}({', '.join([f'{quote}{message}{quote}', *arguments])})"


def log_quietly(logger: str, message: str, lines: Sequence[str]) -> str:
    """Return a call that logs the exception being handled for those who look for it."""
    quote = usual_quote(lines)
    return f"{logger}.{_QUIET}({quote}{message}{quote}, {_DETAILS}=True)"


def logs_quietly(context: Context, function: FunctionId, logger: str) -> bool:
    """Say whether a logger shows an exception at a low level when it is told to by a keyword."""
    canonical = canonical_in(context.db, function, logger)
    method = member(context.db, canonical, _QUIET) if canonical is not None else None
    known = context.models.knowledge(method).log if method is not None else None
    return known is None or _DETAILS in known.quiet


def usual_quote(lines: Iterable[str]) -> str:
    """Return the quote in which a file writes most of its strings."""
    found = Counter(match[1] for line in lines for match in _STRING.finditer(line))
    return "'" if found["'"] > found['"'] else '"'


def failure_of(call: Call, function: str, verbs: Collection[str]) -> str:
    """Return a message that says that a call failed, or '' when it has no name to tell by.

    Args:
        call: the call.
        function: the name of the function that makes it, or ''.
        verbs: words that say enough by themselves; another single word is put in its context.
    """
    name = last_step(call.callee)
    if not name.isidentifier():
        return ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.strip("_").replace("_", " ")).lower()
    if not name[0].isupper() and (" " in words or words in verbs):
        return f"Failed to {words}"
    return f"{function}: {name} failed" if function else f"{name} failed"
