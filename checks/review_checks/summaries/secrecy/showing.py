"""Says which parts of an expression, and which arguments of a call, are seen in what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Binary, Format, Items, Logic, Path, Result, Value
from review_checks.summaries.paths import last_step, parent_of
from review_checks.summaries.secrecy.sinks import is_translator, shown_keys, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from review_checks.facts.schema import Call
    from review_checks.summaries.secrecy.credentials import Vocabulary

Part = tuple[Value, frozenset[str] | None]
"""A part of an expression; when it is a mapping of which only some keys are seen, those keys."""

ShownArgument = tuple[str, Value, bool]
"""The key under which an argument is seen, or ''; the argument; and whether it stands for the call."""


def outcomes(value: Logic) -> tuple[Value, ...]:
    """Return what a boolean or conditional expression may come to, apart from plain truth values."""
    if value.op == "or":
        return value.parts
    if value.op == "and":
        return value.parts[-1:]
    return value.parts[1:] if value.op == "if" else ()


def shown_parts(value: Value, calls: tuple[Call, ...]) -> Sequence[Part]:
    """Return the parts that are seen in a text put together from them, a sequence, or a choice."""
    if isinstance(value, Binary):
        return _operands(value, calls)
    if isinstance(value, Format):
        first = text_of(value.parts[0], calls) if value.parts else None
        named = shown_keys(first) if len(value.parts) == 2 else None
        return [(part, named) for part in value.parts]
    if isinstance(value, Logic):
        return [(part, None) for part in outcomes(value)]
    return [(part, None) for part in value.parts] if isinstance(value, Items) else ()


def _operands(value: Binary, calls: tuple[Call, ...]) -> Sequence[Part]:
    """Return the operands of texts put together by ``+`` or ``%``, from left to right."""
    parts: list[Part] = []
    left: Value = value
    # Chains of operators lean to the left and may be longer than the stack is deep.
    while isinstance(left, Binary) and left.op in ("+", "%"):
        keys = shown_keys(text_of(left.left, calls)) if left.op == "%" else None
        parts.append((left.right, keys))
        left = left.left
    if not isinstance(left, Binary):
        parts.append((left, None))
    parts.reverse()
    return parts


def shown_arguments(call: Call, words: Vocabulary) -> Sequence[ShownArgument]:
    """Return the arguments, and the receiver, that are seen in the result of a text function."""
    name = last_step(call.callee)
    if call.callee == "dict":
        return [(keyword, part, False) for keyword, part in call.keywords]
    if is_translator(call.callee) or name == "join":
        return [("", part, False) for part in call.args[:1]]
    if name in words.text_functions and call.args:
        return [("", call.args[0], True)]
    if name not in words.text_methods:
        return ()
    found: list[ShownArgument] = []
    if call.receiver >= 0:
        found.append(("", Result(call.receiver), True))
    elif parent_of(call.callee) not in ("", "''", "*"):
        found.append(("", Path(parent_of(call.callee)), True))
    if name == "format":
        found += [("", part, False) for part in call.args]
        found += [("", part, False) for _, part in call.keywords]
    return found
