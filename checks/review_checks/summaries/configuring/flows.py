"""Says from which settings a value comes.

A value is followed backwards from where it matters: through local variables, arithmetic with
constants, conversions, module variables, attributes that a class sets once, and the results of
project functions a few calls deep. That way nothing is done for functions in which no amount
matters. A value that was bounded on its way, or compared with something there, has no origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import (
    Binary,
    Compare,
    Const,
    Function,
    Logic,
    Mode,
    Path,
    Result,
    Value,
)
from review_checks.summaries.configuring.mappings import is_own_mapping
from review_checks.summaries.configuring.options import (
    Option,
    argument,
    decorating_options,
    setting_of,
)
from review_checks.summaries.configuring.settings import (
    is_configuration,
    lookup_default,
    lookup_text,
    option_of,
    outside_role,
    root_above,
)
from review_checks.summaries.flow import ancestry, dominates, reaching
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import Row, assigned, imported, outline
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.names import (
    attribute_rows,
    canonical_in,
    class_around,
    function_of,
    home,
    owner_of_name,
)
from review_checks.summaries.paths import join, last_step, parent_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DEPTH = 4
"""How many functions and variables of other functions a value is followed through."""

_MAX_NESTING = 30
_PARAMETER = "#"
_ORDER = frozenset({"<", ">", "<=", ">=", "==", "!=", "in", "not in"})
_CARRIES = frozenset({"+", "-", "*", "/", "//"})

Step = tuple[FunctionId, str, int]
"""An event of a function: ``w`` a write, ``r`` a read, ``c`` a call, with its index."""


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """A setting from which a value comes.

    Attributes:
        key: the canonical name of the option, or how raw text is read.
        text: how the setting is written where it is read.
        option: its declaration; None when it is raw text from outside.
        default: its default as source text, or ''.
        number: whether it has become a number, or is one already.
        steps: where it is read, and the assignments and calls through which it then went.
        names: the paths that hold it in the function that was asked about.
    """

    key: str
    text: str
    option: Option | None
    default: str
    number: bool
    steps: tuple[Step, ...]
    names: tuple[str, ...]


Origins = tuple[Origin, ...]


class Flow:
    """Follows values of one function backwards."""

    def __init__(self, db: Database, function: FunctionId, depth: int = MAX_DEPTH) -> None:
        """Look at a function; ``depth`` says how many others may be looked into."""
        self.db = db
        self.function = function
        self.body: Function = unit_facts(db, function[0]).functions[function[1]]
        self.path = unit_path(db, function[0])
        self._depth = depth
        self._stored: dict[int, Origins] = {}
        self._nesting = 0

    def origins(self, value: Value, statement: int) -> Origins:
        """Return the settings from which a value used in a statement comes."""
        if self._nesting > _MAX_NESTING:
            return ()
        self._nesting += 1
        found = self._of(value, statement)
        self._nesting -= 1
        return found

    def _of(self, value: Value, statement: int) -> Origins:
        if isinstance(value, Path):
            return self._of_path(value.text, statement)
        if isinstance(value, Result):
            return () if value.rest else self._of_call(value.call, statement)
        if isinstance(value, Binary):
            return self._of_operation(value, statement)
        if isinstance(value, Logic):
            return self._of_choice(value, statement)
        return ()

    def _of_operation(self, value: Binary, statement: int) -> Origins:
        """An amount stays one when it is scaled by a constant or something is added to it."""
        if value.op not in _CARRIES:
            return ()
        left, right = self.origins(value.left, statement), self.origins(value.right, statement)
        if value.op == "+":
            return _numbers(merged([left, right]))
        if left and (isinstance(value.right, Const) or value.op == "-"):
            return _numbers(left)
        if right and value.op == "*" and isinstance(value.left, Const):
            return _numbers(right)
        return ()

    def _of_choice(self, value: Logic, statement: int) -> Origins:
        if value.op == "not":
            return ()
        parts = value.parts[1:] if value.op == "if" else value.parts
        found = merged([self.origins(part, statement) for part in parts])
        if value.op == "if":
            test = value.parts[0]
            return tuple([item for item in found if not self.compares(test, item, statement)])
        return found

    def _of_call(self, index: int, statement: int) -> Origins:
        call = self.body.calls[index]
        if not call.callee:
            return ()
        canonical = canonical_in(self.db, self.function, call.callee)
        role = outside_role(self.db, canonical) if canonical is not None else ""
        if canonical is None and last_step(call.callee) == "get":
            # Text looked up by a literal key in something that is called a configuration.
            role = "raw" if self._is_from_outside(call.callee, parent_of(call.callee)) else ""
        if role:
            text, default = lookup_text(call), lookup_default(call)
            step: Step = (self.function, "c", index)
            origin = Origin(text, text, None, default, role == "parsed", (step,), ())
            return (origin,) if text else ()
        if canonical is None:
            return ()
        if models(self.db).knowledge(canonical).converts:
            return _numbers(self.origins(call.args[0], statement)) if call.args else ()
        callee = function_of(self.db, canonical)
        if callee is None or callee == self.function or self._depth <= 0:
            return ()
        return self._through(callee, index, statement)

    def _through(self, callee: FunctionId, index: int, statement: int) -> Origins:
        """Return the origins of what a project function returns for the arguments of a call."""
        call = self.body.calls[index]
        step: Step = (self.function, "c", index)
        bound = "." in call.callee and _is_method(self.db, callee)
        found: list[Origins] = []
        for item in results(self.db, callee, self._depth - 1):
            if not item.key.startswith(_PARAMETER):
                found.append((_went(item, step, ()),))
                continue
            position = int(item.key.removeprefix(_PARAMETER)) - bound
            given = argument(call, position, item.text) if position >= 0 else None
            if given is not None:
                passed = _numbers(self.origins(given, statement))
                found.append(tuple([_went(one, step, one.names) for one in passed]))
        return merged(found)

    # Paths

    def _of_path(self, text: str, statement: int) -> Origins:
        if text.isidentifier():
            owner = owner_of_name(self.db, self.function, text)
            if owner == self.function:
                return self._of_local(text, statement)
            return self._of_global(text) if owner is None else ()
        if self._is_own_attribute(text):
            return self._of_attribute(text)
        return self._of_setting(text, statement) or self._of_global(text)

    def _of_setting(self, text: str, statement: int) -> Origins:
        steps = steps_of(text)
        if "()" in steps:
            return ()
        read = self._read(text, statement)
        keyed = next((index for index, step in enumerate(steps) if step.startswith("[")), 0)
        if keyed:
            holder = canonical_in(self.db, self.function, join(steps[:keyed]))
            known = setting_of(self.db, holder)
            raw = known is not None and known.role == "raw"
            if holder is None:
                raw = self._is_from_outside(text, join(steps[:keyed]))
            literal = steps[-1][1:2] in ("'", '"')
            if not raw or not literal or keyed != len(steps) - 1:
                return ()
            return (Origin(text, text, None, "", False, read, (text,)),)
        canonical = canonical_in(self.db, self.function, text)
        if canonical is None or not root_above(self.db, canonical)[0]:
            return ()
        option = option_of(self.db, self.path, steps[0], canonical)
        if option is None:
            return ()
        default, number = option.default, option.numeric
        return (Origin(canonical, text, option, default, number, read, (text,)),)

    def _is_from_outside(self, text: str, holder: str) -> bool:
        """Say whether a look-up is one in a configuration that the class has not made itself."""
        if not is_configuration(self.db, text):
            return False
        return not self._is_own_attribute(holder) or not is_own_mapping(
            self.db, class_around(self.db, self.function), last_step(holder)
        )

    def _read(self, text: str, statement: int) -> tuple[Step, ...]:
        for index, read in enumerate(self.body.reads):
            if read.path == text and read.statement == statement:
                return ((self.function, "r", index),)
        return ()

    def _of_local(self, name: str, statement: int) -> Origins:
        """Return the origins of all assignments to a name that can reach a statement."""
        if not any(write.path == name for write in self.body.writes):
            return self._of_parameter(name)
        rows = reaching(self.body, name, statement)
        return merged([self._of_write(index) for index, write in rows if write.mode is Mode.ASSIGN])

    def _of_write(self, index: int) -> Origins:
        """Return the origins of what an assignment stores; none while that is being asked."""
        if index not in self._stored:
            self._stored[index] = ()
            write = self.body.writes[index]
            step: Step = (self.function, "w", index)
            self._stored[index] = tuple(
                [
                    _went(item, step, (*item.names, write.path))
                    for item in self.origins(write.value, write.statement)
                ]
            )
        return self._stored[index]

    def _of_parameter(self, name: str) -> Origins:
        """Return the option that a decorator makes a parameter of, else the parameter itself."""
        for option in decorating_options(self.db, self.function):
            if option.name == name:
                default, number = option.default, option.numeric
                return (Origin(name, name, option, default, number, (), (name,)),)
        for position, parameter in enumerate(self.body.parameters):
            if parameter.name == name and not parameter.kind:
                key = f"{_PARAMETER}{position}"
                return (Origin(key, name, None, "", False, (), (name,)),)
        return ()

    def _of_attribute(self, text: str) -> Origins:
        """Return the origins of an attribute of ``self`` that the class assigns once."""
        owner = class_around(self.db, self.function)
        return self._of_rows(attribute_rows(self.db, owner, last_step(text)), text)

    def _is_own_attribute(self, text: str) -> bool:
        steps = steps_of(text)
        first = self.body.parameters[0].name if self.body.parameters else ""
        own = len(steps) == 2 and steps[0] == first and steps[1].isidentifier()
        return own and bool(class_around(self.db, self.function))

    def _of_global(self, text: str) -> Origins:
        """Return the origins of a module variable, of this module or an imported one."""
        steps = steps_of(text)
        rows = assigned(self.db, self.path, "", text)
        if not rows and all(step.isidentifier() for step in steps):
            target = imported(self.db, self.path, steps[0])
            place = home(self.db, ".".join((target, *steps[1:]))) if target else None
            if place is None or not place.name.isidentifier():
                return ()
            rows = assigned(self.db, place.path, "", place.name)
        return self._of_rows(rows, text)

    def _of_rows(self, rows: tuple[Row, ...], text: str) -> Origins:
        """Return the origins of a variable that is assigned once, outside of this function."""
        rows = tuple([row for row in rows if row[1] != Const(None)])
        if len(rows) != 1 or self._depth <= 0:
            return ()
        function = rows[0][0]
        flow = Flow(self.db, function, self._depth - 1)
        parameters = flow.body.parameters
        own = f"{parameters[0].name}." if parameters else ""
        for index, write in enumerate(flow.body.writes):
            if write.mode is Mode.ASSIGN and write.path == own + last_step(text):
                step: Step = (function, "w", index)
                return tuple(
                    [
                        _went(item, step, (text,))
                        for item in flow.origins(write.value, write.statement)
                        if not item.key.startswith(_PARAMETER)
                        and not flow.is_compared(item, write.statement)
                    ]
                )
        return ()

    # Comparisons

    def is_compared(self, origin: Origin, statement: int) -> bool:
        """Say whether a test on every way to a statement compares a value of some origin.

        A test of its truth counts once the value is a number.
        """
        around = {ancestor for _, ancestor in ancestry(self.body, statement)}
        return any(
            (test.statement in around or dominates(self.body, test.statement, statement))
            and test.at < self.body.statements[statement].end
            and self.compares(test.value, origin, test.statement, truth=True)
            for test in self.body.tests
        )

    def compares(
        self, value: Value, origin: Origin, statement: int, *, truth: bool = False
    ) -> bool:
        """Say whether a condition compares a value of some origin, or asks for its truth."""
        if isinstance(value, Compare):
            return bool(_ORDER & set(value.ops)) and any(
                self.holds(operand, origin, statement) for operand in value.operands
            )
        if isinstance(value, Logic):
            return any(self.compares(part, origin, statement, truth=truth) for part in value.parts)
        return truth and any(
            item.number and item.key == origin.key for item in self.origins(value, statement)
        )

    def holds(self, value: Value, origin: Origin, statement: int) -> bool:
        """Say whether a value comes from the same setting as an origin."""
        todo = [value]
        while todo:
            part = todo.pop()
            if isinstance(part, Path) and part.text in origin.names:
                return True
            if any(item.key == origin.key for item in self.origins(part, statement)):
                return True
            if isinstance(part, Binary):
                todo += (part.left, part.right)
            elif isinstance(part, Result):
                todo += self.body.calls[part.call].args
        return False


@query
def results(db: Database, function: FunctionId, depth: int) -> Origins:
    """Return the origins of what a function returns; a parameter's key is its number after ``#``."""
    flow = Flow(db, function, depth)
    if flow.body.generator:
        return ()
    return merged(
        [
            (item,)
            for result in flow.body.results
            for item in flow.origins(result.value, result.statement)
            if not flow.is_compared(item, result.statement)
        ]
    )


def _is_method(db: Database, function: FunctionId) -> bool:
    """Say whether a function is given the object that it is called on."""
    decorators = outline(db, function[0]).functions[function[1]].decorators
    return bool(class_around(db, function)) and ("staticmethod", None) not in decorators


def merged(groups: Sequence[Origins]) -> Origins:
    """Put origins together, one for each setting."""
    found: dict[str, Origin] = {}
    for group in groups:
        for item in group:
            found.setdefault(item.key, item)
    return tuple(found.values())


def _numbers(items: Origins) -> Origins:
    """Return origins as those of a number; what held the text does not hold it."""
    return tuple(
        [
            item if item.number else msgspec.structs.replace(item, number=True, names=())
            for item in items
        ]
    )


def _went(item: Origin, step: Step, names: tuple[str, ...]) -> Origin:
    return msgspec.structs.replace(item, steps=(*item.steps, step), names=names)
