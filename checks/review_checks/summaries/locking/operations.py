"""Compares the operations of a class, or of a module, that change one kind of object.

Where several of them run under a lock that depends on the object, such as ``lock(instance.uuid)``,
one that does without is interesting: more so the more it has in common with those.
"""

from __future__ import annotations

import msgspec

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.locking.conduct import (
    Conduct,
    Key,
    Keys,
    common_keys,
    conducts_of,
)
from review_checks.summaries.locking.roles import Role
from review_checks.summaries.parts import member_units
from review_checks.summaries.words import words_of

_ENOUGH = 3
"""From so many operations under a lock on, it is taken to be meant for all of their kind."""

_PAIRS = frozenset(
    [
        frozenset(pair)
        for pair in (
            ("add", "remove"),
            ("allocate", "deallocate"),
            ("attach", "detach"),
            ("bind", "unbind"),
            ("connect", "disconnect"),
            ("create", "delete"),
            ("enable", "disable"),
            ("export", "unexport"),
            ("join", "leave"),
            ("lock", "unlock"),
            ("map", "unmap"),
            ("mount", "unmount"),
            ("mount", "umount"),
            ("open", "close"),
            ("pause", "resume"),
            ("pause", "unpause"),
            ("publish", "unpublish"),
            ("register", "unregister"),
            ("register", "deregister"),
            ("rescue", "unrescue"),
            ("reserve", "unreserve"),
            ("shelve", "unshelve"),
            ("start", "stop"),
            ("subscribe", "unsubscribe"),
            ("suspend", "resume"),
        )
    ]
)


class Stray(msgspec.Struct, frozen=True, array_like=True):
    """An operation without the lock of its kind.

    Attributes:
        function: the operation.
        key: the lock.
        subjects: what it changes without it.
        reason: how the peers are related to it: ``undoes``, ``partly`` or ``alike``.
        peers: those that were compared and hold the lock, nearest first.
        others: how many of those compared do not hold it.
        siblings: all operations that hold it.
        inside: the name of a sibling that it calls and that takes the lock, or ''.
    """

    function: FunctionId
    key: Key
    subjects: tuple[str, ...]
    reason: str
    peers: tuple[FunctionId, ...]
    others: int
    siblings: tuple[FunctionId, ...]
    inside: str


@query
def strays(db: Database, path: str, owner: str) -> tuple[Stray, ...]:
    """Return the operations of a class, or of a module when ``owner`` is '', that lack a lock."""
    common = [key for key, count in common_keys(db, path, owner).items() if count >= _ENOUGH]
    if not common:
        return ()
    rows = [row for units in member_units(db, path, owner) for row in conducts_of(db, units)]
    operations = _Operations({row.name: (function, row) for function, row in rows})
    found = []
    for key in common:
        found += operations.strays(key)
    return tuple(found)


class _Operations:
    """The operations of one class or module, by name."""

    def __init__(self, known: dict[str, tuple[FunctionId, Conduct]]) -> None:
        self.known = known
        self._under: dict[str, Keys] = {}
        self._perhaps: set[str] = set()
        for _, row in known.values():
            for target, _, keys in row.calls:
                if keys:
                    self._under[target] = self._under.get(target, frozenset()) | keys
                if row.declared:
                    self._perhaps.add(target)
        self._effects: dict[str, frozenset[tuple[str, Keys]]] = {}

    def effects(self, name: str) -> frozenset[tuple[str, Keys]]:
        """Return what an operation changes, by its siblings too, and the keys held there."""
        if name not in self._effects:
            self._effects[name] = frozenset()  # Until more is known, for a circle of calls.
            conduct = self.known[name][1]
            found = set(conduct.changes)
            for target, _, keys in sorted(conduct.calls, key=lambda row: row[0]):
                if target in self.known:
                    found.update([(what, keys | held) for what, held in self.effects(target)])
            self._effects[name] = frozenset(found)
        return self._effects[name]

    def strays(self, key: Key) -> list[Stray]:
        """Return the operations that lack one lock."""
        entries = [
            name
            for name, (_, row) in self.known.items()
            if row.role is Role.PUBLIC and key.root in row.parameters
        ]
        serial = [name for name in entries if key in self.known[name][1].keys]
        if len(serial) < _ENOUGH:
            return []
        by_noun: dict[str, list[str]] = {}
        for name in entries:
            by_noun.setdefault(_noun(name), []).append(name)
        found = []
        for name in entries:
            stray = self._stray(name, key, by_noun, serial)
            if stray is not None:
                found.append(stray)
        return found

    def _stray(
        self,
        name: str,
        key: Key,
        entries: dict[str, list[str]],
        serial: list[str],
    ) -> Stray | None:
        function, conduct = self.known[name]
        if conduct.keys or conduct.declared or self._is_called_under(name, key):
            return None
        bare = {what for what, keys in self.effects(name) if not keys}
        if not bare:
            return None
        inner = [other for other in self._below(name) if key in self.known[other][1].keys]
        others = [other for other in entries[_noun(name)] if other != name]
        undoing = [other for other in others if _undo_each_other(name, other)]
        # What all operations on the object are named for is no part of it.
        part = bool(_noun(name)) and _noun(name) not in words_of(key.root)
        for reason, group, least in (
            ("undoes", [other for other in undoing if bare & self._changed(other)], 1),
            ("alike", [row for row in others if part and bare & self._changed(row)], 2),
            ("partly", inner if self._changes_under(name, key, bare) else [], 1),
        ):
            held = [other for other in group if other in serial]
            if len(held) >= least and len(held) * 5 >= len(group) * 3:
                return Stray(
                    function,
                    key,
                    tuple(sorted(bare)),
                    reason,
                    tuple([self.known[other][0] for other in held]),
                    len(group) - len(held),
                    tuple([self.known[other][0] for other in serial]),
                    inner[0] if inner else "",
                )
        return None

    def _changed(self, name: str) -> frozenset[str]:
        return frozenset([what for what, _ in self.effects(name)])

    def _changes_under(self, name: str, key: Key, bare: set[str]) -> bool:
        """Say whether a part of an operation changes under the lock what others change without."""
        return any(what in bare and key in keys for what, keys in self.effects(name))

    def _below(self, name: str) -> list[str]:
        """Return the siblings that an operation reaches by calls."""
        found: dict[str, None] = {}
        todo = [name]
        while todo:
            for target, _, _ in sorted(self.known[todo.pop()][1].calls, key=lambda row: row[0]):
                if target in self.known and target not in found:
                    found[target] = None
                    todo.append(target)
        return list(found)

    def _is_called_under(self, name: str, key: Key) -> bool:
        """Say whether a sibling calls an operation under the lock, or perhaps does.

        What declares that its caller holds a lock does not say which.
        """
        return name in self._perhaps or key in self._under.get(name, frozenset())


def _noun(name: str) -> str:
    """Return the last word of a name that begins with a verb."""
    words = words_of(name)
    return words[-1] if len(words) > 1 else ""


def _undo_each_other(one: str, other: str) -> bool:
    """Say whether one operation takes back what the other does, by names with the same noun.

    A word more on one side, as in ``shelve_offload_instance`` and ``unshelve_instance``, is no matter.
    """
    mine, theirs = words_of(one), words_of(other)
    if not mine or not theirs or (len(mine) > 2 and len(theirs) > 2 and mine[1:] != theirs[1:]):
        return False
    opposite = frozenset((mine[0], theirs[0])) in _PAIRS
    return opposite or f"un{mine[0]}" == theirs[0] or f"un{theirs[0]}" == mine[0]
