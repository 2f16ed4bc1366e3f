"""Finds what a module has at hand to hide a secret with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.facts.schema import Const, FunctionKind, Import
from review_checks.summaries.index import members, outline, owner_of, qualified_name
from review_checks.summaries.inputs import (
    FunctionId,
    layout,
    models,
    settings,
    unit_facts,
    unit_path,
)
from review_checks.summaries.names import absolute_import, function_of, home
from review_checks.summaries.paths import last_step
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.incremental import Database
    from review_checks.summaries.outline import FunctionOutline


class Redactor(msgspec.Struct, frozen=True, array_like=True):
    """A function that can be called where it is wanted.

    Attributes:
        text: how it is called there: ``strutils.mask_password``.
        topics: what it hides, by the other words of its name; empty when it hides anything.
        searches: whether it looks for secrets in a text by their keys, and so leaves a bare value
            as it is.
    """

    text: str
    topics: frozenset[str]
    searches: bool


def redactors(db: Database, function: FunctionId) -> Iterator[Redactor]:
    """Yield the redactors that a function can call, its own class's and module's first."""
    path = unit_path(db, function[0])
    yield from _methods(db, function, path)
    yield from _functions(db, path, "", function)
    for item in _imports(db, path):
        yield from _imported(db, item.name, absolute_import(db, path, item), function)


def _methods(db: Database, function: FunctionId, path: str) -> Iterator[Redactor]:
    parameters = _declared(db, function).parameters
    owner = owner_of(db, function)
    if not owner or not parameters or parameters[0].name not in ("self", "cls"):
        return
    for inner in members(db, path, owner):
        name = qualified_name(db, inner).removeprefix(f"{owner}.")
        static = any(
            decorator == "staticmethod" for decorator, _ in _declared(db, inner).decorators
        )
        if inner != function and "." not in name and _changes_one(db, inner, bound=not static):
            yield from _named(db, f"{parameters[0].name}.{name}", name)


def _functions(db: Database, path: str, prefix: str, user: FunctionId) -> Iterator[Redactor]:
    """Yield the redactors that a module itself defines."""
    for inner in members(db, path, ""):
        name = qualified_name(db, inner)
        if inner != user and "." not in name and _changes_one(db, inner, bound=False):
            yield from _named(db, prefix + name, name)


def _imports(db: Database, path: str) -> Iterator[Import]:
    """Yield what the statements of a module import under a name."""
    for unit in layout(db, path) or ():
        for declared in outline(db, unit).functions:
            if declared.kind is FunctionKind.MODULE:
                yield from (item for item in declared.imports if item.name)


def _imported(db: Database, bound: str, target: str, user: FunctionId) -> Iterator[Redactor]:
    """Yield what an import binds, or what a module that it binds has."""
    known, chosen = models(db), settings(db).redactors
    inner = function_of(db, target)
    if known.knowledge(known.canonical(target)).redacts:
        yield from _named(db, bound, last_step(target), searches=True)
    elif target in chosen:
        yield Redactor(bound, frozenset(), searches=False)
    elif inner is not None:
        if _changes_one(db, inner, bound=False):
            yield from _named(db, bound, last_step(target))
    else:
        for name in chosen:
            if name.rpartition(".")[0] == target:
                yield Redactor(f"{bound}.{last_step(name)}", frozenset(), searches=False)
        library = known.canonical(target)
        for name, knowledge in known.names.items():
            if knowledge.redacts and name.rpartition(".")[0] == library:
                yield from _named(db, f"{bound}.{last_step(name)}", last_step(name), searches=True)
        place = home(db, target)
        if place is not None and not place.name:
            yield from _functions(db, place.path, f"{bound}.", user)


def _named(db: Database, text: str, name: str, *, searches: bool = False) -> Iterator[Redactor]:
    """Yield a function as a redactor if its name says that it makes things fit to be shown."""
    lexicon = models(db).lexicon
    words = frozenset(words_of(name))
    if not words.isdisjoint(lexicon.maskers):
        topics = words.difference(lexicon.maskers, lexicon.masker_fillers)
        yield Redactor(text, topics, searches)


def _changes_one(db: Database, function: FunctionId, *, bound: bool) -> bool:
    """Say whether a function can be called with one positional argument and gives something."""
    declared = _declared(db, function)
    if declared.kind is not FunctionKind.FUNCTION or declared.asynchronous:
        return False
    parameters = declared.parameters[1:] if bound else declared.parameters
    required = [row for row in parameters if row.default is None and not row.kind]
    if not parameters or len(required) > 1 or parameters[0].kind == "**":
        return False
    results = unit_facts(db, function[0]).functions[function[1]].results
    return any(row.value != Const(None) and not row.yields for row in results)


def _declared(db: Database, function: FunctionId) -> FunctionOutline:
    return outline(db, function[0]).functions[function[1]]
