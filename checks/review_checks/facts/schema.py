"""What one unit of source text says, as plain values that depend on that text alone.

Facts are symbolic: they name ``self._lock`` or ``utils.synchronized`` and leave it to the
summaries to say what those are. They state what is read, written, called, raised and returned,
in evaluation order, and place each in a tree of statements and regions that records the
structured control flow. Lines are 0-based and relative to the first line of the unit; columns
count code points.

An *access path* is a string: a name followed by ``.attribute``, ``[key]`` and ``()`` steps, such
as ``self.nodes[name].stats`` or ``client.get().text``. A key is the source of a constant or of
another access path, ``*`` when it is anything else, ``:`` for a slice.
"""

from __future__ import annotations

import enum

import msgspec

from review_checks.model import Span

SCHEMA = 7
"""Changes whenever equal text may yield other facts; part of every cache key."""


# Values: what an expression is made of, without its calls' bodies or positions.


class Path(msgspec.Struct, frozen=True, array_like=True, tag="p", gc=False):
    """The value found at an access path."""

    text: str


class Const(msgspec.Struct, frozen=True, array_like=True, tag="c", gc=False):
    """A literal; strings are cut to 4000 characters, bytes to 200."""

    value: str | int | float | bool | None


class Result(msgspec.Struct, frozen=True, array_like=True, tag="r", gc=False):
    """What the call with index ``call`` returns, followed by the steps of ``rest``."""

    call: int
    rest: str = ""


class Format(msgspec.Struct, frozen=True, array_like=True, tag="f"):
    """A string made from ``parts``: an f-string, ``%``, or ``str.format``; literals included."""

    parts: tuple[Value, ...]


class Binary(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """An arithmetic or bitwise operation; ``op`` is the operator as written."""

    op: str
    left: Value
    right: Value


class Compare(msgspec.Struct, frozen=True, array_like=True, tag="="):
    """A comparison chain: ``operands[0] ops[0] operands[1] …``."""

    ops: tuple[str, ...]
    operands: tuple[Value, ...]


class Logic(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """``and``, ``or``, ``not``, or ``if`` (condition, value if true, value if false)."""

    op: str
    parts: tuple[Value, ...]


class Items(msgspec.Struct, frozen=True, array_like=True, tag="i"):
    """A display or comprehension; ``kind`` is one of list, tuple, set, generator, table-of.

    A comprehension has the value of its element as its only part.
    """

    kind: str
    parts: tuple[Value, ...]
    comprehension: bool = False


class Table(msgspec.Struct, frozen=True, array_like=True, tag="t"):
    """A dictionary display; the key of a ``**mapping`` entry is None."""

    keys: tuple[Value | None, ...]
    values: tuple[Value, ...]


class Closure(msgspec.Struct, frozen=True, array_like=True, tag="k", gc=False):
    """A lambda: the function with this index in the unit."""

    function: int


class Opaque(msgspec.Struct, frozen=True, array_like=True, tag="o"):
    """Any other expression over ``parts``."""

    parts: tuple[Value, ...] = ()


Value = Path | Const | Result | Format | Binary | Compare | Logic | Items | Table | Closure | Opaque


# The tree of control flow.


class RegionKind(enum.IntEnum):
    """Which block of its statement a region is."""

    BODY = 0
    THEN = 1
    ELSE = 2
    LOOP = 3
    LOOP_ELSE = 4
    TRY = 5
    HANDLER = 6
    TRY_ELSE = 7
    FINALLY = 8
    WITH = 9
    CASE = 10


class Exit(enum.IntFlag):
    """How control can leave a region before its end."""

    NONE = 0
    RETURN = 1
    RAISE = 2
    BREAK = 4
    CONTINUE = 8


class Region(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One block of statements.

    ``owner`` is the statement whose block this is (-1 for the function's body) and ``parent``
    the region in which that statement stands. ``falls`` says that control can reach the end of
    the block; ``first`` is the index of its first statement.
    """

    kind: RegionKind
    parent: int
    owner: int
    falls: bool
    exits: int
    first: int


class StatementKind(enum.IntEnum):
    """The kind of a statement, as far as control flow and fixes care."""

    EXPRESSION = 0
    ASSIGN = 1
    RETURN = 2
    RAISE = 3
    BREAK = 4
    CONTINUE = 5
    PASS = 6
    IF = 7
    FOR = 8
    WHILE = 9
    TRY = 10
    WITH = 11
    MATCH = 12
    DEFINITION = 13
    IMPORT = 14
    ASSERT = 15
    DELETE = 16
    SCOPE = 17


class Statement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One statement; ``at`` to ``end`` (exclusive) are the orders of the events inside it.

    The ``span`` of a definition begins with its decorators. ``literal`` marks an expression statement that is only a constant, a docstring or ``...``.
    """

    kind: StatementKind
    region: int
    span: Span
    at: int
    end: int
    literal: bool = False


# Events. ``at`` is the order of evaluation within the function, ``statement`` an index.


class Mode(enum.IntEnum):
    """How a path is written."""

    ASSIGN = 0
    AUGMENT = 1
    DELETE = 2
    ITERATE = 3
    ENTER = 4
    CATCH = 5
    DEFINE = 6


class Write(msgspec.Struct, frozen=True, array_like=True):
    """A store to an access path, or its deletion.

    ``value`` is what is stored: the element of the iterable (``path[*]``) for ITERATE, the
    context manager for ENTER, the operand for AUGMENT.
    """

    path: str
    mode: Mode
    value: Value
    at: int
    statement: int
    span: Span


class Read(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A load of an access path, or of a name that the function does not bind itself."""

    path: str
    at: int
    statement: int
    span: Span


class Use(enum.IntEnum):
    """What becomes of a call's result."""

    OTHER = 0
    DISCARDED = 1
    BOUND = 2
    RETURNED = 3
    ENTERED = 4
    ITERATED = 5


class Call(msgspec.Struct, frozen=True, array_like=True):
    """A call; ``callee`` is an access path, empty when the function is another expression.

    ``receiver`` is the index of the call on whose result this one is made, or -1. The name of a
    ``**mapping`` argument is empty; a ``*sequence`` argument is an ``Opaque`` value. ``spans`` are
    those of ``args`` and then of the values of ``keywords``; they are kept only where the result is
    discarded, for there the arguments are all that a finding can point at.
    """

    callee: str
    receiver: int
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]
    use: Use
    awaited: bool
    at: int
    statement: int
    span: Span
    spans: tuple[Span, ...] = ()


class Test(msgspec.Struct, frozen=True, array_like=True):
    """The condition of an ``if``, ``while`` or ``assert``, or the subject of a ``match``."""

    value: Value
    at: int
    statement: int


class Raise(msgspec.Struct, frozen=True, array_like=True):
    """A ``raise``; ``type`` is the path of the exception's class or name, empty when bare."""

    type: str
    value: Value
    cause: bool
    at: int
    statement: int


class Return(msgspec.Struct, frozen=True, array_like=True):
    """A ``return`` with its value, or a ``yield`` when ``yields``."""

    value: Value
    yields: bool
    at: int
    statement: int


class Suspend(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A point where a coroutine or generator gives up control."""

    at: int
    statement: int
    span: Span


class Handler(msgspec.Struct, frozen=True, array_like=True):
    """An ``except`` clause; ``types`` is empty when it is bare.

    ``span`` covers the line of the clause up to its colon's statement; ``comment`` says that a
    comment explains it: one on that line, right above it or in its body, one that speaks of
    failure at the head of its ``try``, or one right below that says what is passed over; or that a
    text stands in its body as if it were a comment.
    """

    statement: int
    region: int
    types: tuple[str, ...]
    name: str
    span: Span
    comment: bool


class WithItem(msgspec.Struct, frozen=True, array_like=True):
    """One context manager of a ``with``; ``name`` is the path it is bound to, or empty."""

    statement: int
    region: int
    value: Value
    name: str
    asynchronous: bool
    span: Span


class Import(msgspec.Struct, frozen=True, array_like=True):
    """``from module import attribute as name``; ``attribute`` is empty for ``import module``."""

    name: str
    module: str
    attribute: str
    level: int
    statement: int


class Parameter(msgspec.Struct, frozen=True, array_like=True):
    """A parameter; ``kind`` is one of the strings '', '*' and '**'."""

    name: str
    kind: str
    annotation: str
    default: Value | None


class Decorator(msgspec.Struct, frozen=True, array_like=True):
    """A decorator: a path, or the result of a call made in the enclosing function."""

    path: str
    call: Call | None
    span: Span


class FunctionKind(enum.IntEnum):
    """What body of statements a function's facts describe."""

    FUNCTION = 0
    LAMBDA = 1
    MODULE = 2
    CLASS = 3


class Function(msgspec.Struct, frozen=True, array_like=True):
    """The facts of one body: a function, lambda, class body, or run of module statements.

    ``parent`` is the index of the function in which it is defined (-1 outside), ``owner`` the
    index of the class whose body defines it (-1 when that lies outside the unit or nowhere).
    ``docstring`` is kept only when it speaks of locks, of failure in a function with handlers, or
    of silence in a module.
    ``scoped`` are the names declared ``global`` or ``nonlocal``.
    """

    name: str
    kind: FunctionKind
    parent: int
    owner: int
    asynchronous: bool
    generator: bool
    span: Span
    name_span: Span
    body_line: int
    parameters: tuple[Parameter, ...]
    decorators: tuple[Decorator, ...]
    returns: str
    docstring: str
    scoped: tuple[str, ...]
    regions: tuple[Region, ...]
    statements: tuple[Statement, ...]
    writes: tuple[Write, ...]
    reads: tuple[Read, ...]
    calls: tuple[Call, ...]
    tests: tuple[Test, ...]
    raises: tuple[Raise, ...]
    results: tuple[Return, ...]
    suspends: tuple[Suspend, ...]
    handlers: tuple[Handler, ...]
    withs: tuple[WithItem, ...]
    imports: tuple[Import, ...]


class Class(msgspec.Struct, frozen=True, array_like=True):
    """A class statement; ``body`` is the index of its body's facts.

    ``scope`` are the names of the classes around it inside the unit.
    """

    name: str
    bases: tuple[str, ...]
    decorators: tuple[Decorator, ...]
    span: Span
    name_span: Span
    body: int
    parent: int


class Comment(msgspec.Struct, frozen=True, array_like=True):
    """A comment that speaks to this tool, or of how data are shared, with its ``#``."""

    text: str
    line: int
    column: int


class UnitFacts(msgspec.Struct, frozen=True, array_like=True):
    """Everything one unit says; ``functions[0]`` is the unit's own body or function."""

    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    comments: tuple[Comment, ...]
