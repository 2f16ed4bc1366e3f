"""Says what goes by the name of a thing that a function holds, and what is made from it.

The thing goes by its name and by aliases of it. What is made *from* it (a cursor of a connection, a
path inside a temporary directory) is its *offspring*: whoever keeps offspring keeps the thing in use.
Data that is read from it is not.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Closure,
    Compare,
    Logic,
    Mode,
    Path,
    Result,
    Value,
    Write,
)
from review_checks.models.schema import Resource
from review_checks.summaries.failing.hazards import hazards
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.mentions import given_to, parts_of
from review_checks.summaries.names import callees, home
from review_checks.summaries.owning.attesting import attesting
from review_checks.summaries.paths import last_step, parent_of, root_of
from review_checks.summaries.truths import truth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from review_checks.summaries.incremental import Database

_DATA_ATTRIBUTES = frozenset(
    {
        "closed", "encoding", "errors", "headers", "host", "mode", "name", "newlines", "pid", "port",
        "reason", "returncode", "status", "status_code", "text", "url", "version",
    }
)  # fmt: skip
_DATA_METHODS = frozenset(
    {
        "accept", "communicate", "execute", "executemany", "exec_command", "fetchall", "fetchone", "fileno",
        "getheader", "getinfo", "getmember", "getmembers", "getnames", "getpeername", "getsockname",
        "getsockopt", "getvalue", "infolist", "is_alive", "isatty", "json", "namelist", "poll",
        "raise_for_status", "read", "readable", "readexactly", "readinto", "readline", "readlines",
        "readuntil", "receive", "recv", "recv_into", "recvfrom", "seek", "seekable", "send", "sendall",
        "sendto", "settimeout", "tell", "text", "wait", "write", "writable", "writelines",
    }
)  # fmt: skip


class Owned(msgspec.Struct, frozen=True, array_like=True):
    """A thing that a function acquires: the call, the path it is held under, and its kind."""

    call: int
    name: str
    resource: Resource
    lazy: bool = False
    """Whether it holds nothing before its first use: its making never fails."""


class Kin:
    """What of a function stands for one owned thing, or keeps it in use."""

    def __init__(self, db: Database, function: FunctionId, owned: Owned) -> None:
        """Find the aliases and the offspring of a thing."""
        self._db = db
        self._function = function
        self._models = models(db)
        self._risky = hazards(db, function)
        self.owned = owned
        self.body = unit_facts(db, function[0]).functions[function[1]]
        self._functions = unit_facts(db, function[0]).functions
        self._index = function[1]
        self._targets = callees(db, function[0])[function[1]]
        self._verbs = frozenset(self._models.lexicon.release)
        self.aliases = {owned.name}
        self.offspring: set[str] = set()
        # Those by which somebody else can find the thing, such as the number of a process.
        self._handles: set[str] = set()
        # Offspring that is a resource itself and has a release of its own.
        self._apart: set[str] = set()
        self._follow()

    # Names

    def _follow(self) -> None:
        """Extend the aliases and offspring by what is bound from them, until nothing is new."""
        size = -1
        while size != len(self.aliases) + len(self.offspring):
            size = len(self.aliases) + len(self.offspring)
            for write in self.body.writes:
                if not write.path.isidentifier() or write.mode not in (
                    Mode.ASSIGN,
                    Mode.ENTER,
                    Mode.ITERATE,
                ):
                    continue
                if write.path in self.aliases:
                    continue
                if self.is_itself(write.value):
                    self.aliases.add(write.path)
                elif self._yields_kept(write):
                    self.offspring.add(write.path)
                    if self._tells(write.value):
                        self._handles.add(write.path)
                    if self._is_resource(write.value):
                        self._apart.add(write.path)

    def _is_resource(self, value: Value) -> bool:
        target = self._targets[value.call] if isinstance(value, Result) else None
        return target is not None and self._models.knowledge(target).resource is not None

    def _yields_kept(self, write: Write) -> bool:
        """Say whether a write binds offspring; what iterating over the thing gives is data."""
        if write.mode is Mode.ITERATE and isinstance(write.value, Path | Result):
            return False
        return self.keeps(write.value)

    def is_itself(self, value: Value) -> bool:
        """Say whether a value may be the thing."""
        if isinstance(value, Path):
            return value.text in self.aliases
        return isinstance(value, Logic) and any(self.is_itself(part) for part in value.parts)

    def keeps(self, value: Value) -> bool:
        """Say whether a value holds the thing or its offspring; data read from it does not."""
        if isinstance(value, Path):
            return self._is_kept_path(value.text)
        if isinstance(value, Result):
            return self._is_kept_result(value)
        if isinstance(value, Closure):
            return self.captured(value.function)
        return any(self.keeps(part) for part in parts_of(value))

    def _is_kept_path(self, text: str) -> bool:
        if text in self.aliases or text in self.offspring:
            return True
        root, last = root_of(text), last_step(text)
        if root not in self.aliases and root not in self.offspring:
            return False
        if last in self.owned.resource.handles:
            return True
        return last not in _DATA_ATTRIBUTES and not last.startswith("[")

    def _is_kept_result(self, value: Result) -> bool:
        call = self.body.calls[value.call]
        if value.call == self.owned.call:
            return value.rest == self.owned.resource.result
        if self._is_method(call):
            return last_step(call.callee) not in _DATA_METHODS
        if not self._passes(call):
            return False
        target = self._targets[value.call]
        if target is None or home(self._db, target) is not None:
            return True
        known = self._models.knowledge(target)
        # What reads from the thing gives data; what merely arranges it (`iter`, `partial`) keeps it.
        return not (
            known.redacts or (known.raises and known.resource is None and not known.returns)
        )

    def _tells(self, value: Value) -> bool:
        """Say whether a value is made of that by which somebody else can find the thing."""
        if isinstance(value, Path):
            handles = self.owned.resource.handles
            own = parent_of(value.text) in self.aliases and last_step(value.text) in handles
            return own or value.text in self._handles
        if isinstance(value, Result):
            given = given_to(self.body.calls[value.call])
            return self._is_kept_result(value) and any(self._tells(row) for row in given)
        return any(self._tells(part) for part in parts_of(value))

    def uses(self) -> list[int]:
        """Return the calls of methods of the thing itself."""
        return [
            index
            for index, call in enumerate(self.body.calls)
            if parent_of(call.callee) in self.aliases
        ]

    def _is_method(self, call: Call) -> bool:
        """Say whether a call is of a method of the thing or its offspring."""
        root = root_of(call.callee)
        return (root in self.aliases or root in self.offspring) and root != call.callee

    def _passes(self, call: Call) -> bool:
        """Say whether a call is given the thing or its offspring."""
        return any(self.keeps(value) for value in given_to(call))

    def captured(self, function: int) -> bool:
        """Say whether a function defined in this one uses the thing."""
        names = self.aliases | self.offspring
        todo = [function]
        while todo:
            index = todo.pop()
            inner = self._functions[index]
            todo += [other for other, row in enumerate(self._functions) if row.parent == index]
            if any(root_of(read.path) in names for read in inner.reads):
                return True
            if any(root_of(call.callee) in names for call in inner.calls):
                return True
        return False

    def asks_about(self, test: Value) -> bool:
        """Say whether a condition asks about the thing: about a part of it, or a method's answer."""
        if isinstance(test, Path):
            root = root_of(test.text)
            return root in self.aliases or root in self.offspring
        if isinstance(test, Result):
            call = self.body.calls[test.call]
            return self._is_method(call) or self._passes(call)
        parts = test.operands if isinstance(test, Compare) else parts_of(test)
        return any(self.asks_about(part) for part in parts)

    def truth(self, test: Value, given: Mapping[Value, bool]) -> bool | None:
        """Return what a condition comes to while the thing is held, or None; ``given`` ones are known."""
        return truth(test, given, self._is_there)

    def _is_there(self, value: Value) -> bool:
        """Say whether a value is neither None nor false while the thing is held."""
        return self.is_itself(value) or (isinstance(value, Path) and value.text in self._attesting)

    @functools.cached_property
    def _attesting(self) -> frozenset[str]:
        return attesting(self.body, self.owned.call)
