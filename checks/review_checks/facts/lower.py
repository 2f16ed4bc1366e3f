"""Lowers one unit of text to its facts, in one visit of its syntax tree."""

from __future__ import annotations

import ast
import functools
import re
import warnings
from typing import TYPE_CHECKING, Any

from review_checks.facts.builder import FunctionBuilder
from review_checks.facts.comments import Remark, directives, explains_handler, remarks
from review_checks.facts.expressions import ExpressionLowering, element
from review_checks.facts.schema import (
    Class,
    Const,
    Decorator,
    Exit,
    FunctionKind,
    Handler,
    Import,
    Mode,
    Opaque,
    Parameter,
    Path,
    Raise,
    Region,
    RegionKind,
    Result,
    Return,
    Statement,
    StatementKind,
    Test,
    UnitFacts,
    Use,
    Value,
    WithItem,
)
from review_checks.model import Span

if TYPE_CHECKING:
    from collections.abc import Callable

_SPEAKS_OF_LOCKS = re.compile(r"\block|\bsemaphore|\bmutex|\bheld\b|synchroni[sz]ed", re.IGNORECASE)
_SPEAKS_OF_FAILURE = re.compile(
    r"best.effort|\b(?:ignor|swallow|suppress|silent|fail|error|exception|fall|otherwise|possible"
    r"|rais|not found|invalid|missing|unable|cannot|unknown|whether|None|False)",
    re.IGNORECASE,
)
_SPEAKS_OF_SILENCE = re.compile(
    r"best.effort|\b(?:silent|swallow|suppress|ignor|never (?:rais|fail))", re.IGNORECASE
)
_LEAVES = {
    StatementKind.RETURN: Exit.RETURN,
    StatementKind.RAISE: Exit.RAISE,
    StatementKind.BREAK: Exit.BREAK,
    StatementKind.CONTINUE: Exit.CONTINUE,
}
_LOOPED = Exit.BREAK | Exit.CONTINUE
_PASS, _EXPRESSION, _DEFINITION = (
    StatementKind.PASS,
    StatementKind.EXPRESSION,
    StatementKind.DEFINITION,
)

Flow = tuple[bool, int]
"""Whether control falls off the end of a block or statement, and how else it can leave."""


def lower_unit(text: str, before: int) -> UnitFacts:
    """Parse the text of a unit and return its facts.

    Args:
        text: what the parser gets, see ``review_checks.text.units.parse_text``.
        before: how many lines of ``text`` stand before the unit's first line.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError, OverflowError: the text does not
            parse, or is nested too deeply.
    """
    if "\r" in text:
        # To the parser every line end is a newline.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    with warnings.catch_warnings():
        # An invalid escape in somebody's string is not ours to report on standard error.
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    body: list[ast.stmt] = tree.body
    if before and len(body) == 1 and isinstance(body[0], ast.If) and not body[0].orelse:
        body = body[0].body
    columns = None if text.isascii() else _column_map(text.split("\n")[before:])
    commented = "#" in text
    comments = remarks(text, before) if commented and "except" in text else {}
    lowering = _UnitLowering(before + 1, columns, comments)
    lowering.unit(body, text.count("\n") + 1 - before)
    found = directives(text, before) if commented else ()
    return UnitFacts(
        tuple([function.finish() for function in lowering.functions]),
        tuple(lowering.classes),
        found,
    )


@functools.lru_cache(maxsize=1000)
def unread_function(name: str) -> UnitFacts:
    """Return the facts of a function of which nothing but its name is known."""
    try:
        return lower_unit(f"def {name}(): ...\n", 0)
    except SyntaxError:
        return lower_unit("def _(): ...\n", 0)


@functools.lru_cache(maxsize=256)
def _matters(docstring: str, *, handles: bool) -> bool:
    """Say whether a docstring tells what rules ask for; most often the same one is asked about."""
    if _SPEAKS_OF_LOCKS.search(docstring):
        return True
    return handles and _SPEAKS_OF_FAILURE.search(docstring) is not None


def _is_text(node: ast.stmt) -> bool:
    """Say whether a statement is a mere text, such as a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _column_map(lines: list[str]) -> Callable[[int, int], int]:
    """Return a function from a line and a UTF-8 column to code points."""

    def columns(line: int, column: int) -> int:
        text = lines[line] if line < len(lines) else ""
        if text.isascii():
            return column
        return len(text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))

    return columns


class _UnitLowering(ExpressionLowering):
    """Lowers the statements of a unit and all functions and classes nested in it."""

    def __init__(
        self,
        first_line: int,
        columns: Callable[[int, int], int] | None,
        comments: dict[int, Remark],
    ) -> None:
        super().__init__(first_line, columns)
        self.classes: list[Class] = []
        self._comments = comments
        self._class = -1

    def unit(self, body: list[ast.stmt], size: int) -> None:
        """Lower the statements of a unit: one function, one class header, or a run."""
        only = body[0] if len(body) == 1 else None
        whole = Span(0, 0, size, 0)
        if isinstance(only, ast.FunctionDef | ast.AsyncFunctionDef):
            # Decorators and defaults are evaluated outside the function; a scratch body takes
            # their events and is dropped.
            self.into = FunctionBuilder(-1, "", FunctionKind.MODULE, -1, -1, whole, whole)
            self.into.open_statement()
            self._function(only)
            return
        if isinstance(only, ast.ClassDef):
            self.into = FunctionBuilder(-1, "", FunctionKind.MODULE, -1, -1, whole, whole)
            self.into.open_statement()
            self._define_class(only)
            return
        self.into = self.begin("<module>", FunctionKind.MODULE, whole, whole)
        self.block(body, RegionKind.BODY, -1, -1)
        if body and _is_text(body[0]):
            docstring = body[0].value.value  # type: ignore[attr-defined]
            self.into.docstring = docstring if _SPEAKS_OF_SILENCE.search(docstring) else ""

    # Blocks

    def block(self, body: list[ast.stmt], kind: RegionKind, owner: int, parent: int) -> Flow:
        """Lower the statements of a block as a region of its own."""
        into = self.into
        index = into.open_region()
        first = len(into.statements)
        falls, exits = True, int(Exit.NONE)
        for node in body:
            goes_on, leaves = self._statement(node, index)
            if falls:
                exits |= leaves
            falls = falls and goes_on
        into.regions[index] = Region(kind, parent, owner, falls, exits, first)
        return falls, exits

    def _statement(self, node: ast.stmt, region: int) -> Flow:
        into = self.into
        before = into.statement
        outer_region = into.region
        index = into.open_statement()
        into.region = region
        at = into.at
        kind, lower = _STATEMENTS.get(node.__class__, (_PASS, _UnitLowering._nothing))
        literal = (
            kind is _EXPRESSION and isinstance(node.value, ast.Constant)  # type: ignore[attr-defined]
        )
        span = self._whole(node) if kind is _DEFINITION else self.span(node)
        flow = lower(self, node)
        into.statements[index] = Statement(kind, region, span, at, into.at, literal)
        into.statement = before
        into.region = outer_region
        if flow is None:
            leaves = _LEAVES.get(kind)
            return (True, 0) if leaves is None else (False, int(leaves))
        return flow

    def _nothing(self, node: ast.stmt) -> None:
        """Lower a statement without effects of its own, such as ``pass``."""

    # Simple statements

    def _expression(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.used(node.value, Use.DISCARDED)

    def _assign(self, node: ast.Assign) -> None:
        value = self.used(node.value, Use.BOUND)
        for target in node.targets:
            self.store(target, value, Mode.ASSIGN)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.used(node.value, Use.BOUND), Mode.ASSIGN)

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.value(node.value)
        self.store(node.target, value, Mode.AUGMENT)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.store(target, Const(None), Mode.DELETE)

    def _return(self, node: ast.Return) -> None:
        value = self.used(node.value, Use.RETURNED) if node.value is not None else Const(None)
        into = self.into
        into.results.append(Return(value, False, into.at, into.statement))
        into.at += 1

    def _raise(self, node: ast.Raise) -> None:
        into = self.into
        value: Value = Const(None)
        name = ""
        if node.exc is not None:
            value = self.used(node.exc, Use.OTHER)
            if isinstance(value, Path):
                name = value.text
            elif isinstance(value, Result) and not value.rest:
                name = into.calls[value.call].callee
        if node.cause is not None:
            self.value(node.cause)
        into.raises.append(Raise(name, value, node.cause is not None, into.at, into.statement))
        into.at += 1

    def _assert(self, node: ast.Assert) -> Flow:
        self._test(node.test)
        if node.msg is not None:
            self.value(node.msg)
        return True, 0

    def _scope(self, node: ast.Global | ast.Nonlocal) -> None:
        self.into.scoped.update(node.names)

    def _import(self, node: ast.Import) -> None:
        into = self.into
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else name
            into.bound.add(name)
            into.imports.append(Import(name, module, "", 0, into.statement))
            if not alias.asname and module != alias.name:
                # `import a.b` binds `a`, and makes `a.b` available.
                into.imports.append(Import("", alias.name, "", 0, into.statement))

    def _import_from(self, node: ast.ImportFrom) -> None:
        into = self.into
        for alias in node.names:
            name = alias.asname or alias.name
            into.bound.add(name)
            into.imports.append(
                Import(name, node.module or "", alias.name, node.level, into.statement)
            )

    # Compound statements

    def _test(self, node: ast.expr) -> Value:
        value = self.value(node)
        into = self.into
        into.tests.append(Test(value, into.at, into.statement))
        into.at += 1
        return value

    def _if(self, node: ast.If) -> Flow:
        # A chain of `elif` is followed in a loop: it may be longer than the stack is deep.
        into = self.into
        region = into.region
        pending: list[tuple[int, int, Any, int, int]] = []
        falls, exits = False, 0
        while True:
            owner = into.statement
            self._test(node.test)
            goes_on, leaves = self.block(node.body, RegionKind.THEN, owner, region)
            falls = falls or goes_on
            exits |= leaves
            into.statement = owner
            orelse = node.orelse
            if len(orelse) != 1 or not isinstance(orelse[0], ast.If):
                break
            inner = into.open_region()
            statement = into.open_statement()
            pending.append((inner, owner, orelse[0], region, statement))
            into.statements[statement] = Statement(
                StatementKind.IF, inner, self.span(orelse[0]), into.at, into.at
            )
            region = inner
            node = orelse[0]
        if orelse:
            goes_on, leaves = self.block(orelse, RegionKind.ELSE, owner, region)
            falls = falls or goes_on
            exits |= leaves
        else:
            falls = True
        for inner, owner, branch, parent, statement in reversed(pending):
            # Each `else` that holds the rest of the chain leaves as the whole rest does; that
            # the earlier branches are counted in errs on the side of more ways out.
            into.regions[inner] = Region(RegionKind.ELSE, parent, owner, falls, exits, statement)
            into.statements[statement] = Statement(
                StatementKind.IF,
                inner,
                self.span(branch),
                into.statements[statement].at,
                into.at,
            )
        return falls, exits

    def _for(self, node: Any) -> Flow:
        into = self.into
        statement, region = into.statement, into.region
        source = self.used(node.iter, Use.ITERATED)
        if isinstance(node, ast.AsyncFor):
            self._suspend(node.iter)
        self.store(node.target, element(source), Mode.ITERATE)
        _, exits = self.block(node.body, RegionKind.LOOP, statement, region)
        return self._after_loop(node, exits, endless=False)

    def _while(self, node: ast.While) -> Flow:
        into = self.into
        statement, region = into.statement, into.region
        test = self._test(node.test)
        endless = isinstance(test, Const) and bool(test.value)
        _, exits = self.block(node.body, RegionKind.LOOP, statement, region)
        return self._after_loop(node, exits, endless=endless)

    def _after_loop(self, node: Any, exits: int, *, endless: bool) -> Flow:
        into = self.into
        falls = not endless or bool(exits & Exit.BREAK)
        leaves = exits & ~_LOOPED
        if node.orelse:
            goes_on, more = self.block(
                node.orelse, RegionKind.LOOP_ELSE, into.statement, into.region
            )
            falls = goes_on or bool(exits & Exit.BREAK)
            leaves |= more
        return falls, leaves

    def _with(self, node: Any) -> Flow:
        into = self.into
        statement, region = into.statement, into.region
        asynchronous = isinstance(node, ast.AsyncWith)
        inside = len(into.regions)
        for item in node.items:
            value = self.used(item.context_expr, Use.ENTERED)
            if asynchronous:
                self._suspend(item.context_expr)
            name = ""
            if item.optional_vars is not None:
                name = self.dotted(item.optional_vars)
                self.store(item.optional_vars, value, Mode.ENTER)
            into.withs.append(
                WithItem(statement, inside, value, name, asynchronous, self.span(item.context_expr))
            )
        return self.block(node.body, RegionKind.WITH, statement, region)

    def _try(self, node: Any) -> Flow:
        into = self.into
        statement, region = into.statement, into.region
        falls, exits = self.block(node.body, RegionKind.TRY, statement, region)
        handled_falls = False
        for handler in node.handlers:
            goes_on, leaves = self._handler(handler, node, statement, region)
            handled_falls = handled_falls or goes_on
            exits |= leaves
        if node.orelse:
            goes_on, leaves = self.block(node.orelse, RegionKind.TRY_ELSE, statement, region)
            falls = falls and goes_on
            exits |= leaves
        falls = falls or handled_falls
        if node.finalbody:
            goes_on, leaves = self.block(node.finalbody, RegionKind.FINALLY, statement, region)
            if not goes_on:
                falls, exits = False, 0
            exits |= leaves
        return falls, exits

    def _handler(self, node: ast.ExceptHandler, attempt: Any, statement: int, region: int) -> Flow:
        into = self.into
        into.statement = statement
        types: tuple[str, ...] = ()
        end = self.span(node)
        head = Span(end.line, end.column, end.line, end.column + len("except"))
        if node.type is not None:
            parts = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            types = tuple([self.dotted(part) or "?" for part in parts])
            typed = self.span(node.type)
            head = Span(end.line, end.column, typed.end_line, typed.end_column)
            self.value(node.type)
        if node.name is not None:
            into.bound.add(node.name)
        inside = len(into.regions)
        tried = (self.span(attempt).line, self.span(attempt.body[0]).line)
        lines = (end.line, end.end_line)
        comment = explains_handler(self._comments, tried, lines, end.column)
        comment = comment or any(map(_is_text, node.body))
        into.handlers.append(Handler(statement, inside, types, node.name or "", head, comment))
        return self.block(node.body, RegionKind.HANDLER, statement, region)

    def _match(self, node: Any) -> Flow:
        into = self.into
        statement, region = into.statement, into.region
        subject = self._test(node.subject)
        falls, exits, total = False, 0, False
        for case in node.cases:
            into.statement = statement
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    target = ast.copy_location(ast.Name(name, ast.Store()), part)
                    self.store(target, Opaque((subject,)), Mode.ASSIGN)
            if case.guard is not None:
                self.value(case.guard)
            elif isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None:
                total = True
            goes_on, leaves = self.block(case.body, RegionKind.CASE, statement, region)
            falls = falls or goes_on
            exits |= leaves
        return falls or not total, exits

    # Definitions

    def _function(self, node: Any) -> None:
        outer, owner = self.into, self._class
        decorators = self._decorators(node.decorator_list)
        inner = self.begin(
            node.name, FunctionKind.FUNCTION, self._whole(node), self._name_span(node)
        )
        inner.owner = owner if outer.kind is FunctionKind.CLASS else -1
        inner.asynchronous = isinstance(node, ast.AsyncFunctionDef)
        inner.decorators += decorators
        inner.returns = self.dotted(node.returns)
        inner.body_line = node.body[0].lineno - self.first_line
        self.parameters(node.args, outer)
        if outer.kind is FunctionKind.FUNCTION and node.name not in outer.scoped:
            outer.bound.add(node.name)
        self.into, self._class = inner, -1
        self.block(node.body, RegionKind.BODY, -1, -1)
        docstring = ast.get_docstring(node, clean=False)
        if docstring and _matters(docstring, handles=bool(inner.handlers)):
            inner.docstring = docstring
        self.into, self._class = outer, owner

    def _define_class(self, node: ast.ClassDef) -> None:
        outer, owner = self.into, self._class
        decorators = self._decorators(node.decorator_list)
        for base in node.bases:
            self.value(base)
        for keyword in node.keywords:
            self.value(keyword.value)
        span, name_span = self._whole(node), self._name_span(node)
        body = self.begin(node.name, FunctionKind.CLASS, span, name_span)
        if outer.kind is not FunctionKind.CLASS:
            owner = -1
        body.owner = owner
        index = len(self.classes)
        bases = tuple([self.dotted(base) for base in node.bases])
        self.classes.append(
            Class(node.name, bases, tuple(decorators), span, name_span, body.index, owner)
        )
        if outer.kind is FunctionKind.FUNCTION:
            outer.bound.add(node.name)
        kept = self._class
        self.into, self._class = body, index
        self.block(node.body, RegionKind.BODY, -1, -1)
        self.into, self._class = outer, kept

    def _whole(self, node: Any) -> Span:
        """Return the span of a definition, its decorators included."""
        span = self.span(node)
        if not node.decorator_list:
            return span
        first = self.span(node.decorator_list[0])
        return Span(first.line, span.column, span.end_line, span.end_column)

    def _name_span(self, node: Any) -> Span:
        """Return the span of the name in a definition; it follows its keyword."""
        span = self.span(node)
        keyword = {ast.FunctionDef: 4, ast.ClassDef: 6, ast.AsyncFunctionDef: 10}[node.__class__]
        start = span.column + keyword
        return Span(span.line, start, span.line, start + len(node.name))

    def _decorators(self, nodes: list[ast.expr]) -> list[Decorator]:
        found: list[Decorator] = []
        for node in nodes:
            value = self.value(node)
            if isinstance(value, Path):
                found.append(Decorator(value.text, None, self.span(node)))
            elif isinstance(value, Result) and not value.rest:
                call = self.into.calls[value.call]
                found.append(Decorator(call.callee, call, self.span(node)))
            else:
                found.append(Decorator("", None, self.span(node)))
        return found

    def parameters(self, arguments: ast.arguments, outer: FunctionBuilder) -> None:
        """Lower parameters of the function begun last; defaults are evaluated in ``outer``."""
        inner = self.functions[-1]
        positional = [*arguments.posonlyargs, *arguments.args]
        missing = len(positional) - len(arguments.defaults)
        defaults: list[ast.expr | None] = [*[None] * missing, *arguments.defaults]
        rows = [(arg, "", default) for arg, default in zip(positional, defaults, strict=True)]
        if arguments.vararg is not None:
            rows.append((arguments.vararg, "*", None))
        rows += [
            (arg, "", default)
            for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ]
        if arguments.kwarg is not None:
            rows.append((arguments.kwarg, "**", None))
        self.into = outer
        for arg, kind, default in rows:
            value = None if default is None else self.value(default)
            inner.bound.add(arg.arg)
            inner.parameters.append(
                Parameter(arg.arg, kind, self.annotation(arg.annotation), value)
            )

    def finish_lambda(self, node: ast.Lambda, region: int, statement: int) -> None:
        """Lower the body of a lambda as one return statement."""
        into = self.into
        value = self.used(node.body, Use.RETURNED)
        into.results.append(Return(value, False, into.at, statement))
        into.at += 1
        into.statements[statement] = Statement(
            StatementKind.RETURN, region, self.span(node.body), 0, into.at
        )
        into.regions[region] = Region(RegionKind.BODY, -1, -1, False, Exit.RETURN, statement)


_STATEMENTS: dict[type[ast.AST], tuple[StatementKind, Callable[[Any, Any], Flow | None]]] = {
    ast.Expr: (StatementKind.EXPRESSION, _UnitLowering._expression),
    ast.Assign: (StatementKind.ASSIGN, _UnitLowering._assign),
    ast.AnnAssign: (StatementKind.ASSIGN, _UnitLowering._annotated),
    ast.AugAssign: (StatementKind.ASSIGN, _UnitLowering._augmented),
    ast.Delete: (StatementKind.DELETE, _UnitLowering._delete),
    ast.Return: (StatementKind.RETURN, _UnitLowering._return),
    ast.Raise: (StatementKind.RAISE, _UnitLowering._raise),
    ast.Break: (StatementKind.BREAK, _UnitLowering._nothing),
    ast.Continue: (StatementKind.CONTINUE, _UnitLowering._nothing),
    ast.Assert: (StatementKind.ASSERT, _UnitLowering._assert),
    ast.Global: (StatementKind.SCOPE, _UnitLowering._scope),
    ast.Nonlocal: (StatementKind.SCOPE, _UnitLowering._scope),
    ast.Import: (StatementKind.IMPORT, _UnitLowering._import),
    ast.ImportFrom: (StatementKind.IMPORT, _UnitLowering._import_from),
    ast.If: (StatementKind.IF, _UnitLowering._if),
    ast.For: (StatementKind.FOR, _UnitLowering._for),
    ast.AsyncFor: (StatementKind.FOR, _UnitLowering._for),
    ast.While: (StatementKind.WHILE, _UnitLowering._while),
    ast.With: (StatementKind.WITH, _UnitLowering._with),
    ast.AsyncWith: (StatementKind.WITH, _UnitLowering._with),
    ast.Try: (StatementKind.TRY, _UnitLowering._try),
    ast.TryStar: (StatementKind.TRY, _UnitLowering._try),
    ast.Match: (StatementKind.MATCH, _UnitLowering._match),
    ast.FunctionDef: (StatementKind.DEFINITION, _UnitLowering._function),
    ast.AsyncFunctionDef: (StatementKind.DEFINITION, _UnitLowering._function),
    ast.ClassDef: (StatementKind.DEFINITION, _UnitLowering._define_class),
}
