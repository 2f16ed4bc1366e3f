"""Says where credentials come to light: at the log calls of a function, and in those it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Compare, Const, Logic, Path, RegionKind, Result
from review_checks.summaries.arguments import arguments_for
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.names import callees
from review_checks.summaries.paths import last_step
from review_checks.summaries.secrecy.origins import Origin, Step
from review_checks.summaries.secrecy.secrets import MAX_DEPTH, Reader
from review_checks.summaries.secrecy.sinks import shown, shows_number, sinks, text_of
from review_checks.summaries.secrecy.suspicion import Trail, mentions_credential
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.facts.schema import Call, Value, Write
    from review_checks.models.schema import Log

# Credentials that are made of digits.
_DIGITS = frozenset({"otp", "passcode", "totp"})


class Exposure(msgspec.Struct, frozen=True, array_like=True):
    """A credential that an argument of a call shows.

    Attributes:
        call: the index of the call.
        argument: the number of the argument, those of keywords after the positional ones.
        origin: the credential, and how it got into the argument.
        onward: the steps on which a called function logs the argument; none when the call itself
            is the log call.
    """

    call: int
    argument: int
    origin: Origin
    onward: tuple[Step, ...] = ()


class ShownParameter(msgspec.Struct, frozen=True, array_like=True):
    """A parameter that a function logs, and the steps on which it does."""

    parameter: int
    steps: tuple[Step, ...]


@query
def exposures(db: Database, function: FunctionId) -> tuple[Exposure, ...]:
    """Return the credentials that a function logs, or hands to functions that log them."""
    body = unit_facts(db, function[0]).functions[function[1]]
    if not body.calls:
        return ()
    logged, targets = sinks(db, function), callees(db, function[0])[function[1]]
    able = [
        index
        for index, call in enumerate(body.calls)
        if targets[index] is not None and index not in logged and (call.args or call.keywords)
    ]
    if able and not mentions_credential(db, body, targets):
        able = []
    if not (logged or able):
        return ()
    reader = Reader(db, function)
    called = [(index, reader.called(index)) for index in able]
    handing = {index: inner for index, inner in called if inner is not None}
    if not _may_expose(reader, logged, handing):
        return ()
    found: list[Exposure] = []
    for index, call in enumerate(body.calls):
        if index in logged:
            found += [
                Exposure(index, number, origin)
                for number, origin in _shown_at(reader, call, logged[index])
                if origin.noun
            ]
        elif index in handing:
            found += _handed_over(reader, index, call, handing[index])
    return tuple(found)


def _may_expose(reader: Reader, logged: dict[int, Log], handing: dict[int, FunctionId]) -> bool:
    """Say whether a closer look at what a function logs and hands over is worth it."""
    trail, calls = Trail(reader), reader.body.calls
    for index, log in logged.items():
        call = calls[index]
        for item in shown(calls, call, log):
            trail.add(item.keyword, item.value, call.at, item.keys)
    for index in handing:
        call = calls[index]
        for value in (*call.args, *[value for _, value in call.keywords]):
            trail.add("", value, call.at)
    return trail.may_show()


def _shown_at(reader: Reader, call: Call, log: Log) -> Iterator[tuple[int, Origin]]:
    """Yield the origins that a sink shows, with the numbers of their arguments.

    What is shown as ``%d`` is a number, and few credentials are.
    """
    first = call.args[log.first] if len(call.args) > log.first else Const(None)
    template = text_of(first, reader.body.calls)
    for item in shown(reader.body.calls, call, log):
        number = template is not None and shows_number(template, item.index - log.first - 1)
        if item.keyword:
            found = reader.entry(item.keyword, item.value, call.statement, call.at)
        else:
            found = reader.origins(item.value, call.statement, call.at, item.keys)
        for origin in found:
            if number and origin.noun not in _DIGITS:
                continue
            if log.level == "debug" or not _is_told_on_purpose(reader, call, origin):
                yield item.index, origin


def _is_told_on_purpose(reader: Reader, call: Call, origin: Origin) -> bool:
    """Say whether a log call tells a credential that was made up there because none was set.

    Nobody could know it otherwise.
    """
    leaf, body = origin.leaf, reader.body
    if not origin.whole or not isinstance(leaf, Path):
        return False
    row = body.statements[call.statement]
    writes, certain = reader.writes.reaching(leaf.text, call.statement, call.at)
    block = body.regions[row.region]
    return (
        certain
        and block.kind is RegionKind.THEN
        and all(_is_made_up(reader, body.writes[index], row.region) for index in writes)
        and any(
            test.statement == block.owner and _asks_whether_unset(test.value, leaf)
            for test in body.tests
        )
    )


def _is_made_up(reader: Reader, write: Write, region: int) -> bool:
    """Say whether an assignment of a block stores a credential that is invented."""
    body, value = reader.body, write.value
    if not isinstance(value, Result) or body.statements[write.statement].region != region:
        return False
    first = words_of(last_step(body.calls[value.call].callee))[:1]
    return not value.rest and first in [
        (word,) for word in models(reader.db).lexicon.secret_inventors
    ]


def _asks_whether_unset(condition: Value, path: Path) -> bool:
    if isinstance(condition, Compare):
        return condition.ops[0] in ("is", "==") and condition.operands[0] == path
    return isinstance(condition, Logic) and condition == Logic("not", (path,))


def _handed_over(reader: Reader, index: int, call: Call, inner: FunctionId) -> Iterator[Exposure]:
    """Yield the credentials that a call hands to a function that logs them."""
    given = [
        (number, origin)
        for number, value in enumerate([*call.args, *[value for _, value in call.keywords]])
        for origin in reader.origins(value, call.statement, call.at)
        if origin.noun and not origin.mapped
    ]
    if not given or _controls_logging(reader, call, inner):
        return
    for row in shown_parameters(reader.db, inner, MAX_DEPTH - 1):
        numbers = {
            number
            for number, _ in arguments_for(reader.db, reader.function, call, inner, row.parameter)
        }
        for number, origin in given:
            if number in numbers:
                yield Exposure(index, number, origin, row.steps)


def _controls_logging(reader: Reader, call: Call, inner: FunctionId) -> bool:
    """Say whether a call also gives something that bears on what is logged.

    ``run(command, logged=masked)`` and ``post(url, data, log_filter=True)`` have thought of it.
    """
    controls = reader.words.log_controls
    if any(controls & set(words_of(name)) for name, _ in call.keywords):
        return True
    parameters = unit_facts(reader.db, inner[0]).functions[inner[1]].parameters
    return any(
        controls & set(words_of(parameter.name))
        and any(arguments_for(reader.db, reader.function, call, inner, position))
        for position, parameter in enumerate(parameters)
    )


@query
def shown_parameters(db: Database, function: FunctionId, depth: int) -> tuple[ShownParameter, ...]:
    """Return the parameters that a function logs, itself or in functions that it calls."""
    reader = Reader(db, function, depth)
    logged = sinks(db, function)
    found: dict[int, tuple[Step, ...]] = {}
    for index, call in enumerate(reader.body.calls):
        if index in logged:
            step = Step(function, ("c", index), f"`{call.callee}` logs it here")
            for _, origin in _shown_at(reader, call, logged[index]):
                if origin.parameter >= 0:
                    found.setdefault(origin.parameter, (*origin.steps, step))
            continue
        inner = reader.called(index) if depth > 0 else None
        if inner is not None:
            for parameter, steps in _passed_on(reader, index, call, inner):
                found.setdefault(parameter, steps)
    called = {call.callee for call in reader.body.calls}
    names = [parameter.name for parameter in reader.body.parameters]
    return tuple(
        [
            ShownParameter(parameter, steps)
            for parameter, steps in found.items()
            # What is called is a function.
            if names[parameter] not in called
        ]
    )


def _passed_on(
    reader: Reader, index: int, call: Call, inner: FunctionId
) -> Iterator[tuple[int, tuple[Step, ...]]]:
    """Yield the parameters that a call hands to a function that logs them."""
    given = {
        number: origin
        for number, value in enumerate([*call.args, *[value for _, value in call.keywords]])
        for origin in reader.origins(value, call.statement, call.at)
        if origin.parameter >= 0
    }
    if not given:
        return
    for row in shown_parameters(reader.db, inner, reader.depth - 1):
        for number, _ in arguments_for(reader.db, reader.function, call, inner, row.parameter):
            if number in given:
                step = Step(reader.function, ("c", index), f"it is handed to `{call.callee}`")
                yield given[number].parameter, (*given[number].steps, step, *row.steps)
