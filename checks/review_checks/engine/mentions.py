"""Knows which files use which names, file by file, for questions about the whole project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from review_checks.engine.files import File
from review_checks.engine.keeping import FactsMemo
from review_checks.facts.naming import names_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from review_checks.engine.files import UnitState
    from review_checks.engine.keeping import Shelf


def survey(text: str, shelf: Shelf) -> tuple[str, ...]:
    """Return the names that a text uses, in order, and put its facts on a shelf."""
    file = File("", text, FactsMemo(), [0])
    names = tuple(sorted(set().union(*(names_in(state.facts) for state in file.states))))
    shelf.put(text, file.encoded(), names)
    return names


class Mentions:
    """The names that the files of a project use.

    Files that are under analysis as a whole, such as open ones, are followed unit by unit; what a
    survey says of those is older, and does not count.
    """

    def __init__(self) -> None:
        self._users: dict[str, list[str]] = {}
        self._surveyed: dict[str, tuple[str, ...]] = {}
        self._followed: dict[str, _Followed] = {}

    def users(self, name: str) -> tuple[str, ...]:
        """Return the files that use a name, in order."""
        return tuple(sorted(self._users.get(name, ())))

    def note(self, path: str, names: Iterable[str]) -> set[str]:
        """Take what a survey says of a file; return the names for which that changes the users."""
        if path in self._followed:
            return set()
        before = set(self._surveyed.pop(path, ()))
        # The same names come from file after file.
        known = tuple(map(sys.intern, names))
        if known:
            self._surveyed[path] = known
        return self._move(path, before, set(known))

    def follow(self, path: str, changed: Iterable[UnitState], gone: Iterable[int] = ()) -> set[str]:
        """Take units of a file under analysis; return the names with other users than before."""
        file = self._followed.get(path)
        if file is not None:
            return self._move(path, *file.update(changed, gone))
        file = self._followed[path] = _Followed()
        _, names = file.update(changed, gone)
        return self._move(path, set(self._surveyed.pop(path, ())), names)

    def follows(self, path: str) -> bool:
        """Say whether a file is followed unit by unit."""
        return path in self._followed

    def unfollow(self, path: str) -> None:
        """Take the names that a file has now for those of a survey."""
        file = self._followed.pop(path, None)
        if file is not None:
            self._surveyed[path] = tuple(file.counts)

    def forget(self, path: str) -> set[str]:
        """Take it that a file is gone; return the names with other users than before."""
        before = set(self._surveyed.pop(path, ()))
        file = self._followed.pop(path, None)
        if file is not None:
            before.update(file.counts)
        return self._move(path, before, set())

    def _move(self, path: str, before: set[str], after: set[str]) -> set[str]:
        for name in before - after:
            users = self._users[name]
            users.remove(path)
            if not users:
                del self._users[name]
        for name in after - before:
            self._users.setdefault(name, []).append(path)
        return before ^ after


class _Followed:
    """The names of a file, and how many of its units use each."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._units: dict[int, frozenset[str]] = {}

    def update(
        self, changed: Iterable[UnitState], gone: Iterable[int]
    ) -> tuple[set[str], set[str]]:
        """Take units; return which names the file lost and which it gained."""
        touched: dict[str, int] = {}
        for unit in gone:
            self._count(self._units.pop(unit, frozenset()), -1, touched)
        for state in changed:
            names, known = names_in(state.facts), self._units.get(state.unit, frozenset())
            if names != known:
                self._count(known - names, -1, touched)
                self._count(names - known, 1, touched)
                self._units[state.unit] = names
        lost = {name for name, count in touched.items() if count and name not in self.counts}
        gained = {name for name, count in touched.items() if not count and name in self.counts}
        return lost, gained

    def _count(self, names: Iterable[str], change: int, touched: dict[str, int]) -> None:
        """Count names; ``touched`` remembers how often each was there before."""
        for name in names:
            count = self.counts.get(name, 0)
            touched.setdefault(name, count)
            if count + change:
                self.counts[name] = count + change
            else:
                del self.counts[name]
