"""Says which calls write to a log, a terminal or a trace, and which of their arguments show there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Call, Const, FunctionKind, Path, Result, Value
from review_checks.models.schema import Log
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import module_of
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees, canonical_in, class_around, function_of, lineage
from review_checks.summaries.paths import last_step
from review_checks.summaries.secrecy.logs import logging_callees
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator


_QUIET = ("exc_info", "extra", "stack_info", "stacklevel")
_STREAMS = frozenset({"sys.stdout", "sys.stderr"})
_TOOLS = frozenset(
    {
        *(
            "app",
            "application",
            "bin",
            "cli",
            "click",
            "cmd",
            "command",
            "commands",
            "main",
            "manage",
        ),
        *("management", "script", "scripts", "setup", "shell", "tool", "tools"),
    }
)
_TRANSLATORS = frozenset({"_", "gettext", "lazy_gettext", "ngettext", "ugettext"})
_TRANSLATOR = re.compile(r"_L[A-Z]?\Z")
_NUMERIC = frozenset("deEfFgGioxXu")
_CONVERSION = re.compile(
    r"%(?:\((?P<key>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?(?P<type>.)"
)


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """An argument that a sink shows.

    Attributes:
        index: its number among all arguments, the values of keywords after the positional ones.
        keyword: the keyword under which it is given, or ''.
        value: the argument.
        keys: when it is a mapping of which the format shows some keys only, those keys.
    """

    index: int
    keyword: str
    value: Value
    keys: frozenset[str] | None = None


def sinks(db: Database, function: FunctionId) -> dict[int, Log]:
    """Return the calls of a function that write where people read, and how each shows arguments."""
    logs = models(db).logs
    calls = unit_facts(db, function[0]).functions[function[1]].calls
    targets = callees(db, function[0])[function[1]]
    found: dict[int, Log] = {}
    named = logging_callees(db).found([call.callee for call in calls])
    if not named and logs.keys().isdisjoint(targets):
        return found
    for index, target in enumerate(targets):
        log = logs.get(target) if target is not None else None
        if log is not None:
            if log.level != "output" or (
                _is_visible(db, function, calls[index]) and not is_tool(db, function)
            ):
                found[index] = log
        elif named and calls[index].callee in named:
            if target is not None and function_of(db, target) is not None:
                # What a method of the project's own does with its arguments is known.
                continue
            found[index] = _usual_log(db, last_step(calls[index].callee))
    return found


def _usual_log(db: Database, method: str) -> Log:
    """Return how a method with the name of a logger's shows its arguments."""
    level = models(db).lexicon.log_methods[method]
    return Log(level=level, first=1 if method == "log" else 0, quiet=_QUIET)


@query
def is_tool(db: Database, function: FunctionId) -> bool:
    """Say whether a function belongs to a command-line tool, whose output is what its user asked for.

    That is told by the names of its module and class and of what the class derives from, by how it
    is decorated, and by its being a script's own statements.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    if body.kind is FunctionKind.MODULE:
        return True
    names = [module_of(db, function), body.name]
    names += [decorator.path for decorator in body.decorators]
    owner = class_around(db, function)
    names += [name.rpartition(".")[2] for name in lineage(db, owner)] if owner else []
    return any(_TOOLS & set(words_of(name)) for name in names)


def _is_visible(db: Database, function: FunctionId, call: Call) -> bool:
    """Say whether a call that may be told to write to a file writes to a terminal."""
    for name, value in call.keywords:
        if name == "file" and value != Const(None):
            return isinstance(value, Path) and canonical_in(db, function, value.text) in _STREAMS
    return True


def shown(body_calls: tuple[Call, ...], call: Call, log: Log) -> Iterator[Shown]:
    """Yield the arguments that a sink shows."""
    given = call.args[log.first :]
    for index, value in enumerate(given, log.first):
        alone = index > log.first and len(given) == 2
        yield Shown(index, "", value, shown_keys(text_of(given[0], body_calls)) if alone else None)
    for index, (name, value) in enumerate(call.keywords, len(call.args)):
        if name and name not in log.quiet:
            yield Shown(index, name, value)


def is_translator(callee: str) -> bool:
    """Say whether a function gives its first argument in the user's language."""
    name = last_step(callee)
    return name in _TRANSLATORS or _TRANSLATOR.match(name) is not None


def text_of(value: Value, calls: tuple[Call, ...]) -> str | None:
    """Return the text of a literal, translated or not, or None."""
    if isinstance(value, Result) and not value.rest:
        call = calls[value.call]
        if call.args and is_translator(call.callee):
            value = call.args[0]
    if isinstance(value, Const) and isinstance(value.value, str):
        return value.value
    return None


def shown_keys(text: str | None) -> frozenset[str] | None:
    """Return the keys of a mapping that a ``%`` format shows; None when it shows it whole."""
    if text is None or "%(" not in text:
        return None
    return frozenset(
        match["key"] for match in _CONVERSION.finditer(text) if match["key"] is not None
    )


def conversion(text: str, position: int) -> str:
    """Return the type of a format's conversion, such as ``d``, by its position, or ''."""
    found = [match["type"] for match in _CONVERSION.finditer(text) if match["type"] != "%"]
    return found[position] if position < len(found) else ""


def shows_number(text: str, position: int) -> bool:
    """Say whether a format shows an argument as a number, by its position."""
    return "%(" not in text and position >= 0 and conversion(text, position) in _NUMERIC
