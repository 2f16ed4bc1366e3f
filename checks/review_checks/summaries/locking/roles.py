"""Says who may call a function, and whether its caller holds the lock."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from review_checks.facts.schema import Function, FunctionKind, StatementKind
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, settings, unit_facts, unit_path
from review_checks.summaries.locking.guards import is_lock_word
from review_checks.summaries.names import global_name
from review_checks.summaries.paths import last_step, parent_of

if TYPE_CHECKING:
    from review_checks.summaries.incremental import Database
    from review_checks.summaries.outline import FunctionOutline

_OWNED = frozenset(
    {
        "__init__",
        "__new__",
        "__del__",
        "__enter__",
        "__aenter__",
        "__init_subclass__",
        "__post_init__",
        "__attrs_post_init__",
        "__set_name__",
        "__setstate__",
    }
)
_CALLABLE = (FunctionKind.FUNCTION, FunctionKind.LAMBDA)
_LOCK = r"\b\w*(?:lock|semaphore|mutex)\b"
_HELD = re.compile(
    rf"{_LOCK}[^.]{{0,40}}\b(?:is|be|are|been|already|currently)\b[^.]{{0,20}}\b(?:held|acquired|taken|locked)\b"
    rf"|\b(?:held|holds?|holding|own(?:s|ing)?)\b[^.]{{0,40}}{_LOCK}"
    rf"|\b(?:called|invoked|run|used|executed)\b[^.]{{0,40}}\b(?:with|under|inside|within|while)\b[^.]{{0,40}}{_LOCK}"
    rf"|\b(?:must|should|caller|assumes?|requires?|expects?)\b[^.]{{0,60}}{_LOCK}",
    re.IGNORECASE | re.DOTALL,
)
_ANY_LOCK = re.compile(r"lock|semaphore|mutex", re.IGNORECASE)
_HELD_NAME = re.compile(
    r"_(?:un)?locked$|_(?:with|under|in)_lock$|_lock_held$|_no_?lock$|^_?locked_"
)
_HELD_TESTS = frozenset({"locked", "_is_owned", "is_owned", "owned", "is_held"})


class Role(enum.IntEnum):
    """Who may call a function: its object's maker, anybody, its siblings, or who was handed it.

    A body is one of module or class statements, which nobody calls.
    """

    OWNED = 0
    PUBLIC = 1
    PRIVATE = 2
    NESTED = 3
    BODY = 4


def role_of(db: Database, function: FunctionId) -> Role:
    """Return who may call a function, as far as its declaration tells."""
    functions, index = outline(db, function[0]).functions, function[1]
    declared = functions[index]
    if declared.kind not in _CALLABLE:
        return Role.BODY
    inside = declared.parent >= 0 and functions[declared.parent].kind in _CALLABLE
    if inside or declared.kind is FunctionKind.LAMBDA:
        return Role.NESTED
    if declared.name in _OWNED:
        return Role.OWNED
    if not declared.name.startswith("_") or declared.name.endswith("__"):
        return Role.PUBLIC
    return Role.PUBLIC if _is_handler(db, function, declared) else Role.PRIVATE


def _is_handler(db: Database, function: FunctionId, declared: FunctionOutline) -> bool:
    """Say whether a decorator makes a function one that a library calls."""
    for path, _ in declared.decorators:
        target = global_name(db, unit_path(db, function[0]), path) if path else None
        if target is None:
            continue
        if models(db).knowledge(target).entry or target in settings(db).entry_points:
            return True
    return False


def is_accessor(declared: FunctionOutline) -> bool:
    """Say whether a function is called by reading or setting an attribute."""
    return any("property" in path or path.endswith(".setter") for path, _ in declared.decorators)


def declares_lock(db: Database, function: FunctionId) -> bool:
    """Say whether a function, or one around it, declares that its caller holds the lock.

    It does so by its name, its docstring, a comment at its head, or an assertion.
    """
    facts = unit_facts(db, function[0])
    index = function[1]
    while index >= 0:
        body = facts.functions[index]
        if _HELD_NAME.search(body.name) or _says_held(body.docstring) or _asserts_lock(body):
            return True
        if facts.comments:
            head = range(body.span.line, _first_line(body))
            if any(item.line in head and _says_held(item.text) for item in facts.comments):
                return True
        index = body.parent
    return False


def _says_held(text: str) -> bool:
    """Say whether a text for people tells that the caller holds a lock."""
    # Most do not speak of locks at all, which is found out far sooner.
    return _ANY_LOCK.search(text) is not None and _HELD.search(text) is not None


def _first_line(body: Function) -> int:
    """Return the line of the first statement that does something."""
    lines = [row.span.line for row in body.statements if not row.literal]
    return lines[0] if lines else body.body_line


def _asserts_lock(body: Function) -> bool:
    return any(
        last_step(call.callee) in _HELD_TESTS
        and is_lock_word(last_step(parent_of(call.callee)))
        and body.statements[call.statement].kind is StatementKind.ASSERT
        for call in body.calls
    )
