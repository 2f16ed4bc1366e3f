"""Says for what reason a call that gives something back may fail, and where that happens.

A reason is a place in the code: a call that a model knows to fail on account of the world outside,
a ``raise`` of the project, or a change that is made durable or asked of a service. No place, no
reason. What a function raises about the values it was given is a mistake of its caller's, not a
failure; and what does not look at the thing at all would befall the next one just the same.
"""

from __future__ import annotations

import builtins

import msgspec

from review_checks.facts.schema import (
    Call,
    Exit,
    Function,
    Handler,
    Opaque,
    RegionKind,
    StatementKind,
    Test,
)
from review_checks.summaries.failing.concerning import (
    attributes_in,
    found_by,
    made_from,
    names_in,
    names_of_call,
)
from review_checks.summaries.failing.failures import (
    catches,
    handler_around,
    handler_types,
    may_raise,
    persistence,
    raised_types,
    raises_on,
    reraises,
)
from review_checks.summaries.failing.namesakes import namesakes
from review_checks.summaries.failing.releasing import (
    asks_service,
    is_release,
    looks_up,
    only_tells,
    passes_on,
)
from review_checks.summaries.failing.tolerating import is_suppressing, sounds_tolerant
from review_checks.summaries.flow import ancestry, handlers_around, is_inside
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline, owner_of, qualified_name
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees, function_of
from review_checks.summaries.paths import last_step, root_of
from review_checks.summaries.secrecy.logs import is_log_call
from review_checks.summaries.words import words_of

_MAX_DEPTH = 4
# What a look-up, a conversion or a check of arguments raises.
_ABOUT_VALUES = (
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "ImportError",
    "LookupError",
    "NotImplementedError",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "TypeError",
    "ValueError",
)
# The builtin exceptions that speak of the world outside; of the others nobody knows what they mean.
_ABOUT_WORLD = ("OSError", "EOFError")
_TESTED = (RegionKind.THEN, RegionKind.ELSE, RegionKind.CASE)

Event = tuple[str, int]
"""``("c", call)`` or ``("x", raise)``."""


class Reason(msgspec.Struct, frozen=True, array_like=True):
    """Why a call may fail.

    Attributes:
        exception: the canonical name of what is raised, or '' when that is not known.
        way: the events on which the failure comes out, from the call inwards.
    """

    exception: str
    way: tuple[tuple[FunctionId, Event], ...]


def release_reason(
    db: Database, function: FunctionId, index: int, names: frozenset[str]
) -> Reason | None:
    """Return why a call that gives something back may fail, or None when no reason is found.

    Args:
        db: the database.
        function: the function that makes the call.
        index: the call.
        names: the names that stand for what is given back.
    """
    reason = _of_call(db, function, index, names, _MAX_DEPTH)
    return reason if reason is None or not _is_ruled_out(db, function, index, reason) else None


def _is_ruled_out(db: Database, function: FunctionId, index: int, reason: Reason) -> bool:
    """Say whether a call is only made after a test of what decides about its failure.

    ``if device.status == ALLOCATED: device.free()`` has seen to it that the status is right.
    """
    inner, (kind, raised) = reason.way[-1]
    if kind != "x":
        return False
    body = unit_facts(db, function[0]).functions[function[1]]
    failing = unit_facts(db, inner[0]).functions[inner[1]]
    tested = _tests_around(body, body.calls[index].statement)
    asked = _tests_around(failing, failing.raises[raised].statement)
    seen = set().union(*[attributes_in(test.value) for test in tested])
    return not seen.isdisjoint(set().union(*[attributes_in(test.value) for test in asked]))


def _of_call(
    db: Database, function: FunctionId, index: int, names: frozenset[str], depth: int
) -> Reason | None:
    body = unit_facts(db, function[0]).functions[function[1]]
    call = body.calls[index]
    here = (function, ("c", index))
    target = callees(db, function[0])[function[1]][index]
    if target is None:
        return _of_stranger(db, function, index, names, depth)
    knowledge = models(db).knowledge(target)
    if knowledge.harmless or knowledge.log is not None:
        return None
    if knowledge.raises:
        if only_tells(db, call) or not may_raise(call, knowledge):
            return None
        found = [name for name in knowledge.raises if _is_about_world(db, name)]
        return Reason(found[0], (here,)) if found else None
    if knowledge.persists:
        return Reason("", (here,))
    inner = function_of(db, target)
    if inner is None or inner == function or depth <= 0 or looks_up(db, last_step(target)):
        return None
    if outline(db, inner[0]).functions[inner[1]].asynchronous and not call.awaited:
        return None
    return _before(here, _of_body(db, inner, _handed(db, inner, body, call, names), depth - 1))


def _of_stranger(
    db: Database, function: FunctionId, index: int, names: frozenset[str], depth: int
) -> Reason | None:
    """Return why a call may fail whose receiver is not known.

    If the project has methods of that name, it is one of them, and every one must have a reason.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    call = body.calls[index]
    here = (function, ("c", index))
    release = is_release(db, call) or passes_on(db, body, call)
    if release and only_tells(db, call):
        return None
    if release and depth > 0:
        methods = namesakes(db, last_step(call.callee), len(call.args) + len(call.keywords))
        if methods is None:
            return None
        if methods:
            reasons = [
                _of_body(db, method, _handed(db, method, body, call, names), depth - 1)
                for method in methods
            ]
            return _before(here, reasons[0]) if None not in reasons else None
    if persistence(db, function, index) or (release and asks_service(db, call)):
        return Reason("", (here,))
    return None


def _before(here: tuple[FunctionId, Event], reason: Reason | None) -> Reason | None:
    return Reason(reason.exception, (here, *reason.way)) if reason is not None else None


def _handed(
    db: Database, inner: FunctionId, body: Function, call: Call, names: frozenset[str]
) -> frozenset[str]:
    """Return the parameters of a function for which a call hands over something of some names."""
    declared = outline(db, inner[0]).functions[inner[1]]
    parameters = [parameter.name for parameter in declared.parameters]
    static = any(last_step(path) == "staticmethod" for path, _ in declared.decorators)
    found = set()
    if parameters and owner_of(db, inner) and not static:
        me = parameters.pop(0)
        if root_of(call.callee) in names:
            found.add(me)
    for position, value in enumerate(call.args):
        if names.isdisjoint(names_in(body, value)):
            continue
        # What looks like this may be a `*sequence`, and that any of them.
        spread = isinstance(value, Opaque)
        found.update(parameters if spread else parameters[position : position + 1])
    for name, value in call.keywords:
        if not names.isdisjoint(names_in(body, value)):
            found.update([name] if name else parameters)
    return frozenset(found)


@query
def _of_body(
    db: Database, function: FunctionId, handed: frozenset[str], depth: int
) -> Reason | None:
    """Return why a function of the project may fail at what it was handed for some parameters.

    What is known to fail outside goes before what the function itself has a look at, and that
    before a failure without a name.
    """
    if depth < 0 or not handed or _is_tolerant(db, function):
        return None
    body = unit_facts(db, function[0]).functions[function[1]]
    names = found_by(body, made_from(body, handed))
    found: list[tuple[int, int, Reason]] = []
    for index, raised in enumerate(body.raises):
        exception = _raised(db, function, index, names)
        if exception:
            reason = Reason(exception, ((function, ("x", index)),))
            translated = handler_around(body, raised.statement) is not None
            found.append((0 if translated else 1, raised.at, reason))
    for index, call in enumerate(body.calls):
        if names.isdisjoint(names_of_call(body, call)) or _is_aside(db, function, index):
            continue
        inner = _of_call(db, function, index, names, depth)
        if inner is not None and not _is_guarded(db, function, call.statement, inner.exception):
            found.append((_rank(inner), call.at, inner))
    return min(found, key=lambda row: row[:2])[2] if found else None


def _rank(reason: Reason) -> int:
    if not reason.exception:
        return 2
    return 1 if reason.way[-1][1][0] == "x" else 0


def _raised(db: Database, function: FunctionId, index: int, names: frozenset[str]) -> str:
    """Return the exception of a ``raise`` that tells of a failure of the thing, or ''."""
    body = unit_facts(db, function[0]).functions[function[1]]
    raised = body.raises[index]
    handler = handler_around(body, raised.statement)
    if not raised.type or (handler and handler.name and root_of(raised.type) == handler.name):
        # What is raised on comes from the `try` block, and is found there.
        return ""
    exception = next(iter(raised_types(db, function, raised)), "")
    if not exception or not _is_about_world(db, exception):
        return ""
    if handler is not None:
        handled = handler_types(db, function, handler)
        if all(_is_about_values(db, name) for name in handled):
            return ""
    elif not _is_asked(body, raised.statement, names):
        return ""
    return "" if _is_guarded(db, function, raised.statement, exception) else exception


def _is_asked(body: Function, statement: int, names: frozenset[str]) -> bool:
    """Say whether some names decide if a statement is reached, as far as tests around it tell."""
    tests = _tests_around(body, statement)
    return not tests or any(not names.isdisjoint(names_in(body, test.value)) for test in tests)


def _tests_around(body: Function, statement: int) -> list[Test]:
    return [
        test
        for region, _ in ancestry(body, statement)
        if body.regions[region].kind in _TESTED
        for test in body.tests
        if test.statement == body.regions[region].owner
    ]


def _is_aside(db: Database, function: FunctionId, index: int) -> bool:
    """Say whether a call is made for the sake of a log, or of a failure that is under way anyway."""
    body = unit_facts(db, function[0]).functions[function[1]]
    statement = body.calls[index].statement
    for region, _ in ancestry(body, statement):
        block = body.regions[region]
        fails = region > 0 and not block.falls and block.exits == Exit.RAISE
        if fails or block.kind is RegionKind.HANDLER:
            return True
    raises = body.statements[statement].kind is StatementKind.RAISE
    return raises or is_log_call(db, function, index)


def _is_guarded(db: Database, function: FunctionId, statement: int, exception: str) -> bool:
    """Say whether a function deals with a failure at a statement, if only on some path.

    Of a failure without a name any handler is taken to be meant for it, and a handler whose
    exceptions are not known to be meant for any failure.
    """
    body = unit_facts(db, function[0]).functions[function[1]]
    for handler in handlers_around(body, statement):
        types = handler_types(db, function, handler)
        if not exception or "?" in types or any(catches(db, one, exception) for one in types):
            return _ends_failure(db, function, handler)
    return any(
        is_inside(body, statement, item.region) and is_suppressing(db, function, item)
        for item in body.withs
    )


def _ends_failure(db: Database, function: FunctionId, handler: Handler) -> bool:
    """Say whether a handler does not always raise what it was given on.

    Another exception that it raises instead is a failure of its own.
    """
    block = unit_facts(db, function[0]).functions[function[1]].regions[handler.region]
    if raises_on(db, function, handler):
        return False
    leaves = block.falls or bool(block.exits & ~Exit.RAISE)
    return leaves or not reraises(db, function, handler)


def _is_tolerant(db: Database, function: FunctionId) -> bool:
    """Say whether a function's decorators or its name say that it survives failures."""
    declared = outline(db, function[0]).functions[function[1]]
    name = last_step(qualified_name(db, function))
    names = [name, *[path for path, _ in declared.decorators]]
    return any(sounds_tolerant(db, name) for name in names)


@query
def _is_about_values(db: Database, exception: str) -> bool:
    return any(catches(db, handled, exception) for handled in _ABOUT_VALUES)


@query
def _is_about_world(db: Database, exception: str) -> bool:
    """Say whether an exception tells of a failure that is not the program's own mistake."""
    if _is_about_values(db, exception):
        return False
    if set(models(db).lexicon.mistakes) & set(words_of(last_step(exception))):
        return False
    if hasattr(builtins, exception):
        return any(catches(db, handled, exception) for handled in _ABOUT_WORLD)
    return exception != "?"
