"""Says why a write without the lock that guards its field elsewhere may be all right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, Const, Function, Mode, Path, Read, StatementKind, Write
from review_checks.summaries.index import assigned
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.forking import runs_after_fork
from review_checks.summaries.locking.guards import Guard, declared_guard
from review_checks.summaries.locking.locks import held
from review_checks.summaries.locking.places import attribute_place, rows_at
from review_checks.summaries.locking.roles import Role, role_of
from review_checks.summaries.locking.sharing import row_at
from review_checks.summaries.locking.slices import event_of, unit_slices
from review_checks.summaries.names import attribute_rows, class_of, lineage
from review_checks.summaries.paths import last_step, steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from review_checks.rule import Context
    from review_checks.summaries.locking.guarding import Guarding
    from review_checks.summaries.locking.sharing import Access, Sharing

_MAKING = (Role.OWNED, Role.BODY)
_LEAVING = frozenset({"__aexit__", "__exit__"})
_THREADS = frozenset({"Thread", "Timer"})


def is_excused(
    shared: Sharing, field: str, by: Guarding, writes: list[Access], context: Context
) -> bool:
    """Say whether the writes of one function to a field need no lock, or perhaps not this one."""
    accesses, guard = shared.fields[field], by.guard
    if not races(accesses, guard, writes, context):
        return True
    if by.declaration is not None:
        return starts_over(writes[0].function, guard, context)
    return (
        _is_rebound_by_chance(accesses, guard, writes, context)
        or _is_left(shared, guard, writes, context)
        or _precedes_thread(writes, context)
        or _goes_by_keys(shared, field, context)
        or _makes(shared, field, guard, writes, context)
    )


def is_lock(shared: Sharing, field: str, context: Context) -> bool:
    """Say whether a field holds a lock itself, or keeps account of one."""
    if "locked" in words_of(field):
        return True
    place = f"{shared.owner}.{field}"
    if field.startswith("."):
        place = attribute_place(context.db, shared.owner, field[1:])
    declared = declared_guard(context.db, place, field)
    known = shared.solution.guards.values()
    return any(guard.place == place for guard in known) or bool(declared and declared.kind)


def _is_rebound_by_chance(
    accesses: Iterable[Access], guard: Guard, writes: list[Access], context: Context
) -> bool:
    """Say whether a field is only bound anew, which is atomic, and the lock not sure to be its own."""
    if any(access.site.compound for access in writes):
        return False
    if is_by_chance(accesses, guard):
        return True
    rows = [access for access in accesses if guard.identity in access.guards]
    # A lock that was handed in is shared with others, and so is what it is for.
    plain = not any(access.site.compound for access in rows)
    handed = rows_at(context.db, guard.place) if guard.place and not guard.kind else ()
    return plain and bool(handed) and all(isinstance(value, Path) for _, value in handed)


def is_by_chance(accesses: Iterable[Access], guard: Guard) -> bool:
    """Say whether a lock may well be held at the uses of a field by chance.

    One long critical section covers whatever it happens to use, which is little evidence that it is
    meant for it.
    """
    rows = [access for access in accesses if guard.identity in access.guards]
    takers = {access.function for access in rows if guard.identity in access.site.guards}
    helpers = {access.function for access in rows} - takers
    return len(takers) < 2 and len(helpers) < 2


def _is_left(shared: Sharing, guard: Guard, writes: list[Access], context: Context) -> bool:
    """Say whether an object is left by whoever entered it, and has its lock from another object.

    That lock says nothing of how many share this object, as one that it makes itself would.
    """
    body = context.facts(writes[0].function)
    if body.name not in _LEAVING or any(access.site.compound for access in writes):
        return False
    holder = guard.identity.rpartition(".")[0]
    bases = lineage(context.db, shared.owner)
    if guard.place:
        return class_of(context.db, holder) is not None and holder not in bases
    return any(holder.startswith(f"{base}.") for base in bases)


def _goes_by_keys(shared: Sharing, field: str, context: Context) -> bool:
    """Say whether a container is used in single steps only, each of which sets or removes one key.

    Nothing depends on what else is there, so that no two steps have to be one.
    """
    accesses = shared.fields[field]
    functions = {access.function for access in accesses}
    if len(functions) < len(accesses):
        return False
    calls = [row for function in functions for row in shared.solution.callers.get(function, ())]
    if any(caller in functions for caller, _, _ in calls):
        return False
    return all(_is_keyed_step(field, access, context) for access in accesses)


def _is_keyed_step(field: str, access: Access, context: Context) -> bool:
    """Say whether an access does nothing but set or remove one key, which is atomic."""
    body = context.facts(access.function)
    row = row_at(context.db, access)
    if isinstance(row, Write):
        steps = steps_of(row.path)
        keyed = row.mode in (Mode.ASSIGN, Mode.DELETE) and steps[-1][0] == "["
    else:
        steps = steps_of(row.callee if isinstance(row, Call) else row.path)[:-1]
        keyed = isinstance(row, Call) and last_step(row.callee) == "pop" and bool(row.args)
    name = field.removeprefix(".")
    uses = [
        *[write.path for write in body.writes if write.statement == row.statement],
        *[read.path for read in body.reads if read.statement == row.statement],
        *[call.callee for call in body.calls if call.statement == row.statement],
    ]
    return keyed and sum(name in steps_of(path) for path in uses) == 1


def _makes(
    shared: Sharing, field: str, guard: Guard, writes: list[Access], context: Context
) -> bool:
    """Say whether a function makes the lock anew, or gives the field its first value."""
    function = writes[0].function
    if starts_over(function, guard, context):
        return True
    if any(access.site.compound for access in writes) or "." in field[1:]:
        return False
    if field.startswith("."):
        bases = lineage(context.db, shared.owner)
        rows = [row for base in bases for row in attribute_rows(context.db, base, field[1:])]
    else:
        rows = list(assigned(context.db, unit_path(context.db, function[0]), "", field))
    bound = [row for row in shared.fields[field] if row.site.write and not row.site.compound]
    makers = {maker for maker, _ in rows} | {access.function for access in bound}
    others = [value for maker, value in rows if maker != function]
    if any(value != Const(None) for value in others) or not makers:
        return False
    elsewhere = [
        maker for maker in makers - {function} if role_of(context.db, maker) not in _MAKING
    ]
    return not elsewhere and (not others or _fills_once(function, context))


def starts_over(function: FunctionId, guard: Guard, context: Context) -> bool:
    """Say whether a function makes the lock anew.

    After a fork there is one thread, which makes everything anew.
    """
    body, name = context.facts(function), guard.place.rpartition(".")[2]
    stored = [write for write in body.writes if write.mode == Mode.ASSIGN]
    if name and any(last_step(write.path) == name for write in stored):
        return True
    return runs_after_fork(context.db, function)


def _fills_once(function: FunctionId, context: Context) -> bool:
    """Say whether a function looks whether it was called before: it tests a field that it binds."""
    body = context.facts(function)
    for rows in unit_slices(context.db, function[0])[function[1]].sites.values():
        events = [(site.write, event_of(body, site.event)) for site in rows]
        written = [row.at for write, row in events if write]
        tested = [
            row.at
            for write, row in events
            if not write and body.statements[row.statement].kind is StatementKind.IF
        ]
        if written and tested and min(tested) < max(written):
            return True
    return False


def races(accesses: Iterable[Access], guard: Guard, writes: list[Access], context: Context) -> bool:
    """Say whether a write without the lock can meet others; coroutines yield only at an await."""
    if guard.kind != "async":
        return True
    body = context.facts(writes[0].function)
    if not body.asynchronous:
        return False
    mine = [access for access in accesses if access.function == writes[0].function]
    starts = [row_at(context.db, access).at for access in mine if access.misses(guard)]
    for access in writes:
        row = row_at(context.db, access)
        first = min([*starts, *_read_by(row, body)])
        if yields_between(body, first, row.at):
            return True
    return False


def is_joined(function: FunctionId, access: Access, context: Context) -> bool:
    """Say whether a function has waited for the end of a thread before it makes an access."""
    body = context.facts(function)
    at = row_at(context.db, access).at
    return any(
        last_step(call.callee) == "join"
        and call.at < at
        and not [value for value in call.args if not isinstance(value, Const)]
        and all(name == "timeout" for name, _ in call.keywords)
        for call in body.calls
    )


def _precedes_thread(writes: list[Access], context: Context) -> bool:
    """Say whether a function binds a field before it makes the thread that is to share it."""
    if any(access.site.compound for access in writes):
        return False
    body = context.facts(writes[0].function)
    me = body.parameters[0].name if body.parameters else ""
    made = [
        call.at
        for call in body.calls
        if last_step(call.callee) in _THREADS
        and any(
            isinstance(value, Path) and value.text.startswith(f"{me}.")
            for value in (*call.args, *dict(call.keywords).values())
        )
    ]
    return bool(me and made) and all(row_at(context.db, access).at < min(made) for access in writes)


def keeps(function: FunctionId, guard: Guard, context: Context) -> bool:
    """Say whether a function takes a lock and leaves it to another to give it back."""
    taken = [row for row in held(context.db, function) if row.guard.identity == guard.identity]
    if not any(row.how == "acquire" for row in taken):
        return False
    calls = context.facts(function).calls
    return not any(last_step(call.callee) == "release" for call in calls)


def yields_between(body: Function, start: int, end: int) -> bool:
    """Say whether a coroutine may give way to others between two events."""
    return any(start <= suspend.at < end for suspend in body.suspends)


def _read_by(row: Write | Call | Read, body: Function) -> Iterator[int]:
    """Yield where a write reads what it writes; an augmented assignment does so first of all."""
    if isinstance(row, Write):
        if row.mode is Mode.AUGMENT:
            yield body.statements[row.statement].at
        field = steps_of(row.path)[:2]
        for read in body.reads:
            if read.statement == row.statement and steps_of(read.path)[:2] == field:
                yield read.at
