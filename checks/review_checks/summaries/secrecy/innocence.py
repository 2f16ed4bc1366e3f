"""Says when a value that is named like a credential is none, and when it shows none.

Innocence has to be proved: by every assignment that a use may see, by a declared type, by what a
module or class makes of a constant. What is not known is not innocent.
"""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any

from review_checks.facts.schema import (
    Binary,
    Closure,
    Compare,
    Const,
    Format,
    Items,
    Logic,
    Mode,
    Parameter,
    Path,
    Result,
    Table,
    Value,
)
from review_checks.summaries.index import Row, assigned
from review_checks.summaries.inputs import FunctionId, models, unit_facts, unit_path
from review_checks.summaries.names import (
    attribute_rows,
    canonical_in,
    class_around,
    class_of,
    function_of,
    home,
    owner_of_name,
)
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import join, last_step, parent_of, steps_of
from review_checks.summaries.secrecy.credentials import identifier
from review_checks.summaries.secrecy.origins import select
from review_checks.summaries.secrecy.showing import outcomes
from review_checks.summaries.secrecy.sources import is_syntax, option_read
from review_checks.summaries.words import starts_with_verb, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.secrecy.secrets import Reader

_QUOTES = ("'", '"')
_NUMBERS = frozenset({"bool", "complex", "float", "int"})
_ORDERING = frozenset({"<", "<=", ">", ">="})
# A plain `token` of this type tells callers apart; it is no text that anybody is to send.
_IDENTITIES = frozenset({"UUID", "uuid1", "uuid4"})
# A credential that is read from under one of these is the name of a file.
_FILES = frozenset({"certfile", "file", "filename", "keyfile", "path"})
# Annotations that tell nothing of what a text shows.
_OPEN_TYPES = frozenset(typing.__all__)
_SETTINGS = frozenset({"cfg", "conf", "config", "env", "environ", "options", "opts", "settings"})
_PLACES = frozenset({"endpoint", "path", "route"})
_OPENS = frozenset({"io.open", "open", "pathlib.Path"})
GROWING = frozenset({"add", "append", "appendleft", "extend", "insert"})
"""Methods that add to a container."""
_COUNTING = frozenset({"count", "find", "index", "rfind", "rindex"})


def is_innocent(reader: Reader, value: Value, statement: int, at: int) -> bool:
    """Say whether a value is known to be no credential, whatever its name."""
    if isinstance(value, Const | Compare | Closure):
        return True
    if isinstance(value, Logic):
        return all(is_innocent(reader, part, statement, at) for part in outcomes(value))
    if isinstance(value, Format | Items):
        return all(is_innocent(reader, part, statement, at) for part in value.parts)
    if isinstance(value, Table):
        found = any(origin.noun for origin in reader.origins(value, statement, at))
        return not found and None not in value.keys
    if isinstance(value, Binary):
        return _is_number_or_mask(reader, value, statement, at)
    if isinstance(value, Path):
        with reader.deeper() as allowed:
            return allowed and _is_innocent_path(reader, value, statement, at)
    if isinstance(value, Result):
        return _is_innocent_result(reader, value)
    return False


def _is_number_or_mask(reader: Reader, value: Binary, statement: int, at: int) -> bool:
    parts: list[Value] = []
    operators = set()
    left: Value = value
    # Chains of operators lean to the left and may be longer than the stack is deep.
    while isinstance(left, Binary):
        operators.add(left.op)
        parts.append(left.right)
        left = left.left
    if "*" in operators:
        return isinstance(left, Const)
    parts.append(left)
    if any(isinstance(part, Const) and isinstance(part.value, int | float) for part in parts):
        return True
    if operators <= {"+", "%"}:
        return all(is_innocent(reader, part, statement, at) for part in parts)
    return "|" not in operators


# Calls


def _is_innocent_result(reader: Reader, value: Result) -> bool:
    call, target = reader.body.calls[value.call], reader.targets[value.call]
    name = last_step(call.callee)
    steps = steps_of(value.rest)
    if reader.hides(value.call):
        return True
    if steps:
        last, _ = identifier(steps)
        return steps[-1] == "[:]" or _names_other(reader, last)
    if name.startswith(("to_", "as_")) and reader.words.clears(last_step(parent_of(call.callee))):
        return True
    if name in _NUMBERS or name in _COUNTING or starts_with_verb(name, reader.words.predicates):
        return True
    if target is not None and models(reader.db).knowledge(target).secret:
        return False
    if _is_class(reader, name, target):
        # An object's text is not its contents.
        return True
    inner = function_of(reader.db, target) if target is not None else None
    return inner is not None and reader.gives_nothing(inner)


def _is_class(reader: Reader, name: str, target: str | None) -> bool:
    """Say whether a call makes an object of a class, by its declaration or its name."""
    if target is not None and class_of(reader.db, target) is not None:
        return True
    return name[:1].isupper() and not name.isupper()


# Paths


def _is_innocent_path(reader: Reader, value: Path, statement: int, at: int) -> bool:
    steps = steps_of(value.text)
    name, _ = identifier(steps)
    if steps[-1] == "[:]" or _names_other(reader, name) or _is_used_otherwise(reader, value):
        return True
    writes, certain = reader.writes.reaching(value.text, statement, at)
    if certain:
        return all(_stores_innocence(reader, index) for index in writes) and not _grows(
            reader, value, at
        )
    root = steps[0]
    if root not in reader.bound:
        return _is_innocent_outside(reader, steps)
    if writes and not all(_stores_innocence(reader, index) for index in writes):
        return False
    if len(steps) == 1:
        return any(
            parameter.name == root and _is_flag(parameter) for parameter in reader.body.parameters
        )
    if _is_innocent_part(reader, steps, statement, at):
        return True
    if _is_flag_of_object(reader, steps):
        return True
    rows = _rows_of_self(reader, steps)
    return _are_fixed(rows) if rows else steps[-1].isupper() and not _is_setting(steps, "")


def _names_other(reader: Reader, name: str) -> bool:
    """Say whether an identifier names something else about a credential, or a file."""
    return reader.words.clears(name) or words_of(name)[-1:] in [(word,) for word in _FILES]


def _grows(reader: Reader, value: Path, at: int) -> bool:
    """Say whether something is added to a container before a use."""
    return any(
        call.at < at and parent_of(call.callee) == value.text and last_step(call.callee) in GROWING
        for call in reader.body.calls
    )


def _is_harmless_local(reader: Reader, name: str) -> bool:
    """Say whether everything that a function assigns to a name is innocent."""
    indexes = reader.writes.all_of(name)
    return bool(indexes) and all(_stores_innocence(reader, index) for index in indexes)


def _is_used_otherwise(reader: Reader, value: Path) -> bool:
    """Say whether a function uses a value as a name, calls it, or takes it for syntax."""
    if _indexes_secrets(reader, value.text):
        return True
    for call, target in zip(reader.body.calls, reader.targets, strict=True):
        if call.callee == value.text:
            return True
        if target is not None and value in call.args and _takes_file_name(target):
            return True
        if value in call.args[:1] and words_of(last_step(call.callee))[-1:] == ("open",):
            return True
    if _has_parts(reader, value) or is_syntax(reader, value.text):
        return True
    tests = [part for test in reader.body.tests for part in _comparisons(test.value)]
    if any(value in test.operands and _ORDERING & set(test.ops) for test in tests):
        # What comes before or after others is a position.
        return True
    if last_step(value.text) != "token":
        return False
    return any(_is_compared_with_literal(value, test) for test in tests)


def _indexes_secrets(reader: Reader, text: str) -> bool:
    """Say whether a function uses a value as the name of something in a mapping of secrets.

    Mappings of tokens and of keys are indexed by the token or key itself.
    """
    key = f"[{text}]"
    return any(
        read.path.endswith(key) and words_of(read.path.removesuffix(key))[-1:] == ("secrets",)
        for read in reader.body.reads
    )


def _has_parts(reader: Reader, value: Path) -> bool:
    """Say whether a function uses attributes or keys of a value that a text does not have."""
    used = [read.path for read in reader.body.reads] + [call.callee for call in reader.body.calls]
    size = len(value.text)
    for path in used:
        if path.startswith(value.text) and path[size : size + 1] in (".", "["):
            step = steps_of(path[size:])[0]
            if step[1:2] in _QUOTES if step[0] == "[" else not _is_of_text(step):
                return True
    return False


def _is_of_text(name: str) -> bool:
    """Say whether texts, or lists of them, have an attribute."""
    return hasattr(str, name) or hasattr(bytes, name) or hasattr(list, name)


def _takes_file_name(target: str) -> bool:
    return target.startswith("os.path.") or target in _OPENS


def _comparisons(value: Value) -> Iterator[Compare]:
    if isinstance(value, Compare):
        yield value
    elif isinstance(value, Logic):
        for part in value.parts:
            yield from _comparisons(part)


def _is_compared_with_literal(value: Path, test: Compare) -> bool:
    """Say whether ``value == "("`` or ``value in "[{"`` is asked, as one does of syntax."""
    if len(test.ops) != 1:
        return False
    left, right = test.operands
    if test.ops[0] in ("==", "!=") and right == value:
        left, right = right, left
    if left != value or test.ops[0] not in ("==", "!=", "in", "not in"):
        return False
    parts = right.parts if isinstance(right, Items) else (right,)
    return all(isinstance(part, Const) and bool(part.value) for part in parts)


def _stores_innocence(reader: Reader, index: int) -> bool:
    write = reader.body.writes[index]
    if write.mode is Mode.DELETE:
        return True
    if write.mode is Mode.ITERATE and write.path in ("secret", "token"):
        # Mostly what a text is cut into, or records that a service lists.
        return True
    if write.path == "token" and isinstance(write.value, Result):
        callee = reader.body.calls[write.value.call].callee
        if not write.value.rest and last_step(callee) in _IDENTITIES:
            return True
    return is_innocent(reader, write.value, write.statement, write.at)


def _is_innocent_part(reader: Reader, steps: tuple[str, ...], statement: int, at: int) -> bool:
    """Say whether an item of a display, such as ``{'token': '***'}``, is innocent."""
    writes, certain = reader.writes.reaching(steps[0], statement, at)
    if not certain:
        return False
    for index in writes:
        write = reader.body.writes[index]
        part = select(write.value, steps[1:])
        if part is None or not is_innocent(reader, part, write.statement, write.at):
            return False
    return True


def _is_flag(parameter: Parameter) -> bool:
    """Say whether a parameter is a flag, a number or an object, by its default or annotation."""
    if isinstance(parameter.default, Const) and isinstance(parameter.default.value, bool):
        return True
    kind = last_step(parameter.annotation) if parameter.annotation else ""
    if kind in _NUMBERS or (parameter.name == "token" and kind in _IDENTITIES):
        return True
    return kind[:1].isupper() and kind not in _OPEN_TYPES and not kind.isupper()


def _is_innocent_outside(reader: Reader, steps: tuple[str, ...]) -> bool:
    """Say whether a path that starts at a name of an enclosing function or module is innocent."""
    outer = owner_of_name(reader.db, reader.function, steps[0])
    if outer is not None:
        return len(steps) == 1 and _is_harmless_local(reader.outer(outer), steps[0])
    option = option_read(reader, Path(join(steps)))
    if option is not None:
        return option.type in _NUMBERS
    rows = assigned(reader.db, unit_path(reader.db, reader.function[0]), "", steps[0])
    if rows and len(steps) == 1:
        return _are_fixed(rows)
    target = canonical_in(reader.db, reader.function, join(steps))
    place = home(reader.db, target) if target is not None else None
    if target is not None and place is not None:
        owner, _, name = place.name.rpartition(".")
        rows = assigned(reader.db, place.path, owner, name)
        if rows:
            return _are_fixed(rows)
        if not place.name or class_of(reader.db, target) or function_of(reader.db, target):
            return True
    return steps[-1].isupper() and not _is_setting(steps, target or "")


def _is_setting(steps: tuple[str, ...], target: str) -> bool:
    """Say whether a name in capitals is a setting, such as ``settings.SECRET_KEY``."""
    around = (*steps[:-1], *target.split(".")[:-1])
    return any(_SETTINGS & set(words_of(step)) for step in around)


def _rows_of_self(reader: Reader, steps: tuple[str, ...]) -> tuple[Row, ...]:
    """Return what the class of a method assigns to an attribute of ``self``."""
    owner = class_around(reader.db, reader.function)
    parameters = reader.body.parameters
    if not owner or len(steps) != 2 or not parameters or steps[0] != parameters[0].name:
        return ()
    return attribute_rows(reader.db, owner, steps[1])


def _is_flag_of_object(reader: Reader, steps: tuple[str, ...]) -> bool:
    """Say whether an object of the project's keeps a number or flag that it was made with."""
    owner = canonical_in(reader.db, reader.function, join(steps[:-1]))
    rows = attribute_rows(reader.db, owner, steps[-1]) if owner is not None else ()
    return bool(rows) and all(_is_given_flag(reader, maker, value) for maker, value in rows)


def _is_given_flag(reader: Reader, maker: FunctionId, value: Any) -> bool:
    """Say whether a portable value is a parameter of its function that is a flag or number."""
    body = unit_facts(reader.db, maker[0]).functions[maker[1]]
    return isinstance(value, Path) and any(
        parameter.name == value.text and _is_flag(parameter) for parameter in body.parameters
    )


def _are_fixed(rows: tuple[Row, ...]) -> bool:
    return all(_is_fixed(value) for _, value in rows)


def _is_fixed(value: Any) -> bool:
    """Say whether a portable value is written in the source, a place, or an object of a class.

    None is neither: the real value is set elsewhere.
    """
    if isinstance(value, Const):
        return value.value is not None
    if isinstance(value, Items | Format):
        return all(_is_fixed(part) for part in value.parts)
    if isinstance(value, Table):
        return all(_is_fixed(part) for part in value.values)
    if isinstance(value, Made):
        last = last_step(value.callee)
        place = not _PLACES.isdisjoint(words_of(last)[-1:])
        return not value.rest and (place or (last[:1].isupper() and not last.isupper()))
    return isinstance(value, Closure)
