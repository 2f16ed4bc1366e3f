"""What the body of a ``try`` attempts: which of its calls can fail, and with what."""

from __future__ import annotations

import builtins
import re
import sys
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Format,
    Function,
    Handler,
    Path,
    RegionKind,
    StatementKind,
    Use,
)
from review_checks.rules.errors._ways import is_of_complaint
from review_checks.summaries.failing.failures import (
    call_failures,
    catches,
    handler_types,
    is_broad,
    is_caught,
    reraises,
)
from review_checks.summaries.failing.releasing import cleans_up, release_verbs
from review_checks.summaries.flow import handlers_around, is_inside, regions_of
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees, class_of, function_of, home, owner_of_name
from review_checks.summaries.paths import last_step, parent_of, root_of
from review_checks.summaries.secrecy.logs import is_log_call
from review_checks.summaries.words import starts_with_verb, words_of

if TYPE_CHECKING:
    from review_checks.rule import Context

# What a conversion, a look-up in memory or an import raises about its own input.
_ABOUT_VALUES = (
    "ArithmeticError",
    "AttributeError",
    "ImportError",
    "LookupError",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "TypeError",
    "ValueError",
)
# Ways of giving up that need no undoing, so that the lexicon does not count them as releases.
_GIVING_UP = frozenset(
    {"aclose", "cancel", "clear", "collect", "discard", "leave", "quit", "reset", "unset"}
)
_SPEAKING = frozenset({"exc", "log", "print", "traceback", "warn"})
_ASKING = frozenset({"detect", "get", "read", "version"})
_WRITES = re.compile(r"[wax+]")
_EVERYTHING = frozenset({"BaseException", "Exception"})
_DEPTH = 3


class Attempt(msgspec.Struct, frozen=True):
    """A call in the body of a ``try`` whose failure reaches the handler.

    Attributes:
        call: its index.
        exceptions: what it is known to raise for reasons outside the program, as canonical names.
        releases: whether it gives something back or up.
    """

    call: int
    exceptions: tuple[str, ...]
    releases: bool

    @property
    def names(self) -> list[str]:
        """The class names of the exceptions that say what happened."""
        names = [exception.rpartition(".")[2] for exception in self.exceptions]
        return [name for name in dict.fromkeys(names) if name not in _EVERYTHING]


def tried_region(body: Function, handler: Handler) -> int:
    """Return the block whose failures a handler sees."""
    return next(
        region
        for region in regions_of(body, handler.statement)
        if body.regions[region].kind is RegionKind.TRY
    )


def attempts(context: Context, function: FunctionId, handler: Handler) -> list[Attempt]:
    """Return the calls that can fail for reasons outside the program and whose failure a handler sees."""
    body = context.facts(function)
    region = tried_region(body, handler)
    # What asks an exception that is being handled for details adds to a failure already known.
    details = {
        other.name for other in body.handlers if is_inside(body, handler.statement, other.region)
    }
    found = []
    for index, call in enumerate(body.calls):
        if not is_inside(body, call.statement, region) or root_of(call.callee) in details:
            continue
        if not _can_fail(context.db, function, index, _DEPTH):
            continue
        exceptions = [
            exception
            for exception in call_failures(context.db, function, index)
            if _reaches(context, function, call.statement, handler, exception)
            and not _is_about_values(context.db, exception)
            and not is_of_complaint(context, function, index, exception)
        ]
        if _reaches(context, function, call.statement, handler, "Exception"):
            releases = _gives_up(context.db, call.callee)
            found.append(Attempt(index, tuple(exceptions), releases))
    return found


def _reaches(
    context: Context, function: FunctionId, statement: int, handler: Handler, exception: str
) -> bool:
    """Say whether an exception raised at a statement comes as far as a handler around it."""
    body = context.facts(function)
    for other in handlers_around(body, statement):
        if other == handler:
            # `SystemExit` is no `Exception`.
            return _handles(context, function, other, exception)
        if other.statement == handler.statement:
            # What an earlier clause of the same `try` takes, it takes for good, re-raised or not.
            if exception != "Exception" and _handles(context, function, other, exception):
                return False
        elif _handles(context, function, other, exception) and not reraises(
            context.db, function, other
        ):
            return False
    return False


def _handles(context: Context, function: FunctionId, handler: Handler, exception: str) -> bool:
    if exception == "Exception":
        return is_broad(context.db, function, handler)
    types = handler_types(context.db, function, handler)
    return any(catches(context.db, name, exception) for name in types)


def _can_fail(db: Database, function: FunctionId, index: int, depth: int) -> bool:
    """Say whether a call can fail for reasons outside the program, as far as names tell."""
    body = unit_facts(db, function[0]).functions[function[1]]
    call = body.calls[index]
    target = callees(db, function[0])[function[1]][index]
    if body.statements[call.statement].kind is StatementKind.RAISE or is_import(call.callee):
        return False
    if _observes(db, call.callee) or is_log_call(db, function, index):
        return False
    if last_step(call.callee) == "__init__":
        return False
    if target is None:
        return not _is_conversion(db, call) and not _is_given_conversion(db, function, call)
    if models(db).knowledge(target).harmless:
        return False
    inner = function_of(db, target)
    if inner is not None and depth > 0 and _reports_failures(db, inner, depth - 1):
        return False
    raised = call_failures(db, function, index)
    if any(catches(db, "OSError", exception) for exception in raised):
        return not _looks_at_fixed_path(body, call)
    if _is_conversion(db, call):
        return False
    if raised:
        return not all(_is_about_values(db, exception) for exception in raised)
    if _is_standard(db, target):
        return False
    if inner is not None:
        return depth > 0 and _body_can_fail(db, inner, depth - 1)
    return class_of(db, target) is None


@query
def _body_can_fail(db: Database, function: FunctionId, depth: int) -> bool:
    """Say whether a project function makes a call that can fail and does not handle all failures."""
    body = unit_facts(db, function[0]).functions[function[1]]
    return any(
        _can_fail(db, function, index, depth)
        and not is_caught(db, function, call.statement, "Exception")
        for index, call in enumerate(body.calls)
    )


@query
def _reports_failures(db: Database, function: FunctionId, depth: int) -> bool:
    """Say whether a function logs whatever makes it fail, so that its caller need not."""
    body = unit_facts(db, function[0]).functions[function[1]]
    telling = {
        handler.statement
        for handler in body.handlers
        if is_broad(db, function, handler) and speaks_in(db, function, handler.region)
    }
    return bool(telling) and all(
        any(handler.statement in telling for handler in handlers_around(body, call.statement))
        for index, call in enumerate(body.calls)
        if _can_fail(db, function, index, depth)
    )


def speaks_in(db: Database, function: FunctionId, region: int, apart: range = range(0)) -> bool:
    """Say whether a block logs or shows something, events of the orders ``apart`` left out."""
    body = unit_facts(db, function[0]).functions[function[1]]
    return any(
        call.at not in apart
        and is_inside(body, call.statement, region)
        and speaks(db, function, index)
        for index, call in enumerate(body.calls)
    )


def speaks(db: Database, function: FunctionId, index: int) -> bool:
    """Say whether a call logs or shows something, by what is called or its name."""
    if is_log_call(db, function, index):
        return True
    callee = unit_facts(db, function[0]).functions[function[1]].calls[index].callee
    words = set(words_of(last_step(callee)))
    return bool(words & {*_SPEAKING, *models(db).lexicon.telemetry})


def _is_given_conversion(db: Database, function: FunctionId, call: Call) -> bool:
    """Say whether a call is of a parameter or variable for the sake of its result."""
    name = call.callee
    if not name.isidentifier() or call.use is Use.DISCARDED or call.awaited:
        return False
    return owner_of_name(db, function, name) is not None


def _is_standard(db: Database, target: str) -> bool:
    """Say whether a name is of the standard library, whose failures the models know."""
    if hasattr(builtins, target):
        return True
    return target.partition(".")[0] in sys.stdlib_module_names and home(db, target) is None


def _looks_at_fixed_path(body: Function, call: Call) -> bool:
    """Say whether a call only reads a place of the system that is written down, such as ``/proc``."""
    if not call.args or any(
        isinstance(arg, Const) and _WRITES.search(str(arg.value)) for arg in call.args[1:]
    ):
        return False
    place = call.args[0]
    if isinstance(place, Path):
        values = [write.value for write in body.writes if write.path == place.text]
        place = values[0] if len(values) == 1 else place
    if isinstance(place, Format):
        place = place.parts[0]
    return isinstance(place, Const) and str(place.value).startswith("/")


@query
def _is_about_values(db: Database, exception: str) -> bool:
    return any(catches(db, handled, exception) for handled in _ABOUT_VALUES)


def _observes(db: Database, callee: str) -> bool:
    """Say whether a call counts or measures, by the names along its path."""
    return bool(set(models(db).lexicon.telemetry) & set(words_of(callee)))


def _is_conversion(db: Database, call: Call) -> bool:
    """Say whether a call only makes one value of another, by its name."""
    lexicon = models(db).lexicon
    name = last_step(call.callee)
    words = words_of(name)
    if not words:
        return False
    if words[0] in lexicon.conversions or (words[0] in _ASKING and "version" in words):
        return True
    if len(words[-1]) > 2 and words[-1] in lexicon.conversions:
        return True
    if name in lexicon.value_methods:
        return True
    receiver = parent_of(call.callee)
    return bool(receiver) and (name in lexicon.mutators or _is_lookup(call, name, receiver))


def _is_lookup(call: Call, name: str, receiver: str) -> bool:
    """Say whether a call is one that containers have as well as clients, and looks like a container's."""
    if name == "copy":
        return not call.args and not call.keywords
    if name != "get" or call.awaited or receiver in ("self", "cls"):
        return False
    first = call.args[0] if call.args else None
    return not isinstance(first, Format) and not (
        isinstance(first, Const) and "/" in str(first.value)
    )


def is_import(callee: str) -> bool:
    """Say whether a function imports something, by its name."""
    return "import" in words_of(last_step(callee))


def _gives_up(db: Database, callee: str) -> bool:
    name = last_step(callee).strip("[]'\"").rpartition(".")[2]
    return (
        cleans_up(db, name)
        or starts_with_verb(name, release_verbs(db))
        or (bool(words_of(name)) and words_of(name)[0] in _GIVING_UP)
    )
