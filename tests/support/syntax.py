"""What Python's own parser says about members, to compare the line scanner with."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, NamedTuple

from review_checks.text.units import Segmentation, UnitKind, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

type_names = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Member(NamedTuple):
    """A function or class, and its first line, 0-based."""

    is_class: bool
    scope: tuple[str, ...]
    name: str
    first: int


def parsed(text: str) -> ast.Module | None:
    """Parse ``text``, or return nothing where Python refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def members_by_ast(tree: ast.Module) -> dict[Member, int]:
    """Return the members of the module and its classes, each with the line after its end."""
    return dict(_members(tree.body, ()))


def _members(body: list[ast.stmt], scope: tuple[str, ...]) -> Iterator[tuple[Member, int]]:
    for node in body:
        if isinstance(node, type_names):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
            is_class = isinstance(node, ast.ClassDef)
            yield Member(is_class, scope, node.name, first), node.end_lineno or 0
            if isinstance(node, ast.ClassDef):
                yield from _members(node.body, (*scope, node.name))


def members_by_units(segmentation: Segmentation) -> dict[Member, int]:
    """Return the same from units; the end of a class is that of its first unit's content."""
    return {
        Member(unit.kind is UnitKind.CLASS, unit.scope, unit.name, start): start + unit.content
        for unit, start in zip(segmentation.units, segmentation.starts, strict=True)
        if unit.kind in {UnitKind.CLASS, UnitKind.FUNCTION}
    }


def statements_by_ast(tree: ast.Module) -> list[str]:
    """Return the statements of the module and its classes, flat and with their positions."""
    return list(_dumped(tree.body))


def statements_by_units(lines: Sequence[str], segmentation: Segmentation) -> list[str]:
    """Return the same, put together from units that were parsed one by one."""
    found: list[str] = []
    for unit, start in zip(segmentation.units, segmentation.starts, strict=True):
        text, before = parse_text(lines[start:], unit)
        tree = parsed(text)
        assert tree is not None, f"{unit} at line {start} does not parse:\n{text}"
        body: list[ast.stmt] = tree.body
        if before:
            assert isinstance(body[0], ast.If)
            body = body[0].body
        for node in body:
            ast.increment_lineno(node, start - before)
        found += _dumped(body)
    return found


def _dumped(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.ClassDef):
            if not isinstance(node, ast.Pass):
                yield ast.dump(node, include_attributes=True)
            continue
        inner, node.body, node.end_lineno, node.end_col_offset = node.body, [], 0, 0
        yield ast.dump(node, include_attributes=True)
        yield from _dumped(inner)
