"""Says which exceptions a call, and a function, is known to raise.

Knowledge comes from three places: the models of libraries, the ``raise`` statements of the
project's own functions, and the functions that those call, a few levels deep. What is not known to
raise is taken to be harmless. Following callees to a fixed depth keeps the answer independent of
the order in which recursive functions are visited.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Function,
    Handler,
    Mode,
    Path,
    Raise,
    StatementKind,
)
from review_checks.summaries.flow import handlers_around, is_inside
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import (
    callees,
    canonical_in,
    class_of,
    function_of,
    lineage,
)
from review_checks.summaries.paths import last_step, parent_of, root_of

if TYPE_CHECKING:
    from review_checks.models.schema import Knowledge

MAX_DEPTH = 4
"""How many calls deep failures are followed."""

# What a parameter is annotated with instead of a class.
_ANNOTATIONS = frozenset({"typing", "typing_extensions"})
_ABSTRACT = frozenset({"NotImplementedError"})
_EVERYTHING = frozenset({"Exception", "BaseException"})
_BEYOND_EXCEPTION = frozenset({"BaseException", "SystemExit", "KeyboardInterrupt", "GeneratorExit"})


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """An exception that a function lets out: its canonical name, and the event that raises it.

    The event is ``("c", call)`` or ``("x", raise)``.
    """

    exception: str
    event: tuple[str, int]


def call_failures(db: Database, function: FunctionId, index: int) -> tuple[str, ...]:
    """Return the exceptions that a call is known to raise, as canonical names."""
    return _call_failures(db, function, index, MAX_DEPTH)


def _call_failures(db: Database, function: FunctionId, index: int, depth: int) -> tuple[str, ...]:
    target = callees(db, function[0])[function[1]][index]
    if target is None:
        return ()
    knowledge = models(db).knowledge(target)
    if knowledge.harmless:
        return ()
    if knowledge.raises:
        call = unit_facts(db, function[0]).functions[function[1]].calls[index]
        return knowledge.raises if may_raise(call, knowledge) else ()
    if depth <= 0:
        return ()
    inner = function_of(db, target)
    if inner is None or inner == function:
        return ()
    declared = outline(db, inner[0]).functions[inner[1]]
    if declared.asynchronous:
        call = unit_facts(db, function[0]).functions[function[1]].calls[index]
        if not call.awaited:
            return ()
    found = failures(db, inner, depth - 1)
    return tuple(dict.fromkeys(failure.exception for failure in found))


def may_raise(call: Call, knowledge: Knowledge) -> bool:
    """Say whether a call raises what is known of its function, as far as its arguments decide it."""
    if knowledge.raises_when and not _is_true(call, knowledge.raises_when, None):
        return False
    return knowledge.raises_unless is None or not _is_true(call, *knowledge.raises_unless)


def _is_true(call: Call, keyword: str, position: int | None) -> bool:
    given = [value for name, value in call.keywords if name == keyword]
    if position is not None:
        given += call.args[position : position + 1]
    return any(value != Const(False) for value in given)


@query
def failures(db: Database, function: FunctionId, depth: int = MAX_DEPTH) -> tuple[Failure, ...]:
    """Return the exceptions that a function is known to let out, in the order of the source."""
    body = unit_facts(db, function[0]).functions[function[1]]
    rows: list[tuple[int, Failure]] = []
    for index, raised in enumerate(body.raises):
        for exception in raised_types(db, function, raised):
            if exception in _ABSTRACT:
                continue
            if not is_caught(db, function, raised.statement, exception):
                rows.append((raised.at, Failure(exception, ("x", index))))
    for index, call in enumerate(body.calls):
        if body.statements[call.statement].kind is StatementKind.RAISE:
            # What stands in a `raise` makes the exception; that this fails is not reckoned with.
            continue
        rows += [
            (call.at, Failure(exception, ("c", index)))
            for exception in _call_failures(db, function, index, depth)
            if not is_caught(db, function, call.statement, exception)
        ]
    rows.sort(key=lambda row: row[0])
    return tuple(dict.fromkeys(failure for _, failure in rows))


def raised_types(db: Database, function: FunctionId, raised: Raise) -> tuple[str, ...]:
    """Return the canonical names of what a ``raise`` statement raises, where they are known."""
    body = unit_facts(db, function[0]).functions[function[1]]
    handler = handler_around(body, raised.statement)
    if not raised.type:
        return handler_types(db, function, handler) if handler is not None else ()
    root = root_of(raised.type)
    if handler is not None and handler.name and root == handler.name:
        return handler_types(db, function, handler)
    if isinstance(raised.value, Path) and any(
        write.path == root and write.mode != Mode.DEFINE for write in body.writes
    ):
        return ()
    target = canonical_in(db, function, raised.type)
    if target is None or target.partition(".")[0] in _ANNOTATIONS:
        return ()
    return (target,)


def handler_around(body: Function, statement: int) -> Handler | None:
    """Return the innermost handler in whose block a statement lies."""
    found = [handler for handler in body.handlers if is_inside(body, statement, handler.region)]
    return max(found, key=lambda handler: handler.region) if found else None


def handler_types(db: Database, function: FunctionId, handler: Handler) -> tuple[str, ...]:
    """Return the canonical names of the exceptions that a handler names; '?' for unknown ones."""
    if not handler.types:
        return ("BaseException",)
    return tuple([canonical_in(db, function, name) or "?" for name in handler.types])


def is_broad(db: Database, function: FunctionId, handler: Handler) -> bool:
    """Say whether a handler catches ``Exception`` or more."""
    return bool(_EVERYTHING & set(handler_types(db, function, handler)))


def is_caught(db: Database, function: FunctionId, statement: int, exception: str) -> bool:
    """Say whether a function handles an exception raised at a statement without raising it on."""
    body = unit_facts(db, function[0]).functions[function[1]]
    for handler in handlers_around(body, statement):
        if any(catches(db, name, exception) for name in handler_types(db, function, handler)):
            return not reraises(db, function, handler)
    return False


def reraises(db: Database, function: FunctionId, handler: Handler) -> bool:
    """Say whether a handler raises what it caught again, on some path."""
    body = unit_facts(db, function[0]).functions[function[1]]
    for raised in body.raises:
        again = not raised.type or (handler.name and root_of(raised.type) == handler.name)
        if again and is_inside(body, raised.statement, handler.region):
            return True
    return raises_on(db, function, handler)


def raises_on(db: Database, function: FunctionId, handler: Handler) -> bool:
    """Say whether a handler calls what is known to raise the exception being handled."""
    body = unit_facts(db, function[0]).functions[function[1]]
    targets = callees(db, function[0])[function[1]]
    for index, call in enumerate(body.calls):
        target = targets[index]
        known = target is not None and models(db).knowledge(target).reraises
        if known and is_inside(body, call.statement, handler.region):
            return True
    return False


@query
def catches(db: Database, handled: str, raised: str) -> bool:
    """Say whether an ``except handled`` clause is known to catch ``raised``."""
    if handled in _EVERYTHING:
        return handled == "BaseException" or raised not in _BEYOND_EXCEPTION
    return handled in exception_bases(db, raised)


@query
def exception_bases(db: Database, exception: str) -> frozenset[str]:
    """Return an exception and all that it is known to derive from, as canonical names."""
    found: set[str] = set()
    todo = [exception]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        builtin = getattr(builtins, name, None)
        if isinstance(builtin, type):
            found.update(base.__name__ for base in builtin.__mro__)
        todo += models(db).knowledge(name).bases
        if class_of(db, name) is not None:
            todo += lineage(db, name)[1:]
    return frozenset(found)


def persistence(db: Database, function: FunctionId, index: int) -> str:
    """Return whether a call makes a change durable: ``create``, ``save``, ``delete``, or ''.

    A method of an unknown or a project class counts by its name; those of libraries as their models
    say.
    """
    call = unit_facts(db, function[0]).functions[function[1]].calls[index]
    target = callees(db, function[0])[function[1]][index]
    if target is not None:
        known = models(db).knowledge(target).persists
        if known:
            return known
        if function_of(db, target) is None:
            return ""
    # A method of the same object is looked into, rather than judged by its name.
    own = call.callee.startswith(("super()", "self.", "cls.")) and call.callee.count(".") == 1
    if own or not parent_of(call.callee):
        return ""
    return models(db).lexicon.persistence.get(last_step(call.callee), "")
