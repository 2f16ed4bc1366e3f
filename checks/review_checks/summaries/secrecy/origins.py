"""What a value shows that should not be shown: where that comes from, and on what way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.facts.schema import (
    Call,
    Const,
    Function,
    Items,
    Path,
    Result,
    Table,
    Value,
    Write,
)
from review_checks.summaries.inputs import FunctionId
from review_checks.summaries.paths import join, last_step, parent_of, steps_of
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from review_checks.summaries.outline import Made

_FILES = frozenset({"cfg", "conf", "config", "configparser", "ini", "parser"})
_KEYED = frozenset({"__getitem__", "get", "get_header", "getenv", "pop", "setdefault"})


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One piece of the way of a credential: an event or the name of a function, and what happens."""

    function: FunctionId
    event: tuple[str, int]
    text: str


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """A credential, or a parameter, that a value shows.

    Attributes:
        symbol: it, as it is written: ``self.password``.
        noun: what kind of credential it is; '' for a parameter whose name says nothing.
        parameter: the position of that parameter, else -1.
        leaf: the part of the expression that carries it, as a portable value.
        whole: whether that part is the credential itself and not something that contains it.
        mapped: whether it stands under a key of a mapping that is shown, or handed over, as a whole.
        steps: how it got there, from its source on.
    """

    symbol: str
    noun: str
    parameter: int
    leaf: Any
    whole: bool
    mapped: bool = False
    steps: tuple[Step, ...] = ()


def select(value: Value | None, steps: tuple[str, ...]) -> Value | None:
    """Return what lies some access steps below a value, where the value tells, else None."""
    for position, step in enumerate(steps):
        if isinstance(value, Path):
            return Path(join((*steps_of(value.text), *steps[position:])))
        if isinstance(value, Result):
            return Result(value.call, join((*steps_of(value.rest), *steps[position:])))
        if isinstance(value, Table):
            found = [
                part
                for key, part in zip(value.keys, value.values, strict=True)
                if isinstance(key, Const) and step == f"[{key.value!r}]"
            ]
            value = found[-1] if found else None
        elif isinstance(value, Items) and not value.comprehension and step[1:-1].isdigit():
            number = int(step[1:-1])
            value = value.parts[number] if number < len(value.parts) else None
        else:
            return None
    return value


def without_removed(body: Function, write: Write, stored: Table, used: int) -> Table:
    """Return a display without the keys that are overwritten or taken out before it is used."""
    prefix = f"{write.path}["
    gone = {
        other.path[len(prefix) : -1]
        for other in body.writes
        if write.at < other.at < used and other.path.startswith(prefix)
    }
    for call in body.calls:
        if write.at < call.at < used and call.callee == f"{write.path}.pop" and call.args:
            gone.add(repr(call.args[0].value) if isinstance(call.args[0], Const) else "")
    kept = [
        (key, value)
        for key, value in zip(stored.keys, stored.values, strict=True)
        if not isinstance(key, Const) or repr(key.value) not in gone
    ]
    return Table(tuple([key for key, _ in kept]), tuple([value for _, value in kept]))


def reads_key(callee: str) -> bool:
    """Say whether what is called by a name reads what a mapping or an object has under a key."""
    return last_step(callee) in _KEYED or callee == "getattr"


def key_read(call: Call | Made) -> str:
    """Return the key that a call reads from a mapping or an object, or ''."""
    if not call.args or not reads_key(call.callee):
        return ""
    texts = [
        arg.value if isinstance(arg, Const) and isinstance(arg.value, str) else ""
        for arg in call.args[:2]
    ]
    if call.callee == "getattr":
        return texts[1] if len(texts) > 1 else ""
    if all(texts) and len(texts) > 1 and _FILES & set(words_of(parent_of(call.callee))):
        # A section and an option of a configuration file.
        return texts[1]
    return texts[0]
