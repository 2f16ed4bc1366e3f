"""Says which lock the comments of the source declare to guard a field.

``self.items = {}  # guarded by: self._lock`` declares it, behind an assignment to the field or on a
line of its own above that. The guard is an access path, as the function would write it or as the
class or module names it, or a string, the name of a lock of a library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from review_checks.facts.schema import Comment, Function, FunctionKind, Mode
from review_checks.summaries.inputs import FunctionId, unit_facts
from review_checks.summaries.locking.guards import (
    UNKNOWN,
    Guard,
    object_guard,
    plain,
    scoped_guard,
    self_name,
)
from review_checks.summaries.locking.places import rows_at
from review_checks.summaries.names import class_of, lineage
from review_checks.summaries.paths import last_step, steps_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from review_checks.facts.schema import Write
    from review_checks.model import Span
    from review_checks.summaries.incremental import Database

# Behind the guard may stand another comment or an explanation, but no prose goes on from it.
_DECLARES = re.compile(
    r"""\#\s*guarded\ by\s*:\s*
        (?P<mark>`?)(?P<lock>[^\W\d]\w*(?:\.[^\W\d]\w*)*|'[^'\\]+'|"[^"\\]+")(?P=mark)
        \s*(?:$|[#;(\u2013\u2014-])""",
    re.VERBOSE | re.IGNORECASE,
)
_NEAR = 5
"""How many lines above a statement a comment may stand that speaks of it."""
_ADDRESSED = re.compile(r"#\s*(?:review\s*:|guarded by\s*:)", re.IGNORECASE)


def speaks_of_sharing(comment: Comment) -> bool:
    """Say whether a comment tells people how data are shared, instead of telling this tool."""
    return not _ADDRESSED.match(comment.text)


def is_explained(body: Function, statement: int, span: Span, said: Collection[int]) -> bool:
    """Say whether a comment, one of those on the lines ``said``, tells of the access with a span."""
    if not said:
        return False
    top = body.statements[statement].span.line
    above = max([row.span.line for row in body.statements if row.span.line < top], default=-1)
    first = max(above + 1, top - _NEAR)
    return any(first <= line < top or span.line <= line <= span.end_line for line in said)


def declared_lock(text: str) -> str:
    """Return the guard that a comment declares, or '' when it declares none."""
    found = _DECLARES.match(text)
    return found["lock"] if found is not None else ""


def declarations_in(db: Database, function: FunctionId) -> tuple[tuple[str, str], ...]:
    """Return the fields for which comments of a function declare guards, with the guards' texts.

    Fields of the object, also those that a class body assigns, go by ``.name``, variables of the
    module by their name.
    """
    facts = unit_facts(db, function[0])
    declared = {item.line: lock for item in facts.comments if (lock := declared_lock(item.text))}
    if not declared:
        return ()
    body, me = facts.functions[function[1]], self_name(db, function)
    found: dict[str, str] = {}
    for write in body.writes:
        field = assigned_field(body, me, write)
        lock = _lock_at(body, write, declared) if field else ""
        if lock:
            found.setdefault(field, lock)
    return tuple(found.items())


def declaring_write(db: Database, function: FunctionId, field: str) -> int | None:
    """Return the index of the write at which a function declares the guard of a field."""
    facts = unit_facts(db, function[0])
    declared = {item.line: lock for item in facts.comments if (lock := declared_lock(item.text))}
    body, me = facts.functions[function[1]], self_name(db, function)
    for index, write in enumerate(body.writes):
        if assigned_field(body, me, write) == field and _lock_at(body, write, declared):
            return index
    return None


def assigned_field(body: Function, me: str, write: Write) -> str:
    """Return the field or variable that a write binds anew, as ``declarations_in`` calls it, or ''."""
    if write.mode != Mode.ASSIGN:
        return ""
    steps = plain(steps_of(write.path))
    if len(steps) == 2 and steps[0] == me and steps[1][0] not in "[(":
        return f".{steps[1]}"
    if len(steps) != 1:
        return ""
    if body.kind is FunctionKind.CLASS:
        return f".{steps[0]}"
    return steps[0] if body.kind is FunctionKind.MODULE or steps[0] in body.scoped else ""


def _lock_at(body: Function, write: Write, declared: Mapping[int, str]) -> str:
    """Return the guard that a comment on the lines of an assignment, or above it, declares."""
    span = body.statements[write.statement].span
    for line in range(span.line, span.end_line + 1):
        if line in declared:
            return declared[line]
    above = span.line - 1
    # Behind another statement it speaks of that one.
    return declared.get(above, "") if above not in _lines_of_code(body) else ""


def _lines_of_code(body: Function) -> set[int]:
    """Return the lines of a function's statements, of those with blocks the first one only."""
    owners = {region.owner for region in body.regions}
    lines = {body.body_line - 1}
    for index, row in enumerate(body.statements):
        last = row.span.line if index in owners else row.span.end_line
        lines.update(range(row.span.line, last + 1))
    return lines


def lock_named(
    db: Database, function: FunctionId, text: str, taken: Mapping[str, Guard]
) -> Guard | None:
    """Return the lock that a declaration in a function names, or None when there is none.

    Args:
        db: the database.
        function: the function with the declaration.
        text: the lock as the declaration names it.
        taken: the locks that the class or module takes, by identity.
    """
    if text[0] in "'\"":
        spelled = repr(text[1:-1])
        named = [identity for identity in sorted(taken) if _key_of(identity) == spelled]
        return taken[named[0]] if named else None
    found = _denoted(db, function, text)
    if found is not None and found.identity in taken:
        return taken[found.identity]
    if found is not None and found.identity != UNKNOWN and _is_kept(db, found):
        return found
    for identity in sorted(taken):
        # The source may call a lock by the constant that holds its key.
        if text in (taken[identity].label, last_step(taken[identity].place)):
            return taken[identity]
    return None


def _key_of(identity: str) -> str:
    """Return the key of a lock that a library finds by one, or ''."""
    return identity.partition(":")[2].rstrip("+")


def _denoted(db: Database, function: FunctionId, text: str) -> Guard | None:
    """Return the lock that an access path denotes in a function, or around it."""
    me, steps = self_name(db, function), steps_of(text)
    if steps[0] in (me, "self", "cls") and len(steps) > 1:
        own = text[len(steps[0]) + 1 :]
        return object_guard(db, function, f"{me}.{own}") if me else scoped_guard(db, function, own)
    return scoped_guard(db, function, text)


def _is_kept(db: Database, guard: Guard) -> bool:
    """Say whether something is assigned where a lock is said to be, or may be by an unseen base."""
    if not guard.place or rows_at(db, guard.place):
        return True
    owner = guard.place.rpartition(".")[0]
    return any(class_of(db, base) is None and base != "object" for base in lineage(db, owner))
