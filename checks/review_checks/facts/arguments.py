"""Takes the text of one call apart, to say where each part of its arguments stands.

Facts keep no positions inside arguments, because almost nobody asks; a fix that rewrites a part of
one asks for them here.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.builder import FunctionBuilder
from review_checks.facts.expressions import ExpressionLowering
from review_checks.facts.schema import Call, FunctionKind, Value
from review_checks.model import Span
from review_checks.text.fields import replacement_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_END = re.compile(r"\r\n|\r|\n")


class Part(msgspec.Struct, frozen=True):
    """A part of an argument.

    Attributes:
        span: where it stands, relative to the text; for a replacement field, with its braces.
        argument: the number of the argument, those of keywords after the positional ones.
        value: what it is.
        inner: for a replacement field, where its expression stands; else None.
        position: for an argument by itself, its number among the positional ones; else -1.
    """

    span: Span
    argument: int
    value: Value
    inner: Span | None = None
    position: int = -1


class Parts(msgspec.Struct, frozen=True):
    """The parts of a call's arguments, outer before inner, and the calls that they speak of."""

    parts: tuple[Part, ...]
    calls: tuple[Call, ...]


def argument_parts(text: str) -> Parts | None:
    """Take a call apart, given as its text; None when the text is not a call.

    Lines and columns of the result are relative to the text.
    """
    try:
        tree = ast.parse(f"({text}\n)", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    node: ast.expr = tree.body
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        return None
    taker = _Taker(text)
    for number, arg in enumerate(node.args):
        taker.take(arg, number, number)
    for number, keyword in enumerate(node.keywords, len(node.args)):
        taker.take(keyword.value, number, -1)
    return Parts(tuple(taker.parts), tuple(taker.into.calls))


class _Taker(ExpressionLowering):
    """Lowers the parts of arguments one by one and notes where they stand."""

    def __init__(self, text: str) -> None:
        self._lines = _LINE_END.split(text)
        super().__init__(1, self._columns)
        whole = Span(0, 0, 0, 0)
        self.into = FunctionBuilder(-1, "", FunctionKind.MODULE, -1, -1, whole, whole)
        self.into.open_statement()
        self.functions = [self.into]
        self.parts: list[Part] = []

    def _columns(self, line: int, column: int) -> int:
        # The text was put in brackets, which moves its first line.
        column -= 0 if line else 1
        if line >= len(self._lines) or self._lines[line].isascii():
            return column
        raw = self._lines[line].encode("utf-8", "surrogatepass")
        return len(raw[:column].decode("utf-8", "replace"))

    def parameters(self, arguments: ast.arguments, outer: FunctionBuilder) -> None:
        """Leave the parameters of a lambda out: what a lambda returns is not shown."""

    def finish_lambda(self, node: ast.Lambda, region: int, statement: int) -> None:
        """Leave the body of a lambda out."""

    def take(self, node: ast.expr, argument: int, position: int = -1) -> None:
        """Note a part and what it is made of."""
        if isinstance(node, ast.Starred):
            node, position = node.value, -1
        self.parts.append(Part(self.span(node), argument, self.value(node), None, position))
        if isinstance(node, ast.JoinedStr):
            self._take_fields(node, argument)
            return
        for inner in _made_of(node):
            self.take(inner, argument)

    def _take_fields(self, node: ast.JoinedStr, argument: int) -> None:
        span = self.span(node)
        lines = self._lines[span.line : span.end_line + 1]
        lines[-1] = lines[-1][: span.end_column]
        lines[0] = lines[0][span.column :]
        text = "\n".join(lines)
        fields = replacement_fields(text)
        nodes = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        if len(fields) != len(nodes):
            return
        for field, part in zip(fields, nodes, strict=True):
            value = self.value(part.value)
            outer = _between(text, span, field.start, field.end)
            inner = _between(text, span, field.first, field.last)
            self.parts.append(Part(outer, argument, value, inner))


def _between(text: str, origin: Span, start: int, end: int) -> Span:
    """Return the span of two offsets of a text that begins at ``origin``."""
    return Span(*_point(text, origin, start), *_point(text, origin, end))


def _point(text: str, origin: Span, offset: int) -> tuple[int, int]:
    line = text.count("\n", 0, offset)
    column = offset - (text.rfind("\n", 0, offset) + 1)
    return origin.line + line, column + (origin.column if line == 0 else 0)


def _made_of(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts whose text becomes part of an expression's text, outermost first."""
    if isinstance(node, ast.Dict):
        yield from node.values
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        yield from node.elts
    elif isinstance(node, ast.BinOp):
        yield node.left
        yield node.right
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Call):
        yield from node.args
        yield from [keyword.value for keyword in node.keywords]
