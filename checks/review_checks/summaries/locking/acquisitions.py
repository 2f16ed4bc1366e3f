"""Says where a function takes locks, and of which object each is.

Two acquisitions are of one lock when their *tokens* are equal: the lock's identity, and the access
path of the object that holds it, or of the key that names it. A path means something inside one
function only; ``summaries.calling`` says what a callee's path is called in its caller.
"""

from __future__ import annotations

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Function,
    FunctionKind,
    Mode,
    Path,
    Result,
    Value,
)
from review_checks.summaries.conditions import Condition, calls_in, conditions_in, tests_before
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.locking.guards import UNKNOWN, Guard, plain, self_name
from review_checks.summaries.locking.locks import Held, held
from review_checks.summaries.locking.places import rows_at
from review_checks.summaries.locking.proofs import CURRENT
from review_checks.summaries.names import class_of, declared_name
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import join, last_step, parent_of, root_of, steps_of

Place = tuple[str, int]
"""``("i", with item)``, ``("c", call)`` or ``("d", decorator)``."""

SOMEWHERE = "?"
"""The path of an object of which it is not known which one it is."""

# Who asks such a thing knows whether it holds the lock already.
_ASKING = CURRENT | {"_is_owned", "is_held", "is_locked", "is_owned", "locked", "owned"}
_WAITING_KEYWORDS = ("timeout", "blocking_timeout", "acquire_timeout")


class Token(msgspec.Struct, frozen=True, array_like=True):
    """A lock as a function knows it.

    Attributes:
        identity: the lock's, or that of the family of locks among which a key tells.
        path: the object or key by which locks of one identity differ, as an access path of the
            function; '' when there is one lock only, ``SOMEWHERE`` when it is not known.
        when: what must hold of the function's parameters for the lock to be taken.
        tried: an attempt that does not wait has got the lock on the way, so that whoever calls the
            function does not hold it.
    """

    identity: str
    path: str
    when: frozenset[Condition] = frozenset()
    tried: bool = False

    def is_surely(self, other: Token) -> bool:
        """Say whether two tokens of one function are surely of the same lock."""
        return (
            self.identity == other.identity and self.path == other.path and self.path != SOMEWHERE
        )


class Acquisition(msgspec.Struct, frozen=True, array_like=True):
    """One place where a function takes a lock.

    Attributes:
        held: the guard, and over which events it is held.
        token: which lock it is.
        at: the order at which it is taken; those of one statement count by their index.
        waits: whether it waits for the lock as long as it takes.
    """

    held: Held
    token: Token
    at: tuple[int, int]
    waits: bool

    @property
    def place(self) -> Place:
        """The event that takes the lock."""
        kinds = {"with": "i", "decorator": "d"}
        return kinds.get(self.held.how, "c"), self.held.index

    def covers(self, other: Acquisition) -> bool:
        """Say whether the lock is held when another one is taken."""
        before = self.held.start <= other.at[0] < self.held.end
        return self.at < other.at and (before or self.at[0] == other.at[0])


def acquisitions(db: Database, function: FunctionId) -> tuple[Acquisition, ...]:
    """Return where a function takes locks that are known, in the order in which it does."""
    rows = [row for row in held(db, function) if row.how != "release"]
    if not rows:
        return ()
    body = unit_facts(db, function[0]).functions[function[1]]
    found = []
    for row in rows:
        statement = _statement(body, row)
        path = _path(db, function, body, row)
        if path is None or _asks_first(body, statement):
            continue
        when = conditions_in(body)(statement)
        token = Token(_family(row.guard), path, when)
        found.append(Acquisition(row, token, _order(body, row, statement), _waits(body, row)))
    return tuple(sorted(found, key=lambda item: item.at))


@query
def unit_takes(db: Database, unit: int) -> tuple[frozenset[Token], ...]:
    """Return the locks for which each function of a unit waits itself; read locks are left out."""
    return tuple(
        [
            frozenset(
                [
                    row.token
                    for row in acquisitions(db, (unit, index))
                    if row.waits and not row.held.guard.reads
                ]
            )
            for index in range(len(outline(db, unit).functions))
        ]
    )


def _statement(body: Function, row: Held) -> int:
    if row.how == "decorator":
        return -1
    return body.withs[row.index].statement if row.how == "with" else body.calls[row.index].statement


def _order(body: Function, row: Held, statement: int) -> tuple[int, int]:
    if statement < 0:
        return (-1, row.index)
    if row.how == "with":
        return (body.statements[statement].at, row.index)
    return (body.calls[row.index].at, 0)


def _family(guard: Guard) -> str:
    """Return the identity of a guard without the key that tells it from others."""
    head, mark, rest = guard.identity.partition(":<")
    return f"{head}:<>{rest.rpartition('>')[2]}" if mark and guard.keyed else guard.identity


# Which of the locks of one identity


def _path(db: Database, function: FunctionId, body: Function, row: Held) -> str | None:
    """Return the path that tells a lock from others of its identity; None when nothing is known."""
    guard = row.guard
    if guard.identity == UNKNOWN:
        return None
    if guard.keyed:
        return _key_path(db, function, guard)
    if not _is_of_instance(db, guard):
        return ""
    text = _taken(body, row)
    me = self_name(db, function)
    if not text or guard.place != guard.identity:
        # A decorator, a manager or a chain of attributes that begins at the function's own object.
        return me or SOMEWHERE
    steps = plain(steps_of(_unaliased(body, text)))
    holder = join(steps[:-1])
    if steps[:2] == ("type", "()") or "[" in holder or not holder:
        return SOMEWHERE
    return holder


def _key_path(db: Database, function: FunctionId, guard: Guard) -> str | None:
    """Return the access path of a computed key; of a local lock, its name."""
    if ":<" not in guard.identity:
        return guard.label if guard.identity.startswith("(") else None
    root = root_of(guard.label)
    facts = unit_facts(db, function[0]).functions
    index = function[1]
    while index >= 0:
        if sum(write.path == root for write in facts[index].writes) > 1:
            # What the name stands for changes.
            return None
        index = facts[index].parent
    return guard.label if guard.label.replace(".", "").replace("_", "").isalnum() else None


@query
def _is_shared(db: Database, place: str) -> bool:
    """Say whether all objects of a class have the one lock that its body makes."""
    rows = rows_at(db, place)
    for function, value in rows:
        kind = outline(db, function[0]).functions[function[1]].kind
        if kind is not FunctionKind.CLASS or not isinstance(value, Made):
            return False
        target = declared_name(db, function, value.callee)
        if target is None or models(db).knowledge(target).lock is None:
            return False
    return bool(rows)


def _is_of_instance(db: Database, guard: Guard) -> bool:
    if not guard.place:
        return bool(_class_prefix(db, guard.identity))
    holder = guard.place.rpartition(".")[0]
    return class_of(db, holder) is not None and not _is_shared(db, guard.place)


def _class_prefix(db: Database, identity: str) -> str:
    """Return the class at the start of a chain such as ``module.Class.pool.lock``."""
    head = identity
    while head and class_of(db, head) is None:
        head = head.rpartition(".")[0]
    return head


def _taken(body: Function, row: Held) -> str:
    """Return the access path that a function enters or acquires, or ''."""
    value: Value | None = None
    if row.how == "with":
        value = body.withs[row.index].value
    elif row.how == "acquire":
        call = body.calls[row.index]
        if call.callee.endswith(".acquire"):
            return parent_of(call.callee)
        value = call.args[0] if call.args else None
    return value.text if isinstance(value, Path) else ""


def _unaliased(body: Function, text: str) -> str:
    """Return what a local name stands for, where it is bound once."""
    values = [row.value for row in body.writes if row.path == text and row.mode is Mode.ASSIGN]
    value = values[0] if len(values) == 1 else None
    return value.text if isinstance(value, Path) else text


# Whether it waits


def _waits(body: Function, row: Held) -> bool:
    if row.how == "acquire":
        call = body.calls[row.index]
        return not call.callee.endswith(".acquire") or waits(call)
    if row.how == "with":
        value = body.withs[row.index].value
        if isinstance(value, Result):
            return _is_unlimited(body.calls[value.call])
    return True


def waits(call: Call) -> bool:
    """Say whether a call of ``acquire`` waits as long as it takes."""
    first = call.args[0] if call.args else Const(True)
    return first == Const(True) and len(call.args) < 2 and _is_unlimited(call)


def _is_unlimited(call: Call) -> bool:
    for name, value in call.keywords:
        if name in _WAITING_KEYWORDS and value not in (Const(None), Const(-1)):
            return False
        if name in ("blocking", "block") and value != Const(True):
            return False
    return True


def _asks_first(body: Function, statement: int) -> bool:
    """Say whether a statement is reached only on an answer to who holds the lock."""
    if statement < 0:
        return False
    return any(
        last_step(body.calls[index].callee) in _ASKING
        for test, _ in tests_before(body, statement)
        for index in calls_in(test)
    )
