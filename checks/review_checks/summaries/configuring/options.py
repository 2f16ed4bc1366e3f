"""Finds the options that a module declares.

An option is declared by a call that a model knows (``cfg.IntOpt("workers", min=1)``,
``parser.add_argument("--workers", type=int)``), often in a list that another function of the same
module registers under a group.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Binary,
    Call,
    Const,
    Format,
    Function,
    FunctionKind,
    Items,
    Mode,
    Opaque,
    Path,
    Result,
    Table,
    Value,
)
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import assigned, variable_names
from review_checks.summaries.inputs import FunctionId, layout, models, unit_facts
from review_checks.summaries.names import canonical_in
from review_checks.summaries.parts import Part, parts
from review_checks.summaries.paths import last_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.models.loader import Models
    from review_checks.models.schema import Setting

_MAX_NESTING = 8
_NUMBERS = ("int", "float")
_SPECIAL = re.compile(
    r"(?<![\w.])-?\s?[01](?![\w.]|\s*[-,]\s*\d)|\bzero\b|\bnegative\b|\bunlimited\b|\binfinite\b"
    r"|\bindefinite|\bdisable|\bno limit\b|\bunbounded\b|\bforever\b",
    re.IGNORECASE,
)


class Option(msgspec.Struct, frozen=True, array_like=True):
    """A declared option.

    Attributes:
        name: what it is read by, such as ``reserved_host_cpus``.
        groups: the groups it is registered in, '' for none; empty when the module does not say.
        maker: the canonical name of what declares it.
        type: ``int``, ``float``, ``str``, …; '' when something else decides what is allowed.
        default: its default as source text, or ''.
        minimum: its lower bound as source text, or ''.
        maximum: its upper bound as source text, or ''.
        choices: whether its values are listed.
        special: whether its help speaks of zero, of negative values, or of there being no limit.
        function: the function in which it is declared, or which the declaration decorates.
        event: the call (``c``) or decorator (``d``) that declares it, and its index.
    """

    name: str
    groups: tuple[str, ...]
    maker: str
    type: str
    default: str
    minimum: str
    maximum: str
    choices: bool
    special: bool
    function: FunctionId
    event: tuple[str, int]

    @property
    def numeric(self) -> bool:
        """Say whether its values are numbers, and not only a few of them."""
        return self.type in _NUMBERS and not self.choices

    def bounds(self) -> str:
        """Return how its values are bounded, in words."""
        highest = f"`max={self.maximum}`" if self.maximum else ""
        if self.minimum:
            return f"with `min={self.minimum}`" + (f" and {highest}" if highest else "")
        return f"with {highest} but no lower bound" if highest else "without a lower bound"


@functools.lru_cache(maxsize=8)
def names_of_role(known: Models, role: str) -> frozenset[str]:
    """Return the last names of what plays a role for settings: calls of other names need no look."""
    roles = {name: known.knowledge(known.canonical(name)).setting for name in known.names}
    return frozenset(
        name.rpartition(".")[2]
        for name, setting in roles.items()
        if setting is not None and setting.role == role
    )


def setting_of(db: Database, canonical: str | None) -> Setting | None:
    """Return what a canonical name has to do with settings."""
    return models(db).knowledge(canonical).setting if canonical else None


@query
def shared_options(db: Database, path: str) -> dict[str, tuple[Option, ...]]:
    """Return the options that a module keeps in its variables, for others to read, by name.

    The functions of a module without such variables need not be looked at.
    """
    kept = {
        row[0][0]: None for name in variable_names(db, path) for row in assigned(db, path, "", name)
    }
    return declared_options(db, path) if any(_makers_in(db, unit) for unit in kept) else {}


@query
def declared_options(db: Database, path: str) -> dict[str, tuple[Option, ...]]:
    """Return the options that a module declares anywhere, by name."""
    makers = {key: maker for part in parts(db, path) for key, maker in _makers_in_part(db, part)}
    if not makers:
        return {}
    functions = _functions(db, layout(db, path) or ())
    groups = _Registrations(db, functions, makers).groups()
    found: dict[str, list[Option]] = {}
    for function, body in functions:
        for index, call in enumerate(body.calls):
            maker = makers.get((function, index))
            if maker is not None:
                registered = groups.get((function, index), ())
                option = _option(db, function, call, maker, ("c", index), registered)
                if option is not None:
                    found.setdefault(option.name, []).append(option)
    return {name: tuple(options) for name, options in found.items()}


def _functions(db: Database, units: tuple[int, ...]) -> list[tuple[FunctionId, Function]]:
    return [
        ((unit, index), body)
        for unit in units
        for index, body in enumerate(unit_facts(db, unit).functions)
    ]


def decorating_options(db: Database, function: FunctionId) -> Iterator[Option]:
    """Yield the options that decorators of a function hand over as its parameters."""
    wanted = names_of_role(models(db), "declare")
    body = unit_facts(db, function[0]).functions[function[1]]
    for index, decorator in enumerate(body.decorators):
        if decorator.call is None or last_step(decorator.path) not in wanted:
            continue
        canonical = canonical_in(db, function, decorator.path)
        known = setting_of(db, canonical)
        if canonical is not None and known is not None and known.role == "declare":
            event = ("d", index)
            option = _option(db, function, decorator.call, (canonical, known), event, ())
            if option is not None:
                yield option


CallKey = tuple["FunctionId", int]

Maker = tuple[str, "Setting"]
"""What declares an option: its canonical name, and what is known of it."""


@query
def _makers_in_part(db: Database, units: Part) -> tuple[tuple[CallKey, Maker], ...]:
    """Return the calls that declare options in some units."""
    return tuple(
        [
            (((unit, number), index), maker)
            for unit in units
            for number, index, maker in _makers_in(db, unit)
        ]
    )


@query
def _makers_in(db: Database, unit: int) -> tuple[tuple[int, int, Maker], ...]:
    """Return the calls of a unit that declare options: the function, the call, what is called."""
    wanted = names_of_role(models(db), "declare")
    found = []
    for number, body in enumerate(unit_facts(db, unit).functions):
        for index, call in enumerate(body.calls):
            if last_step(call.callee) not in wanted:
                continue
            canonical = canonical_in(db, (unit, number), call.callee)
            known = setting_of(db, canonical)
            if canonical is not None and known is not None and known.role == "declare":
                found.append((number, index, (canonical, known)))
    return tuple(found)


def argument(call: Call, position: int, keyword: str) -> Value | None:
    """Return an argument of a call, or None when it is not given."""
    for name, value in call.keywords:
        if name == keyword:
            return value
    return call.args[position] if position < len(call.args) else None


def _keyword(call: Call, name: str) -> Value | None:
    return argument(call, len(call.args), name)


def _option(
    db: Database,
    function: FunctionId,
    call: Call,
    maker: tuple[str, Setting],
    event: tuple[str, int],
    groups: tuple[str, ...],
) -> Option | None:
    canonical, known = maker
    name = _option_name(call)
    if not name:
        return None
    calls = unit_facts(db, function[0]).functions[function[1]].calls if event[0] == "c" else ()
    minimum = _text(_keyword(call, "min"))
    if not minimum and known.minimum is not None:
        minimum = f"{known.minimum:g}"
    return Option(
        name,
        groups,
        canonical,
        _type(db, function, call, known),
        _text(_keyword(call, "default")),
        minimum,
        _text(_keyword(call, "max")),
        _keyword(call, "choices") is not None,
        bool(_SPECIAL.search(_words(_keyword(call, "help"), calls))),
        function,
        event,
    )


def _option_name(call: Call) -> str:
    """Return the attribute or parameter by which an option is read.

    That is the name given as such, else the first of the flags that begins with two dashes.
    """
    given = [_keyword(call, "dest"), _keyword(call, "name"), *call.args]
    names = [value.value for value in given if isinstance(value, Const)]
    texts = [name for name in names if isinstance(name, str) and name]
    plain = [text for text in texts if not text.startswith("-")]
    long = [text for text in texts if text.startswith("--")]
    chosen = (plain or long or texts or [""])[0]
    return chosen.partition("/")[0].lstrip("-").replace("-", "_")


def _type(db: Database, function: FunctionId, call: Call, known: Setting) -> str:
    """Return the type of an option's values: declared, given, or that of its default."""
    if known.type:
        return known.type
    if _keyword(call, "nargs") is not None or _keyword(call, "multiple") is not None:
        return "list"
    action = _keyword(call, "action")
    if action is not None and action != Const("store"):
        return ""
    given = _keyword(call, "type")
    if given is not None:
        name = given.value if isinstance(given, Const) else None
        if isinstance(given, Path):
            name = canonical_in(db, function, given.text)
        return name if isinstance(name, str) and name in (*_NUMBERS, "str") else ""
    default = _keyword(call, "default")
    value = default.value if isinstance(default, Const) else None
    return "str" if value is None else type(value).__name__


def _text(value: Value | None) -> str:
    """Return a bound or default as source text; what is not a literal is only hinted at."""
    if value is None or value == Const(None):
        return ""
    if isinstance(value, Const):
        return repr(value.value)
    return value.text if isinstance(value, Path) else "…"


def _words(value: Value | None, calls: tuple[Call, ...]) -> str:
    """Return the literal text in a value, through formatting and translation."""
    found: list[str] = []
    todo = [] if value is None else [value]
    while todo:
        part = todo.pop()
        if isinstance(part, Const):
            found.append(str(part.value))
        todo += reversed(_parts_of(part, calls))
    return " ".join(found)


class _Registrations:
    """Finds the groups under which a module registers the options it declares."""

    def __init__(
        self,
        db: Database,
        functions: list[tuple[FunctionId, Function]],
        makers: dict[CallKey, tuple[str, Setting]],
    ) -> None:
        self._wanted = names_of_role(models(db), "register")
        self._functions = functions
        self._makers = makers
        self._variables: dict[str, list[tuple[FunctionId, Function, Value]]] = {}
        for function, body in functions:
            if body.kind is FunctionKind.MODULE:
                for write in body.writes:
                    if write.mode in (Mode.ASSIGN, Mode.AUGMENT):
                        row = (function, body, write.value)
                        self._variables.setdefault(write.path, []).append(row)

    def groups(self) -> dict[CallKey, tuple[str, ...]]:
        """Return the groups of each declaring call; '' stands for none."""
        found: dict[CallKey, dict[str, None]] = {}
        unknown: set[CallKey] = set()
        for function, body in self._functions:
            for call in body.calls:
                if last_step(call.callee) not in self._wanted or not call.args:
                    continue
                group = self._group(body, argument(call, 1, "group"))
                for member in self._members(function, body, call.args[0]):
                    if group is None:
                        unknown.add(member)
                    else:
                        found.setdefault(member, {})[group] = None
        return {member: tuple(names) for member, names in found.items() if member not in unknown}

    def _members(self, function: FunctionId, body: Function, value: Value) -> Iterator[CallKey]:
        """Yield the declaring calls whose results a value holds."""
        todo = [(function, body, value)]
        followed: set[str] = set()
        while todo:
            function, body, value = todo.pop()
            if isinstance(value, Result) and (function, value.call) in self._makers:
                yield function, value.call
            elif isinstance(value, Path):
                name = value.text.removesuffix("[*]")
                if name not in followed:
                    followed.add(name)
                    todo += self._assigned(function, body, name)
            else:
                parts = _parts_of(value, body.calls)
                todo += [(function, body, part) for part in reversed(parts)]

    def _assigned(
        self, function: FunctionId, body: Function, name: str
    ) -> list[tuple[FunctionId, Function, Value]]:
        """Return what is assigned to a name, in its function or else in the module."""
        local = [write for write in body.writes if write.path == name]
        if local and body.kind is not FunctionKind.MODULE:
            return [(function, body, write.value) for write in local]
        return self._variables.get(name, [])

    def _group(self, body: Function, value: Value | None, depth: int = 0) -> str | None:
        """Return the name of a group, or None when it is not known."""
        if value is None or value == Const(None):
            return ""
        if isinstance(value, Const):
            return "" if value.value == "DEFAULT" else str(value.value).replace("-", "_")
        if isinstance(value, Result):
            name = argument(body.calls[value.call], 0, "name")
            return self._group(body, name, depth + 1) if isinstance(name, Const) else None
        if isinstance(value, Path) and depth < _MAX_NESTING:
            rows = self._variables.get(value.text.removesuffix(".name"), ())
            if len(rows) == 1:
                return self._group(rows[0][1], rows[0][2], depth + 1)
        return None


def _parts_of(value: Value, calls: tuple[Call, ...]) -> tuple[Value, ...]:
    """Return what a value is made of: operands, items, or the arguments of a call."""
    if isinstance(value, Items | Opaque | Format):
        return value.parts
    if isinstance(value, Table):
        return value.values
    if isinstance(value, Binary):
        return (value.left, value.right)
    # The calls inside a decorator's arguments are not among those of its function.
    if isinstance(value, Result) and value.call < len(calls):
        return calls[value.call].args
    return ()
