"""The assist *declare the guard*: writes which lock guards a field, as a comment at its assignment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from review_checks.model import Edit, Fix, Refusal, Safety, Span
from review_checks.rule import FixContext, Place
from review_checks.summaries.index import assigned, class_names, module_info
from review_checks.summaries.inputs import FunctionId, module_path, unit_path
from review_checks.summaries.locking.declarations import assigned_field, declaring_write
from review_checks.summaries.locking.families import Family, family, family_shapes
from review_checks.summaries.locking.guards import UNKNOWN, Guard, object_guard, self_name
from review_checks.summaries.locking.slices import event_of, unit_slices
from review_checks.summaries.names import attribute_rows, class_around, class_of, home, lineage
from review_checks.summaries.secrecy.logs import is_logger
from review_checks.text.editing import (
    comments_in,
    indentation,
    insert_line,
    is_alone,
    usual_width,
    width,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Declarable(msgspec.Struct, frozen=True):
    """A field whose guard can be declared, and a lock that may be it.

    Attributes:
        owner: the canonical name of the class, or of the module.
        field: ``.name`` for a field, ``name`` for a variable of the module.
        guard: the lock.
    """

    owner: str
    field: str
    guard: Guard

    @property
    def title(self) -> str:
        """What declaring it does, for a menu."""
        return f"Declare that `{self.field.removeprefix('.')}` is guarded by `{self.guard.label}`"


def declarable(function: FunctionId, line: int, context: FixContext) -> list[Declarable]:
    """Return what could be declared of the fields that a function uses on a line of its file.

    The locks that are held at most uses of a field come first; where none is held at any, all locks
    of the class or module are offered. ``line`` is 0-based.
    """
    found = []
    body, me = context.facts(function), self_name(context.db, function)
    for field, sites in unit_slices(context.db, function[0])[function[1]].sites.items():
        spans = [context.shifted(function, event_of(body, site.event).span) for site in sites]
        name = f"{me}{field}" if field.startswith(".") else field
        if object_guard(context.db, function, name) or is_logger(context.db, function, name):
            # What guards is guarded by nothing, and a logger guards itself.
            continue
        if "." in field[1:] or not any(span.line <= line <= span.end_line for span in spans):
            continue
        owner = class_around(context.db, function) if field.startswith(".") else ""
        owner = owner or module_info(context.db, unit_path(context.db, function[0])).name
        if _assignment(owner, field, context) is not None:
            found += [Declarable(owner, field, guard) for guard in _guards(owner, field, context)]
    return found


def declare_guard(chosen: Declarable, context: FixContext) -> Fix | Refusal:
    """Write the guard of a field as a comment at its first assignment.

    It goes behind the assignment, or on a line of its own above it where there is a comment already
    or no room.
    """
    name = chosen.field.removeprefix(".")
    place = _assignment(chosen.owner, chosen.field, context)
    if place is None:
        return Refusal(f"`{name}` is not assigned where its guard could be declared")
    function = place.function
    lock = _spelled(chosen.guard, function, context)
    if not lock:
        return Refusal(f"how to name `{chosen.guard.label}` there is not clear")
    body, path = context.facts(function), context.path(function)
    statement = body.statements[body.writes[place.index].statement]
    lines, span = context.lines(path), context.shifted(function, statement.span)
    if not is_alone(lines, span):
        return Refusal(f"the assignment to `{name}` shares its line with other code")
    comment = f"# guarded by: {lock}"
    last = lines[span.end_line]
    text = last.rstrip("\r\n")
    edit = insert_line(path, lines, span.line, indentation(lines[span.line]) + comment)
    rest = last[span.end_column :]
    if not comments_in(rest) and width(f"{text.rstrip()}  {comment}") <= usual_width(lines):
        where = Span(span.end_line, span.end_column, span.end_line, len(text))
        edit = Edit(path, where, f"  {comment}")
    return Fix(chosen.title, Safety.SAFE, (edit,))


def _assignment(owner: str, field: str, context: FixContext) -> Place | None:
    """Return the first assignment to a field, by the maker of its object if that makes one.

    None means that there is none, or that a guard is declared there already.
    """
    db, of_class = context.db, field.startswith(".")
    path = module_path(db, owner)
    if of_class:
        rows = attribute_rows(db, owner, field[1:])
    else:
        rows = assigned(db, path, "", field) if path else ()
    functions = list(dict.fromkeys([function for function, _ in rows]))
    if any(declaring_write(db, function, field) is not None for function in functions):
        return None
    functions.sort(key=lambda function: context.facts(function).name != "__init__")
    for function in functions:
        body, me = context.facts(function), self_name(db, function)
        for index, write in enumerate(body.writes):
            if assigned_field(body, me, write) == field:
                return Place(function, "w", index)
    return None


def _families(owner: str, field: str, context: FixContext) -> Iterator[Family]:
    db = context.db
    if not field.startswith("."):
        path = module_path(db, owner)
        if path:
            yield from [family(db, path, name) for name in ("", *class_names(db, path))]
        return
    for base in lineage(db, owner):
        place = home(db, base) if class_of(db, base) is not None else None
        if place is not None:
            yield family(db, place.path, place.name)


def _guards(owner: str, field: str, context: FixContext) -> list[Guard]:
    uses: Counter[str] = Counter()
    known: dict[str, Guard] = {}
    for found in _families(owner, field, context):
        for shape in family_shapes(context.db, found):
            known.update({guard.identity: guard for guard in shape.guards})
            for name, _, locks in shape.guarded:
                if name == field:
                    uses.update(locks - {UNKNOWN})
    chosen = [lock for lock, _ in uses.most_common()] or sorted(known)
    return [known[lock] for lock in chosen if lock in known]


def _spelled(guard: Guard, function: FunctionId, context: FixContext) -> str:
    """Return how a comment in a function names a lock, or ''."""
    db = context.db
    owner, _, name = guard.place.rpartition(".")
    around = class_around(db, function)
    if owner and around and owner in lineage(db, around):
        me = self_name(db, function)
        return f"{me}.{name}" if me else name
    if owner == module_info(db, unit_path(db, function[0])).name:
        return name
    if not guard.place and ":" in guard.identity:
        key = guard.identity.partition(":")[2].rstrip("+")
        return key if key[:1] in "'\"" else ""
    # What a module imports it calls by its label.
    return guard.label if guard.label.isidentifier() else ""
