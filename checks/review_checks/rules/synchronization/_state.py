"""What the rules about guarded state share: the fields of a file, their guards, and the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.model import Fix, Refusal
from review_checks.rule import Context, FixContext, Place, Report
from review_checks.rules.synchronization._excuses import is_lock
from review_checks.rules.synchronization._holding import hold
from review_checks.summaries.index import class_names, module_info, owner_of
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.declarations import declaring_write, lock_named
from review_checks.summaries.locking.guarding import Guarding, class_guarding, module_guarding
from review_checks.summaries.locking.guards import UNKNOWN, Guard, declaration_of
from review_checks.summaries.locking.sharing import (
    Access,
    Sharing,
    class_sharing,
    event_at,
    module_sharing,
)
from review_checks.summaries.locking.slices import Event, unit_slices
from review_checks.summaries.names import class_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN = 5


class State(msgspec.Struct, frozen=True):
    """A field of a class, or a variable of a module, and what guards it.

    Attributes:
        shared: the class or module.
        owner: the qualified name of the class in its file; '' for the module.
        path: the file.
        field: ``.name`` for a field, ``name`` for a variable.
        by: the lock that guards it.
    """

    shared: Sharing
    owner: str
    path: str
    field: str
    by: Guarding

    @property
    def guard(self) -> Guard:
        """The lock."""
        return self.by.guard

    @property
    def name(self) -> str:
        """The field as messages call it."""
        return self.field.removeprefix(".")

    @property
    def accesses(self) -> tuple[Access, ...]:
        """All accesses of the field."""
        return self.shared.fields[self.field]

    @property
    def held(self) -> list[Access]:
        """The accesses under the lock."""
        return [row for row in self.accesses if self.guard.identity in row.guards]

    @property
    def key(self) -> tuple[str, str]:
        """What a fix needs to find it again: the field, and its class or file."""
        return self.field, self.shared.owner if self.owner else self.path

    def is_own(self, function: FunctionId, context: Context) -> bool:
        """Say whether a function belongs to the class or file: what a base does is reported there."""
        own = not self.owner or owner_of(context.db, function) == self.owner
        return own and unit_path(context.db, function[0]) == self.path


def sharings(path: str, context: Context) -> Iterator[tuple[Sharing, str]]:
    """Yield how the state of each class of a file is shared, with its name, and the module's own."""
    db, module = context.db, module_info(context.db, path).name
    for owner in class_names(db, path):
        yield class_sharing(db, f"{module}.{owner}"), owner
    yield module_sharing(db, path), ""


def states(path: str, context: Context, *, writes: bool = False) -> Iterator[State]:
    """Yield what is guarded, but not everywhere, among the state of a file.

    What is known from the company that a field keeps counts for writes only.
    """
    for shared, owner in sharings(path, context):
        if not shared.fields:
            continue
        if owner:
            found = class_guarding(context.db, shared.owner)
        else:
            found = module_guarding(context.db, path)
        for field, by in found.items():
            if (writes or not by.beside) and not is_lock(shared, field, context):
                yield State(shared, owner, path, field, by)


def stray(state: State, context: Context, *, write: bool) -> dict[FunctionId, list[Access]]:
    """Return the accesses of a kind that miss the lock, by the function that makes them."""
    found: dict[FunctionId, list[Access]] = {}
    for access in state.accesses:
        if access.site.write is write and access.misses(state.guard):
            found.setdefault(access.function, []).append(access)
    return {function: rows for function, rows in found.items() if state.is_own(function, context)}


def unknown_guards(path: str, context: Context) -> Iterator[Report]:
    """Report the declarations of a file that name no lock."""
    db = context.db
    for shared, owner in sharings(path, context):
        for field, (function, text) in shared.solution.declared.items():
            if unit_path(db, function[0]) != path or (owner and owner_of(db, function) != owner):
                continue
            index = declaring_write(db, function, field)
            if index is None or lock_named(db, function, text, shared.solution.guards) is not None:
                continue
            name = field.removeprefix(".")
            yield Report(
                Place(function, "w", index),
                f"`{name}` is declared to be guarded by `{text}`, which is no lock known here",
                f"{shared.owner.rpartition('.')[2]}.{name}",
                fixable=False,
            )


# How an entry point comes there


def chain(
    shared: Sharing, function: FunctionId, guard: Guard, context: Context
) -> list[tuple[Place, str]] | None:
    """Return the calls by which an entry point reaches a function without the lock.

    None means that the function is not reached so, or that some callers hold the lock and the
    fault is that of the others.
    """
    solution = shared.solution
    if function in solution.entries:
        return []
    below: dict[FunctionId, tuple[FunctionId, str]] = {}
    entry, todo = None, [function]
    for current in todo:
        for caller, target, locks in solution.callers.get(current, ()):
            if guard.identity in locks or UNKNOWN in locks:
                return None
            if caller == function or caller in below:
                continue
            below[caller] = current, target
            if caller not in solution.entries:
                todo.append(caller)
            elif entry is None:
                entry = caller
    if entry is None:
        return None
    steps = []
    while entry != function:
        after, target = below[entry]
        place = place_of_call(entry, target, context)
        steps.append((place, f"`{context.qualified(entry)}` comes here without the lock"))
        entry = after
    return steps


def place_of_call(caller: FunctionId, target: str, context: Context) -> Place:
    """Return where a function calls another, or hands it on."""
    found = unit_slices(context.db, caller[0])[caller[1]]
    events: list[Event] = [
        row.event for row in (*found.reaches, *found.mentions) if row.target == target
    ]
    events += [site.event for site in found.sites.get(target, ())]
    return Place(caller, *events[0]) if events else Place(caller, "n")


# What is said


def symbol(state: State, function: FunctionId, context: Context) -> str:
    """Return what a finding in a function is about, such as ``Pool._active``."""
    of_class = state.field.startswith(".")
    owner = class_around(context.db, function) if of_class else state.shared.owner
    return f"{owner.rpartition('.')[2]}.{state.name}"


def why(state: State) -> str:
    """Say what makes the lock the field's: at how many places it is held, or that it is declared."""
    if state.by.declaration is not None:
        return "which is declared to guard it"
    if state.by.beside:
        first, *more = [field.removeprefix(".") for field in state.by.beside]
        others = f"`{first}`" if not more else f"`{first}` and {len(more)} more"
        return f"under which it, {others} are changed everywhere else"
    return f"under which it is {_count(state.accesses, state.guard)}"


def _count(accesses: Iterable[Access], guard: Guard) -> str:
    """Say at how many of the places of each kind the lock is held."""
    parts = []
    for write, word in ((True, "written"), (False, "read")):
        rows = [access for access in accesses if access.site.write is write]
        held = [access for access in rows if guard.identity in access.guards]
        bare = [access for access in rows if access.misses(guard)]
        if held:
            parts.append(f"{word} at {len(held)} of {len(held) + len(bare)} places")
    return " and ".join(parts)


def evidence(
    state: State,
    guard: Guard,
    context: Context,
    *,
    writes: bool | None = None,
    most: int = _SHOWN,
) -> Iterator[tuple[Place, str]]:
    """Yield some of the places where a lock is held: writes first, and from many functions."""
    seen: dict[tuple[FunctionId, bool], int] = {}
    ranks = []
    rows = [access for access in state.accesses if guard.identity in access.guards]
    if writes is not None:
        rows = [access for access in rows if access.site.write is writes]
    for position, access in enumerate(rows):
        key = access.function, access.site.write
        seen[key] = nth = seen.get(key, 0) + 1
        ranks.append((not access.site.write, nth, position))
    for position in sorted(rank[-1] for rank in sorted(ranks)[:most]):
        access = rows[position]
        name, word = access.name.rpartition(".")[2], "written" if access.site.write else "read"
        how = f"under `{guard.label}` in `{name}`"
        if guard.identity not in access.site.guards:
            how = f"in `{name}`, whose callers hold `{guard.label}`"
        yield Place(access.function, *event_at(context.db, access)), f"{word} {how}"


def declarations(state: State, context: Context) -> Iterator[tuple[Place, str]]:
    """Yield where the lock is declared, and where it is declared to guard the field."""
    by = state.by
    index = declaring_write(context.db, by.declaration, state.field) if by.declaration else None
    if by.declaration is not None and index is not None:
        yield Place(by.declaration, "w", index), f"`{state.name}` is declared to be guarded"
    yield from lock_declaration(state.guard, context)


def lock_declaration(guard: Guard, context: Context) -> Iterator[tuple[Place, str]]:
    """Yield where a lock is declared."""
    found = declaration_of(context.db, guard)
    if found is not None:
        yield Place(found[0], "w", found[1]), f"`{guard.label}` is declared here"


# The fix


def shared_state(report: Report, context: Context) -> Sharing:
    """Return what a report is about, whose data begins with the ``key`` of its state."""
    field, owner = str(report.data[0]), str(report.data[1])
    of_class = field.startswith(".")
    return class_sharing(context.db, owner) if of_class else module_sharing(context.db, owner)


def hold_around(
    report: Report,
    function: FunctionId,
    events: tuple[tuple[Event, ...], tuple[Event, ...]],
    context: FixContext,
) -> Fix | Refusal:
    """Hold the lock of a report, whose data begins with the ``key`` of its state, around events."""
    field, owner = str(report.data[0]), str(report.data[1])
    of_class = field.startswith(".")
    found = class_guarding(context.db, owner) if of_class else module_guarding(context.db, owner)
    if field not in found:
        return Refusal("the lock is gone")
    return hold(shared_state(report, context), found[field].guard, function, events, context)
