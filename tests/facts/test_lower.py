"""Facts say what the source says, in order, at the right place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from review_checks.facts.lower import lower_unit
from review_checks.facts.schema import (
    Binary,
    Compare,
    Const,
    Exit,
    Format,
    Function,
    FunctionKind,
    Items,
    Logic,
    Mode,
    Path,
    RegionKind,
    Result,
    StatementKind,
    UnitFacts,
    Use,
)
from support.nova import nova_source

if TYPE_CHECKING:
    from pathlib import Path as File


def facts(text: str) -> UnitFacts:
    return lower_unit(text, 0)


def function(body: str) -> Function:
    """Return the facts of a function with these indented lines as its body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return facts(f"def f(self, a, b=None, *args, **kwargs):\n{lines}").functions[0]


def spelled(body: str, span: object) -> str:
    lines = [
        "def f(self, a, b=None, *args, **kwargs):",
        *[f"    {line}" for line in body.splitlines()],
    ]
    assert span.line == span.end_line  # type: ignore[attr-defined]
    return lines[span.line][span.column : span.end_column]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("self.x = a.y", ["self.x"]),
        ("self.x[a] = 1", ["self.x[a]"]),
        ("self.x['k'].y = 1", ["self.x['k'].y"]),
        ("self.x[a + 1] = 1", ["self.x[*]"]),
        ("self.x[1:2] = []", ["self.x[:]"]),
        ("get(a).y = 1", ["get().y"]),
        ("x, self.y = a", ["x", "self.y"]),
        ("x = y = a", ["x", "y"]),
        ("del self.x[a]", ["self.x[a]"]),
        ("for x in a: pass", ["x"]),
        ("with a as x: pass", ["x"]),
        ("[x for x in a]", ["x"]),
        ("if (n := a.b()): pass", ["n"]),
    ],
)
def test_writes_name_what_is_written(source: str, paths: list[str]) -> None:
    assert [write.path for write in function(source).writes] == paths


@pytest.mark.parametrize(
    ("source", "mode", "value"),
    [
        ("x = a", Mode.ASSIGN, Path("a")),
        ("x += 2", Mode.AUGMENT, Const(2)),
        ("for x in a: pass", Mode.ITERATE, Path("a[*]")),
        ("for x in a.items(): pass", Mode.ITERATE, Result(0, "[*]")),
        ("with a.open() as x: pass", Mode.ENTER, Result(0)),
        ("x = f'{a}:{b}'", Mode.ASSIGN, Format((Path("a"), Const(":"), Path("b")))),
        ("x = '%s' % a", Mode.ASSIGN, Format((Const("%s"), Path("a")))),
        ("x = '%s %s' % (a, b)", Mode.ASSIGN, Format((Const("%s %s"), Path("a"), Path("b")))),
        ("x = '{}'.format(a)", Mode.ASSIGN, Format((Const("{}"), Path("a")))),
        ("x = a * 2 - b", Mode.ASSIGN, Binary("-", Binary("*", Path("a"), Const(2)), Path("b"))),
        ("x = a or b", Mode.ASSIGN, Logic("or", (Path("a"), Path("b")))),
        ("x = a if b else 1", Mode.ASSIGN, Logic("if", (Path("b"), Path("a"), Const(1)))),
        ("x = a < 1 <= b", Mode.ASSIGN, Compare(("<", "<="), (Path("a"), Const(1), Path("b")))),
        ("x = [a, -1]", Mode.ASSIGN, Items("list", (Path("a"), Const(-1)))),
        ("x = [y.z for y in a]", Mode.ASSIGN, Items("list", (Path("y.z"),), comprehension=True)),
        ("x = g(a).h[0]", Mode.ASSIGN, Result(0, ".h[0]")),
    ],
)
def test_values_say_what_is_written(source: str, mode: Mode, value: object) -> None:
    write = function(source).writes[-1]
    assert (write.mode, write.value) == (mode, value)


def test_unpacking_goes_part_by_part() -> None:
    writes = function("x, y = a, b\np, q = g()").writes
    assert [write.value for write in writes] == [
        Path("a"),
        Path("b"),
        Result(0, "[0]"),
        Result(0, "[1]"),
    ]


@pytest.mark.parametrize(
    ("source", "callees"),
    [
        ("self.a.b(c(a))", ["c", "self.a.b"]),
        ("g(a).h().i", ["g", "g().h"]),
        ("self.x[a].close()", ["self.x[a].close"]),
        ("(lambda: g())()", [""]),
        ("', '.join(a)", ["''.join"]),
        ("super().start()", ["super", "super().start"]),
    ],
)
def test_calls_come_in_the_order_of_evaluation(source: str, callees: list[str]) -> None:
    assert [call.callee for call in function(source).calls] == callees


@pytest.mark.parametrize(
    ("source", "use"),
    [
        ("g()", Use.DISCARDED),
        ("x = g()", Use.BOUND),
        ("return g()", Use.RETURNED),
        ("with g(): pass", Use.ENTERED),
        ("for x in g(): pass", Use.ITERATED),
        ("x = 1 + g()", Use.OTHER),
    ],
)
def test_a_call_knows_what_becomes_of_its_result(source: str, use: Use) -> None:
    assert function(source).calls[0].use is use


def test_reads_leave_out_what_the_function_binds() -> None:
    body = function("x = CACHE\nreturn x, y.z, len(a)\ny = 1")
    assert [read.path for read in body.reads] == ["CACHE", "y.z"]


def test_events_are_in_order_and_lie_in_their_statements() -> None:
    body = function("if g(a):\n    self.x = h()\nelse:\n    del self.x\nreturn self.x")
    events = [*body.writes, *body.reads, *body.calls, *body.tests, *body.results]
    orders = [event.at for event in events]
    assert len(set(orders)) == len(orders)
    for event in events:
        statement = body.statements[event.statement]
        assert statement.at <= event.at < statement.end


def test_spans_are_those_of_the_source() -> None:
    source = "self.values[a] = transform(b)"
    body = function(source)
    assert spelled(source, body.writes[0].span) == "self.values[a]"
    assert spelled(source, body.calls[0].span) == "transform(b)"


def test_columns_count_code_points() -> None:
    source = "x = 'é𝄞', self.open()"
    body = function(source)
    assert spelled(source, body.calls[0].span) == "self.open()"


@pytest.mark.parametrize(
    ("source", "falls", "exits"),
    [
        ("return 1", False, Exit.RETURN),
        ("if a:\n    return 1", True, Exit.RETURN),
        ("if a:\n    return 1\nelse:\n    raise b", False, Exit.RETURN | Exit.RAISE),
        ("while True:\n    g()", False, Exit.NONE),
        ("while True:\n    if a: break", True, Exit.NONE),
        ("while a:\n    return 1", True, Exit.RETURN),
        ("for x in a:\n    continue\nelse:\n    return 1", False, Exit.RETURN),
        ("try:\n    return 1\nexcept E:\n    pass", True, Exit.RETURN),
        ("try:\n    g()\nfinally:\n    return 1", False, Exit.RETURN),
        ("with a:\n    raise b", False, Exit.RAISE),
        (
            "match a:\n    case 1:\n        return 1\n    case _:\n        return 2",
            False,
            Exit.RETURN,
        ),
        ("match a:\n    case 1:\n        return 1", True, Exit.RETURN),
        ("if a:\n    return 1\nelif b:\n    return 2\nelse:\n    return 3", False, Exit.RETURN),
    ],
)
def test_regions_know_how_control_leaves_them(
    source: str,
    falls: bool,  # noqa: FBT001 -- pytest gives it by name
    exits: Exit,
) -> None:
    region = function(source).regions[0]
    assert (region.falls, region.exits) == (falls, exits)


def test_handlers_and_their_regions() -> None:
    body = function(
        "try:\n    g()\nexcept (A, b.C) as e:\n    pass\nexcept:  # why not\n    h()\nfinally:\n    i()"
    )
    first, second = body.handlers
    assert (first.types, first.name, first.comment) == (("A", "b.C"), "e", False)
    assert (second.types, second.comment) == ((), True)
    kinds = [body.regions[row.region].kind for row in body.statements]
    assert kinds == [
        RegionKind.BODY,
        RegionKind.TRY,
        RegionKind.HANDLER,
        RegionKind.HANDLER,
        RegionKind.FINALLY,
    ]


def test_a_long_chain_of_elif_is_a_tree_of_else() -> None:
    source = "if a == 0:\n    g()\n" + "".join(f"elif a == {n}:\n    g()\n" for n in range(1, 500))
    body = function(source)
    assert len(body.tests) == 500
    assert sum(row.kind is StatementKind.IF for row in body.statements) == 500


def test_nested_definitions_are_functions_of_their_own() -> None:
    text = "class C(B, metaclass=M):\n    x = Lock()\n\n    @dec(1)\n    def f(self):\n        def g(): return lambda: h()\n"
    unit = facts(text)
    assert [(item.name, item.bases) for item in unit.classes] == [("C", ("B",))]
    rows = [(item.name, item.kind, item.parent, item.owner) for item in unit.functions]
    assert rows == [
        ("C", FunctionKind.CLASS, -1, -1),
        ("f", FunctionKind.FUNCTION, 0, 0),
        ("g", FunctionKind.FUNCTION, 1, -1),
        ("<lambda>", FunctionKind.LAMBDA, 2, -1),
    ]
    assert unit.functions[1].decorators[0].path == "dec"
    assert [call.callee for call in unit.functions[3].calls] == ["h"]


def test_facts_do_not_depend_on_where_the_unit_stands() -> None:
    text = "def f(a):\n    return a.b(1)\n"
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    here, there = lower_unit(text, 0), lower_unit("if 1:\n" + indented, 1)
    assert here.functions[0].calls[0].callee == there.functions[0].calls[0].callee
    assert here.functions[0].span.line == there.functions[0].span.line == 0


def test_every_file_of_nova_is_lowered() -> None:
    root = nova_source("34.0.0")
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        unit = facts(text)
        wanted = sum(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for node in ast.walk(ast.parse(text))
        )
        found = sum(
            item.kind in (FunctionKind.FUNCTION, FunctionKind.LAMBDA) for item in unit.functions
        )
        assert found == wanted, path
        check_shape(unit, path)


def check_shape(unit: UnitFacts, path: File) -> None:
    for item in unit.functions:
        for index, region in enumerate(item.regions):
            assert region.parent < index, path
            assert region.owner < len(item.statements), path
        for statement in item.statements:
            assert statement.at <= statement.end, path
        events = [*item.writes, *item.reads, *item.calls, *item.raises, *item.results]
        for event in events:
            statement = item.statements[event.statement]
            assert statement.at <= event.at < max(statement.end, statement.at + 1), (
                path,
                item.name,
            )
