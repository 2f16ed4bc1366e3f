"""Says for what the holders of a lock wait, section by section."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Compare, Function, Logic, Mode, Path, Value
from review_checks.summaries.blocking import Wait, waits_at
from review_checks.summaries.calling import Event, calls_of, place_in
from review_checks.summaries.conditions import tests_before
from review_checks.summaries.failing.hazards import hazards
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.locking.acquisitions import Acquisition, acquisitions
from review_checks.summaries.locking.critical_sections import FOREVER
from review_checks.summaries.locking.locks import held
from review_checks.summaries.locking.nesting import is_kept
from review_checks.summaries.names import home
from review_checks.summaries.parts import Part, parts
from review_checks.summaries.paths import last_step
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = ("thread", "greenlet")
_QUICK_CALLS = 2
"""How many calls deep it is looked whether a section takes no time."""


class Section(msgspec.Struct, frozen=True, array_like=True):
    """One place where a function takes a lock, and what its holder waits for there.

    Attributes:
        acquisition: the place and the lock.
        kind: what it waits for; '' when for nothing that is known.
        quick: it calls nothing but what is known to take no time.
        name: the canonical name of the call that waits.
        event: the call of this function that leads there.
        calls: how many calls it is to that one, it included.
    """

    acquisition: Acquisition
    kind: str
    name: str = ""
    event: Event = ("c", -1)
    calls: int = 0
    quick: bool = False


def sections(db: Database, function: FunctionId) -> tuple[Section, ...]:
    """Return the critical sections of a function under locks of threads that are no family of locks."""
    return _sections(db, function) if held(db, function) else ()


@query
def _sections(db: Database, function: FunctionId) -> tuple[Section, ...]:
    rows = [row for row in acquisitions(db, function) if _excludes(row)]
    if not rows:
        return ()
    body = unit_facts(db, function[0]).functions[function[1]]
    first, last = min(row.held.start for row in rows), max(row.held.end for row in rows)
    waits = list(waits_at(db, function, first, last))
    return tuple([_section(db, function, body, row, waits) for row in rows])


def _excludes(row: Acquisition) -> bool:
    guard = row.held.guard
    return guard.kind in _KINDS and not guard.reads and not guard.keyed


def _section(
    db: Database,
    function: FunctionId,
    body: Function,
    row: Acquisition,
    waits: list[tuple[Event, Wait, int]],
) -> Section:
    nearest = Section(row, "")
    for event, wait, calls in waits:
        call = place_in(body, event)
        if not row.held.start <= call.at < row.held.end:
            continue
        if not is_kept(db, function, row, event) or _fills(body, call.statement):
            continue
        if not nearest.kind or calls < nearest.calls:
            nearest = Section(row, wait.kind, wait.name, event, calls)
    if not nearest.kind:
        orders = range(max(row.held.start, 0), row.held.end)
        nearest = Section(row, "", quick=_is_quick(db, function, orders, _QUICK_CALLS))
    return nearest


def _is_quick(db: Database, function: FunctionId, orders: range, depth: int) -> bool:
    """Say whether all calls among some events are trivial, or of project functions that are quick."""
    body = unit_facts(db, function[0]).functions[function[1]]
    giving_back = set(models(db).lexicon.release) - {"release"}
    hazardous = hazards(db, function)
    risky = [
        index
        for index, call in enumerate(body.calls)
        if call.at in orders and (index in hazardous or last_step(call.callee) in giving_back)
    ]
    if not risky:
        return True
    if not depth:
        return False
    known = {event[1]: link.target for event, link in calls_of(db, function) if event[0] == "c"}
    asking = [(word,) for word in models(db).lexicon.predicates]
    return all(
        _runs_quickly(db, known[index], depth - 1)
        if index in known
        else words_of(last_step(body.calls[index].callee))[:1] in asking
        for index in risky
    )


@query
def _runs_quickly(db: Database, function: FunctionId, depth: int) -> bool:
    return _is_quick(db, function, range(FOREVER), depth)


def _fills(body: Function, statement: int) -> bool:
    """Say whether a statement is reached only where something is not there yet, and then is made."""
    written = {row.path for row in body.writes if row.mode is Mode.ASSIGN}
    return any(
        path in written
        for test, came_to in tests_before(body, statement)
        for path in _missing(test, came_to=came_to)
    )


def _missing(test: Value, *, came_to: bool) -> Iterator[str]:
    """Yield the paths whose value is none, false or empty when a test came to a truth."""
    if isinstance(test, Path) and not came_to:
        yield test.text
    elif isinstance(test, Logic):
        for part in test.parts:
            yield from _missing(part, came_to=came_to is not (test.op == "not"))
    elif isinstance(test, Compare) and (test.ops[0] in ("is", "==", "not in")) is came_to:
        yield from [row.text for row in test.operands[:1] if isinstance(row, Path)]


@query
def file_sections(db: Database, path: str) -> tuple[tuple[str, FunctionId, bool], ...]:
    """Return the critical sections of a file: lock, function, and whether it is quick."""
    return tuple([row for part in parts(db, path) for row in _part_sections(db, part)])


@query
def _part_sections(db: Database, units: Part) -> tuple[tuple[str, FunctionId, bool], ...]:
    return tuple([row for unit in units for row in _unit_sections(db, unit)])


@query
def _unit_sections(db: Database, unit: int) -> tuple[tuple[str, FunctionId, bool], ...]:
    rows = [
        (section.acquisition.token.identity, (unit, index), section.quick)
        for index in range(len(outline(db, unit).functions))
        for section in sections(db, (unit, index))
    ]
    return tuple(dict.fromkeys(rows))


def sections_of(db: Database, function: FunctionId, identity: str) -> list[tuple[FunctionId, bool]]:
    """Return the sections of a lock in a function's file and in the one that declares the lock.

    With each function comes whether it holds the lock but shortly.
    """
    paths = [unit_path(db, function[0])]
    place = home(db, identity) if ":" not in identity else None
    if place is not None and place.path not in paths:
        paths.append(place.path)
    rows = [row for path in paths for row in file_sections(db, path)]
    return [(taker, quick) for lock, taker, quick in rows if lock == identity]
