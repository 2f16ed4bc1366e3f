"""Collects the facts of one function while its body is lowered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import (
    Exit,
    Function,
    FunctionKind,
    Region,
    RegionKind,
    Statement,
    StatementKind,
)

if TYPE_CHECKING:
    from review_checks.facts.schema import (
        Call,
        Decorator,
        Handler,
        Import,
        Parameter,
        Raise,
        Read,
        Return,
        Suspend,
        Test,
        WithItem,
        Write,
    )
    from review_checks.model import Span

_UNKNOWN_REGION = Region(RegionKind.BODY, -1, -1, True, Exit.NONE, -1)


class FunctionBuilder:
    """The growing facts of one function; ``at`` is the order of the next event."""

    __slots__ = (
        "asynchronous",
        "at",
        "body_line",
        "bound",
        "calls",
        "decorators",
        "docstring",
        "generator",
        "handlers",
        "imports",
        "index",
        "kind",
        "name",
        "name_span",
        "owner",
        "parameters",
        "parent",
        "raises",
        "reads",
        "region",
        "regions",
        "results",
        "returns",
        "scoped",
        "span",
        "statement",
        "statements",
        "suspends",
        "tests",
        "withs",
        "writes",
    )

    def __init__(
        self,
        index: int,
        name: str,
        kind: FunctionKind,
        parent: int,
        owner: int,
        span: Span,
        name_span: Span,
    ) -> None:
        """Begin a function that will be number ``index`` of its unit."""
        self.index = index
        self.name = name
        self.kind = kind
        self.parent = parent
        self.owner = owner
        self.span = span
        self.name_span = name_span
        self.body_line = span.line
        self.asynchronous = False
        self.generator = False
        self.parameters: list[Parameter] = []
        self.decorators: list[Decorator] = []
        self.returns = ""
        self.docstring = ""
        self.scoped: set[str] = set()
        self.bound: set[str] = set()
        self.at = 0
        self.statement = -1
        self.region = -1
        self.regions: list[Region] = []
        self.statements: list[Statement] = []
        self.writes: list[Write] = []
        self.reads: list[Read] = []
        self.calls: list[Call] = []
        self.tests: list[Test] = []
        self.raises: list[Raise] = []
        self.results: list[Return] = []
        self.suspends: list[Suspend] = []
        self.handlers: list[Handler] = []
        self.withs: list[WithItem] = []
        self.imports: list[Import] = []

    def open_region(self) -> int:
        """Reserve a region; its contents are known only when it is closed."""
        self.regions.append(_UNKNOWN_REGION)
        return len(self.regions) - 1

    def open_statement(self) -> int:
        """Reserve a statement and make it the current one."""
        self.statements.append(_UNKNOWN_STATEMENT)
        self.statement = len(self.statements) - 1
        return self.statement

    def finish(self) -> Function:
        """Return the facts, with reads of the function's own bare names left out."""
        bound = self.bound
        return Function(
            self.name,
            self.kind,
            self.parent,
            self.owner,
            self.asynchronous,
            self.generator,
            self.span,
            self.name_span,
            self.body_line,
            tuple(self.parameters),
            tuple(self.decorators),
            self.returns,
            self.docstring,
            tuple(sorted(self.scoped)),
            tuple(self.regions),
            tuple(self.statements),
            tuple(self.writes),
            tuple([read for read in self.reads if read.path not in bound]),
            tuple(self.calls),
            tuple(self.tests),
            tuple(self.raises),
            tuple(self.results),
            tuple(self.suspends),
            tuple(self.handlers),
            tuple(self.withs),
            tuple(self.imports),
        )


_UNKNOWN_STATEMENT = Statement(StatementKind.PASS, -1, None, 0, 0)  # type: ignore[arg-type]
