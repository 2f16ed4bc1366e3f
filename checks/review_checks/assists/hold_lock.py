"""Hold a lock around the selected statements, or the one at the cursor.

Offered are the locks of the function's own object, those of the module, and what the file takes in
``with`` elsewhere by a call, the most used ones first. A lock that is held there already is not
offered, nor is one of an object that is still being made.

It is refused where a holder could wait for itself: where a caller, or a function that is called
there, takes the same lock and it is not known that it may be taken twice; and where an ``await`` or
``yield`` would keep a thread's lock.
"""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING

from review_checks.assist import Offer
from review_checks.facts.schema import FunctionKind, Path, Result, StatementKind
from review_checks.mending.runs import functions_of, run_around, step_of
from review_checks.model import Fix, Refusal, Safety
from review_checks.rules.synchronization._waiting import taken_inside
from review_checks.summaries.index import class_names, members, owner_of, variable_names
from review_checks.summaries.locking.entry_guards import class_solution, module_solution
from review_checks.summaries.locking.families import family, module_families
from review_checks.summaries.locking.guards import UNKNOWN, Guard, object_guard, self_name
from review_checks.summaries.locking.locks import Held, guard_of, guards_at, held
from review_checks.summaries.locking.roles import Role, declares_lock, role_of
from review_checks.summaries.locking.sibling_calls import SiblingCalls
from review_checks.summaries.names import class_around, home, lineage, owner_of_name
from review_checks.summaries.paths import root_of, steps_of
from review_checks.text.editing import slice_text, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.assist import Selection
    from review_checks.facts.schema import Function
    from review_checks.rule import FixContext
    from review_checks.summaries.incremental import Database
    from review_checks.summaries.inputs import FunctionId

KIND = "refactor.rewrite"

_BY_CALL = frozenset({"acquire", "release"})
_MOST = 5
"""How many locks are offered."""
_NOTHING_TO_GUARD = frozenset(
    {
        StatementKind.DEFINITION,
        StatementKind.IMPORT,
        StatementKind.SCOPE,
        StatementKind.PASS,
        StatementKind.BREAK,
        StatementKind.CONTINUE,
    }
)

Choice = tuple[Guard, str]
"""A lock, and the expression that takes it."""


def offers(selection: Selection, context: FixContext) -> Iterator[Offer]:
    """Yield one offer a lock."""
    function, body = selection.function, context.facts(selection.function)
    worthy = [
        index
        for index in selection.statements
        if body.statements[index].kind not in _NOTHING_TO_GUARD
        and not body.statements[index].literal
    ]
    if body.kind is not FunctionKind.FUNCTION or not worthy:
        return
    orders = selection.orders(body)
    rows = held(context.db, function)
    # What takes a lock, or gives it back, by itself would wait for itself.
    taken = guards_at(rows, orders.start).union(
        [row.guard.identity for row in rows if row.how in _BY_CALL and _crosses(row, orders)]
    )
    chosen = [row for row in _choices(function, context) if row[0].identity not in taken]
    for guard, text in chosen[:_MOST]:
        mend = functools.partial(_mend, selection, guard, text, context)
        yield Offer(text, f"Hold `{text}` here", mend)


def _crosses(row: Held, orders: range) -> bool:
    """Say whether a lock is taken, or given back, among some events."""
    return row.start - 1 in orders or row.start in orders or row.end in orders


def _choices(function: FunctionId, context: FixContext) -> list[Choice]:
    """Return the locks that a function can name, those used most in its class and file first."""
    db, path = context.db, context.path(function)
    found: dict[str, str] = {}
    guards: dict[str, Guard] = {}
    for guard, text in (
        *_of_object(function, context),
        *_of_module(db, path, function),
        *_entered(path, function, context),
    ):
        if guard.identity != UNKNOWN and not guard.reads and guard.identity not in found:
            found[guard.identity], guards[guard.identity] = text, guard
    near: Counter[str] = Counter()
    far: Counter[str] = Counter()
    owner = owner_of(db, function)
    for name in ("", *class_names(db, path)):
        for other in members(db, path, name):
            taken = [row.guard.identity for row in held(db, other)]
            (near if name == owner else far).update(taken)
    # What is a lock by its name alone, and never taken, may as well be a path or a set of locks.
    sure = [one for one in found if guards[one].kind or near[one] or far[one]]
    order = sorted(sure, key=lambda identity: (-near[identity], -far[identity]))
    return [(guards[identity], found[identity]) for identity in order]


def _of_object(function: FunctionId, context: FixContext) -> Iterator[Choice]:
    """Yield the locks that the object of a method holds."""
    db = context.db
    me, owner = self_name(db, function), class_around(db, function)
    if not me or not owner or role_of(db, function) is Role.OWNED:
        return
    names: dict[str, None] = {}
    for base in lineage(db, owner):
        place = home(db, base)
        for member in members(db, place.path, place.name) if place is not None else ():
            other = self_name(db, member)
            names.update(dict.fromkeys(_attributes(context.facts(member), other)))
    for name in names:
        guard = object_guard(db, function, f"{me}.{name}")
        if guard is not None:
            yield guard, f"{me}.{name}"


def _attributes(body: Function, me: str) -> Iterator[str]:
    """Yield the names of the attributes that a method, or a class body, assigns."""
    for write in body.writes:
        steps = steps_of(write.path)
        if body.kind is FunctionKind.CLASS and len(steps) == 1:
            yield steps[0]
        elif me and len(steps) == 2 and steps[0] == me and steps[1][0] not in "[(":
            yield steps[1]


def _of_module(db: Database, path: str, function: FunctionId) -> Iterator[Choice]:
    """Yield the locks among the module's variables."""
    for name in variable_names(db, path):
        guard = object_guard(db, function, name)
        if guard is not None and owner_of_name(db, function, name) is None:
            yield guard, name


def _entered(path: str, function: FunctionId, context: FixContext) -> Iterator[Choice]:
    """Yield what other functions of the file enter by a call, where it means the same here."""
    db = context.db
    me, owner = self_name(db, function), owner_of(db, function)
    for other in functions_of(path, context):
        body = context.facts(other)
        for item in body.withs:
            if not isinstance(item.value, Result) or item.value.rest:
                continue
            guard = guard_of(db, other, item.value)
            if guard is None or guard.keyed:
                continue
            call = body.calls[item.value.call]
            values = [*call.args, *(value for _, value in call.keywords)]
            names = [call.callee, *(value.text for value in values if isinstance(value, Path))]
            mine = me == self_name(db, other) and owner == owner_of(db, other)
            if all(_is_common(db, root_of(name), (function, other), me * mine) for name in names):
                text = slice_text(context.lines(path), context.shifted(other, item.span))
                yield guard, text


def _is_common(db: Database, name: str, users: tuple[FunctionId, FunctionId], me: str) -> bool:
    """Say whether a name means the same in two functions."""
    return bool(name) and (
        name == me or all(owner_of_name(db, user, name) is None for user in users)
    )


def _mend(selection: Selection, guard: Guard, text: str, context: FixContext) -> Fix | Refusal:
    function, body = selection.function, context.facts(selection.function)
    run = run_around(function, selection.statements, context)
    if run is None:
        return Refusal("the statement shares its line with the head of a block")
    orders = range(body.statements[run.first].at, body.statements[run.last].end)
    reason = _obstacle(function, guard, orders, context)
    if reason:
        return Refusal(reason)
    lines, step = context.lines(selection.path), step_of(function, context)
    word = "async with" if guard.kind == "async" else "with"
    edits = wrap(selection.path, lines, run.top, run.end, f"{word} {text}:", step)
    return Fix(f"Hold `{text}` here", Safety.UNSAFE, tuple(edits))


def _obstacle(function: FunctionId, guard: Guard, orders: range, context: FixContext) -> str:
    """Return why a lock cannot be taken around some events, or ''."""
    body = context.facts(function)
    if guard.kind == "async":
        if not body.asynchronous:
            return f"`{guard.label}` can be taken in coroutines only"
    elif any(suspend.at in orders for suspend in body.suspends):
        return "an `await` or `yield` stands among the statements, and would keep the lock"
    if guard.reentrant:
        return ""
    if declares_lock(context.db, function):
        return f"`{body.name}` says that its caller holds the lock"
    owner = class_around(context.db, function)
    if owner:
        solution = class_solution(context.db, owner)
    else:
        solution = module_solution(context.db, context.path(function))
    return _held_above(function, guard, context) or taken_inside(
        context, solution, function, guard, orders
    )


def _held_above(function: FunctionId, guard: Guard, context: FixContext) -> str:
    """Return who comes to a function with a lock, or may, so that it would be taken twice."""
    db = context.db
    todo, seen = [function], {function}
    for calls in _known_calls(function, context):
        while todo:
            current = todo.pop()
            if current not in calls.roles:
                continue
            rows = [(caller, locks) for caller, _, locks in calls.callers(current)]
            for caller, locks in (*rows, *calls.handed_on.get(current, ())):
                if guard.identity in locks or UNKNOWN in locks or declares_lock(db, caller):
                    perhaps = "" if guard.reentrant is False else "perhaps "
                    name = context.qualified(caller)
                    return (
                        f"`{name}` comes here with `{guard.label}` held, "
                        f"which {perhaps}cannot be taken twice"
                    )
            for caller, _ in rows:
                if caller not in seen:
                    seen.add(caller)
                    todo.append(caller)
        todo = list(seen)
    return ""


def _known_calls(function: FunctionId, context: FixContext) -> Iterator[SiblingCalls]:
    """Yield who calls whom in the class of a function, bases included, and in its module."""
    db, path = context.db, context.path(function)
    owner = class_around(db, function)
    if owner:
        found = [place for base in lineage(db, owner) if (place := home(db, base)) is not None]
        places = dict.fromkeys([(place.path, place.name) for place in found])
        yield SiblingCalls(db, [(owner, family(db, *place)) for place in places])
    yield SiblingCalls(db, module_families(db, path))
