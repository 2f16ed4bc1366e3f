"""Follows credentials through a function, and across the functions that it calls.

A value's *origins* are the credentials it shows, each with the steps on which it got there. A
credential is known by the words of its identifier, by what a library's model says of a call, or by
the key under which it is read. Its name is believed unless everything assigned to it is known to be
harmless: a literal, a masked copy, an answer.

Values of parameters whose names say nothing are origins too, so that the summaries of a function
tell which parameters it returns or logs. Callees are followed to a fixed depth, which keeps the
answer independent of the order in which recursive functions are visited.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    FunctionKind,
    Items,
    Mode,
    Opaque,
    Path,
    Result,
    Table,
    Value,
    Write,
)
from review_checks.summaries.arguments import arguments_for
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, settings, unit_facts
from review_checks.summaries.names import bound_names, callees, function_of
from review_checks.summaries.outline import portable
from review_checks.summaries.paths import last_step, parent_of, steps_of
from review_checks.summaries.reaching import Writes
from review_checks.summaries.secrecy import innocence, sources
from review_checks.summaries.secrecy.credentials import identifier, vocabulary
from review_checks.summaries.secrecy.origins import Origin, Step, select, without_removed
from review_checks.summaries.secrecy.showing import shown_arguments, shown_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


MAX_DEPTH = 3
"""How many calls deep credentials are followed."""

_MOST = 8
_DEEPEST = 30
_SHOWN = 3
_GROWING = tuple(innocence.GROWING)
_MODULE = FunctionKind.MODULE


class Reader:
    """Looks for origins in the values of one function."""

    def __init__(self, db: Database, function: FunctionId, depth: int = MAX_DEPTH) -> None:
        """Prepare to follow calls ``depth`` deep."""
        self.db = db
        self.function = function
        self.depth = depth
        self.body = unit_facts(db, function[0]).functions[function[1]]
        self.words = vocabulary(db)
        self.targets = callees(db, function[0])[function[1]]
        self.writes = Writes(self.body)
        self.bound = bound_names(db, function[0])[function[1]]
        self._known: dict[tuple[str, int], tuple[Origin, ...]] = {}
        self._nesting = 0

    @functools.cached_property
    def growing(self) -> dict[str, list[int]]:
        """The calls that add to a container, by its path."""
        found: dict[str, list[int]] = {}
        for index, call in enumerate(self.body.calls):
            if call.callee.endswith(_GROWING) and last_step(call.callee) in innocence.GROWING:
                found.setdefault(parent_of(call.callee), []).append(index)
        return found

    @functools.cached_property
    def comparing(self) -> list[Call]:
        """The calls that compare in constant time."""
        wanted = self.words.comparisons
        return [call for call in self.body.calls if last_step(call.callee) in wanted]

    @contextlib.contextmanager
    def deeper(self) -> Iterator[bool]:
        """Follow one more assignment; gives false when that led too far."""
        self._nesting += 1
        try:
            yield self._nesting < _DEEPEST
        finally:
            self._nesting -= 1

    def binds(self, name: str) -> bool:
        """Say whether a name is a variable of the function, or of these module statements."""
        return name in self.bound or (self.body.kind is _MODULE and bool(self.writes.all_of(name)))

    def origins(
        self, value: Value, statement: int, at: int, keys: frozenset[str] | None = None
    ) -> Iterator[Origin]:
        """Yield the origins of a value at a use.

        Args:
            value: a value of the function.
            statement: the statement of the use.
            at: the order of the use.
            keys: when the value is a mapping of which only some keys are shown, those keys.
        """
        if isinstance(value, Path):
            shown = [value]
            if keys is not None:
                shown = [Path(f"{value.text}[{key!r}]") for key in sorted(keys)]
            for path in shown:
                yield from self._path(path, statement, at)
        elif isinstance(value, Result):
            yield from self._result(value)
        elif isinstance(value, Table):
            for origin in self._table(value, statement, at, keys):
                yield msgspec.structs.replace(origin, mapped=keys is None)
        elif isinstance(value, Opaque) and len(value.parts) == 1:
            # `*arguments`: the name of the sequence is no hint, its elements are.
            part = value.parts[0]
            if isinstance(part, Items):
                yield from self.origins(part, statement, at)
            elif isinstance(part, Path) and self.binds(part.text):
                yield from self._carried(part, (part.text,), statement, at)
        else:
            for part, named in shown_parts(value, self.body.calls):
                yield from self.origins(part, statement, at, named)

    # Paths

    def _path(self, value: Path, statement: int, at: int) -> tuple[Origin, ...]:
        key = (value.text, at)
        found = self._known.get(key)
        if found is None:
            self._known[key] = found = ()
            self._nesting += 1
            if self._nesting < _DEEPEST:
                found = tuple(self._fresh_path(value, statement, at))[:_MOST]
            self._nesting -= 1
            self._known[key] = found
        return found

    def _fresh_path(self, value: Path, statement: int, at: int) -> Iterator[Origin]:
        noun = self.words.noun_told(value.text)
        if noun is None:
            return
        steps = steps_of(value.text)
        if noun:
            if not innocence.is_innocent(self, value, statement, at):
                trace = tuple(self._set_at(value.text, statement, at))
                yield Origin(value.text, noun, -1, value, whole=True, steps=trace)
        elif not self.binds(steps[0]):
            yield from sources.secret_setting(self, value)
            yield from sources.module_variable(self, value)
        elif sources.is_expected_digest(self, value, statement, at):
            trace = tuple(self._set_at(value.text, statement, at))
            yield Origin(value.text, "digest", -1, value, whole=True, steps=trace)
        else:
            yield from self._carried(value, steps, statement, at)

    def _set_at(self, path: str, statement: int, at: int) -> Iterator[Step]:
        """Yield where a credential was last assigned, or that it is a parameter."""
        writes, certain = self.writes.reaching(path, statement, at)
        for index in writes[-_SHOWN:]:
            if self.body.writes[index].statement != statement:
                yield Step(self.function, ("w", index), f"`{path}` is set here")
        if not certain and any(row.name == path for row in self.body.parameters):
            yield Step(self.function, ("n", 0), f"`{path}` is a parameter of `{self.body.name}`")

    def _carried(
        self, value: Path, steps: tuple[str, ...], statement: int, at: int
    ) -> Iterator[Origin]:
        """Yield what a path whose name says nothing carries, by what was assigned to it."""
        writes, certain = self.writes.reaching(value.text, statement, at)
        for index in writes:
            write = self.body.writes[index]
            yield from self._through(value, index, self._written(write, (), at))
        since = self.body.writes[writes[0]].at if certain else -1
        yield from self._grown(value, since, at)
        if certain:
            return
        if len(steps) == 1:
            for position, parameter in enumerate(self.body.parameters):
                if parameter.name == steps[0] and parameter.kind != "**":
                    yield Origin(steps[0], "", position, value, whole=True)
            return
        for index in self.writes.reaching(steps[0], statement, at)[0]:
            write = self.body.writes[index]
            if write.mode is not Mode.AUGMENT:
                yield from self._through(value, index, self._written(write, steps[1:], at))

    def _written(self, write: Write, steps: tuple[str, ...], used: int) -> Iterator[Origin]:
        """Yield the origins of what a write stores, or of what lies some steps below it.

        ``used`` is the order of the use.
        """
        if write.mode is Mode.DELETE:
            return
        stored = select(write.value, steps)
        if isinstance(stored, Table):
            # A mapping that is shown whole is the business of another rule, but what is seen to be
            # put into it is known.
            stored = without_removed(self.body, write, stored, used)
        if stored is not None:
            yield from self.origins(stored, write.statement, write.at)

    def _through(self, carrier: Path, index: int, found: Iterable[Origin]) -> Iterator[Origin]:
        """Yield origins of a written value as those of the path that carries it."""
        write = self.body.writes[index]
        stored = portable(write.value, self.body.calls)
        named = identifier(steps_of(carrier.text))[0]
        for origin in found:
            whole = origin.whole and write.mode is Mode.ASSIGN and origin.leaf == stored
            if whole and origin.noun and self.words.describes(named):
                # `session_id = secrets.token_hex()`
                continue
            text = f"`{carrier.text}` is made from `{origin.symbol}`"
            step = Step(self.function, ("w", index), text)
            yield msgspec.structs.replace(
                origin,
                leaf=carrier,
                whole=whole,
                steps=(*origin.steps, step),
            )

    def _grown(self, value: Path, since: int, at: int) -> Iterator[Origin]:
        """Yield the origins of what was added to a container between two points of the function."""
        for index in self.growing.get(value.text, ()):
            call = self.body.calls[index]
            for arg in call.args if since < call.at < at else ():
                for origin in self.origins(arg, call.statement, call.at):
                    step = Step(self.function, ("c", index), f"`{origin.symbol}` is added here")
                    yield msgspec.structs.replace(
                        origin, leaf=value, whole=False, steps=(*origin.steps, step)
                    )

    def called(self, index: int) -> FunctionId | None:
        """Return the project function, another than this, that a call calls."""
        target = self.targets[index]
        inner = function_of(self.db, target) if target is not None else None
        return inner if inner != self.function else None

    def outer(self, function: FunctionId) -> Reader:
        """Return a reader of a function around this one."""
        return Reader(self.db, function, self.depth)

    def gives_nothing(self, function: FunctionId) -> bool:
        """Say whether everything that a called function returns is innocent."""
        return self.depth > 0 and gives_nothing(self.db, function, self.depth - 1)

    def _table(
        self, value: Table, statement: int, at: int, keys: frozenset[str] | None
    ) -> Iterator[Origin]:
        for key, part in zip(value.keys, value.values, strict=True):
            name = key.value if isinstance(key, Const) and isinstance(key.value, str) else ""
            if keys is None or name in keys:
                yield from self.entry(name, part, statement, at)

    def entry(self, name: str, part: Value, statement: int, at: int) -> Iterator[Origin]:
        """Yield the origins of what is shown under a key or keyword."""
        found = list(self.origins(part, statement, at))
        yield from found
        noun = self.words.noun(name)
        if any(origin.noun for origin in found) or not noun:
            return
        if isinstance(part, Path | Result) and not innocence.is_innocent(self, part, statement, at):
            leaf = portable(part, self.body.calls)
            yield Origin(name, noun, -1, leaf, whole=True)

    # Calls

    def _result(self, value: Result) -> Iterator[Origin]:
        call = self.body.calls[value.call]
        leaf = portable(value, self.body.calls)
        for origin in self._call(value, call):
            yield origin if origin.leaf is not None else msgspec.structs.replace(origin, leaf=leaf)

    def _call(self, value: Result, call: Call) -> Iterator[Origin]:
        if self.hides(value.call):
            return
        steps = steps_of(value.rest)
        name, element = identifier(steps)
        if steps and not element:
            noun = self.words.noun(name)
            if noun:
                yield Origin(f"{call.callee}(){value.rest}", noun, -1, None, whole=True)
            if noun or self.words.clears(name):
                return
        if not steps:
            noun, symbol = sources.named_result(self, value.call)
            if noun and not innocence.is_innocent(self, value, call.statement, call.at):
                yield Origin(symbol, noun, -1, None, whole=True)
            if symbol:
                return
            yield from self._passed(call)
        yield from self._returned(value, call)

    def hides(self, index: int) -> bool:
        """Say whether the result of a call shows no secret of its arguments."""
        call, target = self.body.calls[index], self.targets[index]
        if target is not None and (
            target in settings(self.db).redactors or models(self.db).knowledge(target).redacts
        ):
            return True
        return self.words.redacts(last_step(call.callee))

    def _passed(self, call: Call) -> Iterator[Origin]:
        """Yield the origins of the arguments and receiver that a text function shows."""
        at, statement = call.at, call.statement
        for keyword, part, is_call in shown_arguments(call, self.words):
            if call.callee == "dict":
                for origin in self.entry(keyword, part, statement, at):
                    yield msgspec.structs.replace(origin, mapped=True)
            elif is_call:
                for origin in self.origins(part, statement, at):
                    yield msgspec.structs.replace(origin, leaf=None)
            else:
                yield from self.origins(part, statement, at)

    def _returned(self, value: Result, call: Call) -> Iterator[Origin]:
        """Yield the origins of what a project function returns."""
        inner = self.called(value.call) if self.depth > 0 else None
        if inner is None:
            return
        event = ("c", value.call)
        for origin in returned_origins(self.db, inner, value.rest, self.depth - 1):
            if origin.noun:
                step = Step(self.function, event, f"`{call.callee}` returns `{origin.symbol}`")
                yield msgspec.structs.replace(origin, leaf=None, steps=(*origin.steps, step))
                continue
            for _, arg in arguments_for(self.db, self.function, call, inner, origin.parameter):
                for given in self.origins(arg, call.statement, call.at):
                    yield msgspec.structs.replace(given, leaf=None, whole=False)


@query
def returned_origins(
    db: Database, function: FunctionId, rest: str, depth: int
) -> tuple[Origin, ...]:
    """Return the origins of what a function returns, or of what lies below that at ``rest``."""
    reader = Reader(db, function, depth)
    found: list[Origin] = []
    for result in reader.body.results:
        value = select(result.value, steps_of(rest))
        if result.yields or value is None or isinstance(value, Table):
            continue
        given = portable(value, reader.body.calls)
        found += [
            msgspec.structs.replace(origin, whole=origin.whole and origin.leaf == given)
            for origin in reader.origins(value, result.statement, result.at)
        ]
    return tuple(dict.fromkeys(found))[:_MOST]


@query
def gives_nothing(db: Database, function: FunctionId, depth: int) -> bool:
    """Say whether everything that a function returns is known to be no credential."""
    reader = Reader(db, function, depth)
    results = [result for result in reader.body.results if not result.yields]
    return bool(results) and all(
        innocence.is_innocent(reader, result.value, result.statement, result.at)
        for result in results
    )
