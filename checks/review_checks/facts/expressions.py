"""Lowers expressions to symbolic values, emitting their reads, writes and calls in order."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from review_checks.facts.builder import FunctionBuilder
from review_checks.facts.schema import (
    Binary,
    Call,
    Closure,
    Compare,
    Const,
    Format,
    FunctionKind,
    Items,
    Logic,
    Mode,
    Opaque,
    Path,
    Read,
    Result,
    Return,
    Suspend,
    Table,
    Use,
    Value,
    Write,
)
from review_checks.model import Span

if TYPE_CHECKING:
    from collections.abc import Callable

_BUILTINS = frozenset(dir(builtins))
_OPAQUE = Opaque()
_MAX_LITERAL = 200
_MAX_TEXT = 4000

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.MatMult: "@",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
    ast.Not: "not",
}


class ExpressionLowering:
    """Turns ``ast`` expressions into values while recording their events in ``self.into``."""

    def __init__(self, first_line: int, columns: Callable[[int, int], int] | None) -> None:
        """Prepare to lower a tree.

        Args:
            first_line: the tree's line number of the unit's first line.
            columns: maps a 0-based line of the unit and a UTF-8 column to code points; None when
                the text is ASCII.
        """
        self.first_line = first_line
        self.columns = columns
        self.into: FunctionBuilder = None  # type: ignore[assignment]
        self.functions: list[FunctionBuilder] = []
        self._paths: dict[str, Path] = {}

    # Positions and paths

    def span(self, node: Any) -> Span:
        """Return the span of a node, relative to the unit."""
        first = self.first_line
        line = node.lineno - first
        end = node.end_lineno - first
        if self.columns is None:
            return Span(line, node.col_offset, end, node.end_col_offset)
        columns = self.columns
        return Span(line, columns(line, node.col_offset), end, columns(end, node.end_col_offset))

    def path(self, text: str) -> Path:
        """Return the value of an access path; equal paths of a unit are one object."""
        found = self._paths.get(text)
        if found is None:
            found = self._paths[text] = Path(text)
        return found

    def dotted(self, node: ast.expr | None) -> str:
        """Return the source-like access path of a node without recording events, or ''."""
        steps: list[str] = []
        while True:
            if isinstance(node, ast.Name):
                steps.append(node.id)
                return "".join(reversed(steps))
            if isinstance(node, ast.Attribute):
                steps.append("." + node.attr)
                node = node.value
            elif isinstance(node, ast.Subscript):
                node = node.value
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not steps:
                return node.value[:_MAX_LITERAL]
            else:
                return ""

    def annotation(self, node: ast.expr | None) -> str:
        """Return the path of an annotation's class; that it may be None as well is left out."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            if isinstance(node.right, ast.Constant) and node.right.value is None:
                return self.dotted(node.left)
            if isinstance(node.left, ast.Constant) and node.left.value is None:
                return self.dotted(node.right)
        if isinstance(node, ast.Subscript) and self.dotted(node).rpartition(".")[2] == "Optional":
            return self.dotted(node.slice)
        return self.dotted(node)

    # Values

    def value(self, node: ast.expr) -> Value:
        """Lower any expression."""
        return _VALUES.get(node.__class__, ExpressionLowering._other)(self, node)

    def _read(self, node: ast.expr, text: str) -> None:
        into = self.into
        into.reads.append(Read(text, into.at, into.statement, self.span(node)))
        into.at += 1

    def _name(self, node: ast.Name) -> Value:
        name = node.id
        if name not in self.into.bound and name not in _BUILTINS:
            self._read(node, name)
        return self.path(name)

    def _constant(self, node: ast.Constant) -> Value:
        literal = node.value
        if isinstance(literal, str):
            # Long texts are mostly the help of options, which may say what a special value means.
            return Const(literal if len(literal) <= _MAX_TEXT else literal[:_MAX_TEXT])
        if literal is None or isinstance(literal, bool | float):
            return Const(literal)
        if isinstance(literal, int):
            return Const(literal) if -(1 << 62) < literal < 1 << 62 else _OPAQUE
        if isinstance(literal, bytes):
            return Const(literal[:_MAX_LITERAL].decode("latin-1"))
        return _OPAQUE

    def _chain(self, node: Any) -> tuple[str, Value | None]:
        """Follow attributes and subscripts down to a root.

        Returns the steps after the root and the root's value, or the whole path and None when
        the root is a plain name.
        """
        steps: list[str] = []
        while True:
            cls = node.__class__
            if cls is ast.Attribute:
                steps.append("." + node.attr)
                node = node.value
            elif cls is ast.Subscript:
                steps.append("[" + self._key(node.slice) + "]")
                node = node.value
            elif cls is ast.Name:
                steps.append(node.id)
                steps.reverse()
                return "".join(steps), None
            else:
                steps.reverse()
                return "".join(steps), self.value(node)

    def _key(self, node: ast.expr) -> str:
        """Return the text of a subscript's key, recording the events of evaluating it."""
        key = self.value(node) if not isinstance(node, ast.Slice) else None
        if key is None:
            for part in (node.lower, node.upper, node.step):  # type: ignore[attr-defined]
                if part is not None:
                    self.value(part)
            return ":"
        if isinstance(key, Path):
            return key.text if len(key.text) <= _MAX_LITERAL else "*"
        if isinstance(key, Const):
            return repr(key.value)
        return "*"

    def _access(self, node: ast.expr) -> Value:
        text, root = self._chain(node)
        if root is None:
            self._read(node, text)
            return self.path(text)
        if isinstance(root, Result):
            return Result(root.call, root.rest + text)
        return Opaque((root,))

    def _call(self, node: ast.Call) -> Value:
        return self.call(node, Use.OTHER, awaited=False)

    def call(self, node: ast.Call, use: Use, *, awaited: bool) -> Value:
        """Lower a call and record it; the result is a ``Result``, or a ``Format``."""
        func = node.func
        receiver = -1
        callee = ""
        root: Value | None = None
        if func.__class__ in _CHAIN:
            callee, root = self._chain(func)
            if root is not None:
                if isinstance(root, Result):
                    receiver = root.call
                    inner = self.into.calls[receiver].callee
                    callee = f"{inner}(){root.rest}{callee}"
                elif callee == ".format":
                    parts = [root, *map(self.value, node.args)]
                    parts += [self.value(keyword.value) for keyword in node.keywords]
                    return Format(tuple(parts))
                elif isinstance(root, Const | Format):
                    # A method of a string literal, such as `", ".join`.
                    callee = f"''{callee}"
                else:
                    callee = f"*{callee}"
        else:
            root = self.value(func)
        args = tuple([self.value(arg) for arg in node.args])
        keywords = tuple([(k.arg or "", self.value(k.value)) for k in node.keywords])
        if root is not None and receiver < 0:
            args = (*args, Opaque((root,))) if not callee else args
        spans: tuple[Span, ...] = ()
        if use is Use.DISCARDED:
            spans = tuple([self.span(arg) for arg in node.args])
            spans += tuple([self.span(keyword.value) for keyword in node.keywords])
        into = self.into
        index = len(into.calls)
        into.calls.append(
            Call(
                callee,
                receiver,
                args,
                keywords,
                use,
                awaited,
                into.at,
                into.statement,
                self.span(node),
                spans,
            )
        )
        into.at += 1
        return Result(index)

    def used(self, node: ast.expr, use: Use) -> Value:
        """Lower an expression; if it is a call, possibly awaited, note what its result is for."""
        if isinstance(node, ast.Call):
            return self.call(node, use, awaited=False)
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
            result = self.call(node.value, use, awaited=True)
            self._suspend(node)
            return result
        return self.value(node)

    def _await(self, node: ast.Await) -> Value:
        if isinstance(node.value, ast.Call):
            return self.used(node, Use.OTHER)
        result = self.value(node.value)
        self._suspend(node)
        return result

    def _suspend(self, node: ast.expr | ast.stmt) -> None:
        into = self.into
        into.suspends.append(Suspend(into.at, into.statement, self.span(node)))
        into.at += 1

    def _yield(self, node: ast.Yield) -> Value:
        result = self.value(node.value) if node.value is not None else Const(None)
        into = self.into
        into.generator = True
        into.results.append(Return(result, True, into.at, into.statement))
        self._suspend(node)
        return _OPAQUE

    def _yield_from(self, node: ast.YieldFrom) -> Value:
        result = self.value(node.value)
        into = self.into
        into.generator = True
        into.results.append(Return(Opaque((result,)), True, into.at, into.statement))
        self._suspend(node)
        return _OPAQUE

    def _binary(self, node: ast.BinOp) -> Value:
        # Long chains lean to the left; a loop spares the recursion.
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            chain.append(left)
            left = left.left
        value = self.value(left)
        for step in reversed(chain):
            right = self.value(step.right)
            operator = _OPERATORS[step.op.__class__]
            if operator == "%" and (
                isinstance(value, Format)
                or (isinstance(value, Const) and isinstance(value.value, str))
            ):
                operands = (
                    right.parts if isinstance(right, Items) and right.kind == "tuple" else (right,)
                )
                value = Format((value, *operands))
            else:
                value = Binary(operator, value, right)
        return value

    def _boolean(self, node: ast.BoolOp) -> Value:
        operator = "and" if isinstance(node.op, ast.And) else "or"
        return Logic(operator, tuple([self.value(part) for part in node.values]))

    def _unary(self, node: ast.UnaryOp) -> Value:
        operand = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return Logic("not", (operand,))
        if (
            isinstance(node.op, ast.USub)
            and isinstance(operand, Const)
            and isinstance(operand.value, int | float)
        ):
            return Const(-operand.value)
        return Binary(_OPERATORS[node.op.__class__], Const(0), operand)

    def _compare(self, node: ast.Compare) -> Value:
        operands = [self.value(node.left)]
        operands += [self.value(part) for part in node.comparators]
        return Compare(tuple([_OPERATORS[op.__class__] for op in node.ops]), tuple(operands))

    def _conditional(self, node: ast.IfExp) -> Value:
        return Logic("if", (self.value(node.test), self.value(node.body), self.value(node.orelse)))

    def _joined(self, node: ast.JoinedStr) -> Value:
        parts: list[Value] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                parts.append(self.value(part.value))
                if part.format_spec is not None:
                    self.value(part.format_spec)
            else:
                parts.append(self.value(part))
        return Format(tuple(parts))

    def _formatted(self, node: ast.FormattedValue) -> Value:
        return self.value(node.value)

    def _list(self, node: ast.List) -> Value:
        return Items("list", tuple([self.value(part) for part in node.elts]))

    def _tuple(self, node: ast.Tuple) -> Value:
        return Items("tuple", tuple([self.value(part) for part in node.elts]))

    def _set(self, node: ast.Set) -> Value:
        return Items("set", tuple([self.value(part) for part in node.elts]))

    def _dict(self, node: ast.Dict) -> Value:
        keys = tuple([None if key is None else self.value(key) for key in node.keys])
        return Table(keys, tuple([self.value(part) for part in node.values]))

    def _comprehend(self, generators: list[ast.comprehension]) -> None:
        for generator in generators:
            source = self.used(generator.iter, Use.ITERATED)
            if generator.is_async:
                self._suspend(generator.iter)
            self.store(generator.target, element(source), Mode.ITERATE)
            for condition in generator.ifs:
                self.value(condition)

    def _comprehension(self, node: Any) -> Value:
        self._comprehend(node.generators)
        return Items(_COMPREHENSIONS[node.__class__], (self.value(node.elt),), comprehension=True)

    def _dict_comprehension(self, node: ast.DictComp) -> Value:
        self._comprehend(node.generators)
        key, value = self.value(node.key), self.value(node.value)
        return Items("table", (Items("tuple", (key, value)),), comprehension=True)

    def _starred(self, node: ast.Starred) -> Value:
        return Opaque((self.value(node.value),))

    def _named(self, node: ast.NamedExpr) -> Value:
        value = self.used(node.value, Use.BOUND)
        self.store(node.target, value, Mode.ASSIGN)
        return self.path(node.target.id)

    def _lambda(self, node: ast.Lambda) -> Value:
        outer = self.into
        span = self.span(node)
        inner = self.begin("<lambda>", FunctionKind.LAMBDA, span, span)
        self.parameters(node.args, outer)
        self.into = inner
        region = inner.open_region()
        statement = inner.open_statement()
        inner.region = region
        self.finish_lambda(node, region, statement)
        self.into = outer
        return Closure(inner.index)

    def _other(self, node: ast.expr) -> Value:
        parts = [
            self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
        ]
        return Opaque(tuple(parts))

    # Provided by the lowering of statements

    def begin(self, name: str, kind: FunctionKind, span: Span, name_span: Span) -> FunctionBuilder:
        """Add a function to the unit, defined in the current one."""
        outer = self.into
        parent = outer.index if self.functions else -1
        builder = FunctionBuilder(len(self.functions), name, kind, parent, -1, span, name_span)
        self.functions.append(builder)
        return builder

    def parameters(self, arguments: ast.arguments, outer: FunctionBuilder) -> None:
        """Lower parameters of the function begun last; defaults are evaluated in ``outer``."""
        raise NotImplementedError

    def finish_lambda(self, node: ast.Lambda, region: int, statement: int) -> None:
        """Lower the body of a lambda as one return statement."""
        raise NotImplementedError

    # Stores

    def store(self, target: ast.expr, value: Value, mode: Mode) -> None:
        """Record the write of ``value`` to a target, which may unpack it."""
        cls = target.__class__
        into = self.into
        if cls is ast.Name:
            name: str = target.id  # type: ignore[attr-defined]
            if name not in into.scoped:
                into.bound.add(name)
            into.writes.append(Write(name, mode, value, into.at, into.statement, self.span(target)))
            into.at += 1
        elif cls in _CHAIN:
            text, root = self._chain(target)
            if root is not None:
                callee = into.calls[root.call].callee if isinstance(root, Result) else "*"
                rest = root.rest if isinstance(root, Result) else ""
                text = f"{callee}(){rest}{text}"
            into.writes.append(Write(text, mode, value, into.at, into.statement, self.span(target)))
            into.at += 1
        elif isinstance(target, ast.Starred):
            self.store(target.value, Opaque((value,)), mode)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, mode)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, mode: Mode) -> None:
        targets = target.elts
        pairwise = (
            isinstance(value, Items)
            and not value.comprehension
            and len(value.parts) == len(targets)
            and not any(isinstance(part, ast.Starred) for part in targets)
        )
        for index, part in enumerate(targets):
            if pairwise:
                self.store(part, value.parts[index], mode)  # type: ignore[union-attr]
            else:
                self.store(part, step(value, f"[{index}]"), mode)


def step(value: Value, text: str) -> Value:
    """Return the value reached from ``value`` by the steps ``text``."""
    if isinstance(value, Path):
        return Path(value.text + text)
    if isinstance(value, Result):
        return Result(value.call, value.rest + text)
    return Opaque((value,))


def element(value: Value) -> Value:
    """Return the element that iterating over ``value`` yields."""
    if isinstance(value, Items) and len(value.parts) == 1:
        return value.parts[0]
    return step(value, "[*]")


_CHAIN = (ast.Attribute, ast.Subscript, ast.Name)
_COMPREHENSIONS: dict[type[ast.AST], str] = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.GeneratorExp: "generator",
}
_VALUES: dict[type[ast.AST], Callable[[Any, Any], Value]] = {
    ast.Name: ExpressionLowering._name,
    ast.Constant: ExpressionLowering._constant,
    ast.Attribute: ExpressionLowering._access,
    ast.Subscript: ExpressionLowering._access,
    ast.Call: ExpressionLowering._call,
    ast.Await: ExpressionLowering._await,
    ast.Yield: ExpressionLowering._yield,
    ast.YieldFrom: ExpressionLowering._yield_from,
    ast.BinOp: ExpressionLowering._binary,
    ast.BoolOp: ExpressionLowering._boolean,
    ast.UnaryOp: ExpressionLowering._unary,
    ast.Compare: ExpressionLowering._compare,
    ast.IfExp: ExpressionLowering._conditional,
    ast.JoinedStr: ExpressionLowering._joined,
    ast.FormattedValue: ExpressionLowering._formatted,
    ast.List: ExpressionLowering._list,
    ast.Tuple: ExpressionLowering._tuple,
    ast.Set: ExpressionLowering._set,
    ast.Dict: ExpressionLowering._dict,
    ast.ListComp: ExpressionLowering._comprehension,
    ast.SetComp: ExpressionLowering._comprehension,
    ast.GeneratorExp: ExpressionLowering._comprehension,
    ast.DictComp: ExpressionLowering._dict_comprehension,
    ast.Starred: ExpressionLowering._starred,
    ast.NamedExpr: ExpressionLowering._named,
    ast.Lambda: ExpressionLowering._lambda,
}
