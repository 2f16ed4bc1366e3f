"""Says which argument of a call meets which parameter of the function that it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, Opaque, Parameter, Path, Value
from review_checks.summaries.index import outline, owner_of
from review_checks.summaries.paths import root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.incremental import Database
    from review_checks.summaries.inputs import FunctionId


def arguments_of(
    db: Database, caller: FunctionId, call: Call, called: FunctionId
) -> dict[str, Value]:
    """Return what a call gives to each named parameter of a project function."""
    found: dict[str, Value] = {}
    parameters = outline(db, called[0]).functions[called[1]].parameters
    bound = _is_bound(db, caller, call, called)
    for position, parameter in enumerate(parameters):
        if not parameter.kind:
            for _, value in argument_for(call, parameters, position, bound=bound):
                found[parameter.name] = value
    return found


def argument_for(
    call: Call, parameters: tuple[Parameter, ...], position: int, *, bound: bool
) -> Iterator[tuple[int, Value]]:
    """Yield the arguments that a parameter receives, each with its number in the call.

    Keywords are numbered after the positional arguments. Nothing is yielded for what a ``*`` or
    ``**`` argument may bring.

    Args:
        call: the call.
        parameters: those of the function.
        position: which of them.
        bound: whether the first parameter is the object on which the method is called.
    """
    wanted = parameters[position]
    offset = position - (1 if bound else 0)
    given = len(call.args)
    starred = next((at for at, arg in enumerate(call.args) if isinstance(arg, Opaque)), given)
    if wanted.kind == "*":
        yield from enumerate(call.args[offset:], offset)
        return
    if wanted.kind == "**":
        known = {parameter.name for parameter in parameters}
        for number, (name, value) in enumerate(call.keywords, given):
            if name and name not in known:
                yield number, value
        return
    # Parameters behind a `*` one are given by keyword only.
    by_keyword = any(parameter.kind == "*" for parameter in parameters[:position])
    if 0 <= offset < starred and not by_keyword:
        yield offset, call.args[offset]
        return
    for number, (name, value) in enumerate(call.keywords, given):
        if name == wanted.name:
            yield number, value


def arguments_for(
    db: Database, caller: FunctionId, call: Call, called: FunctionId, position: int
) -> Iterator[tuple[int, Value]]:
    """Yield the arguments of a call that a parameter of the called function receives."""
    parameters = outline(db, called[0]).functions[called[1]].parameters
    bound = _is_bound(db, caller, call, called)
    yield from argument_for(call, parameters, position, bound=bound)


def _is_bound(db: Database, caller: FunctionId, call: Call, called: FunctionId) -> bool:
    """Say whether a function's first parameter is the object on which a call calls it."""
    declared = outline(db, called[0]).functions[called[1]]
    if declared.owner < 0 and (declared.parent >= 0 or not owner_of(db, called)):
        return False
    if any(path == "staticmethod" for path, _ in declared.decorators):
        return False
    return not _gives_object(db, caller, call)


def _gives_object(db: Database, caller: FunctionId, call: Call) -> bool:
    """Say whether a call hands the method its object: ``Base.method(self, …)``."""
    parameters = outline(db, caller[0]).functions[caller[1]].parameters
    if not call.args or not parameters:
        return False
    me = parameters[0].name
    return call.args[0] == Path(me) and root_of(call.callee) not in (me, "super")
