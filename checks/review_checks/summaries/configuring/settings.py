"""Joins the settings that a program reads to the declarations of their options, across files.

An option is read as an attribute below a *root* (``CONF.workers``, ``args.workers``), mostly in
another file than that of its declaration. Where to look follows from the imports: the module itself,
the module that provides the root and what that imports, else what the reading module imports.
Modules are read one after the other, and only until the option is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, Const, FunctionKind, Import, Path
from review_checks.summaries.configuring.options import (
    Option,
    declared_options,
    names_of_role,
    setting_of,
    shared_options,
)
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import assigned, imported, module_info, outline
from review_checks.summaries.inputs import models, module_path, unit_facts
from review_checks.summaries.names import absolute_import, lineage
from review_checks.summaries.parts import Part, parts
from review_checks.summaries.paths import last_step, parent_of, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIGURATION = frozenset(
    {"conf", "config", "configuration", "constants", "opts", "options", "settings"}
)
_GATHERING = ("conf", "config", "common.config", "opts", "options", "settings")


def root_above(db: Database, canonical: str) -> tuple[str, str]:
    """Split the canonical name of a setting into its root and the rest, which is '' for others."""
    head, _, last = canonical.rpartition(".")
    rest = last
    while head:
        known = setting_of(db, head)
        if known is not None and known.role == "root":
            return head, rest
        head, _, last = head.rpartition(".")
        rest = f"{last}.{rest}"
    return "", ""


@query
def option_of(db: Database, path: str, text: str, canonical: str) -> Option | None:
    """Return the declaration of a setting.

    Args:
        db: the database.
        path: the module that reads it.
        text: the name at which the read begins there, such as ``CONF``.
        canonical: the canonical name of the setting.
    """
    root, rest = root_above(db, canonical)
    if not rest:
        return None
    group, _, name = rest.rpartition(".")
    library = root.partition(".")[0]
    for place in _places(db, path, text, root, group):
        found = declared_options(db, place) if place == path else shared_options(db, place)
        for option in found.get(name, ()):
            if option.maker.partition(".")[0] != library:
                continue
            if not option.groups or group in option.groups:
                return option
    return None


Module = tuple[str, str]
"""The dotted name of a module of the project, and its path."""


def _places(db: Database, path: str, text: str, root: str, group: str) -> Iterator[str]:
    """Yield the modules in which an option may be declared, the likely ones first."""
    seen = {path}
    yield path
    providers = _providers(db, path, (text, root.rpartition(".")[2]))
    rounds = [_imported_for_options(db, path), providers]
    rounds += [_imports(db, place) for _, place in providers]
    if not providers:
        near = (*_imports(db, path), *_usual_providers(db, path))
        rounds.append(near)
        rounds += [_about_configuration(db, module) for module in near]
    for modules in rounds:
        for _, place in sorted(modules, key=lambda row: group not in row[0].split(".")):
            if place not in seen:
                seen.add(place)
                yield place


def _providers(db: Database, path: str, names: tuple[str, ...]) -> tuple[Module, ...]:
    """Return the project's modules from which a module has the root of its settings."""
    found: dict[str, str] = {}
    for name in names:
        targets = [imported(db, path, name)]
        for _, value in assigned(db, path, "", name):
            if isinstance(value, Path):
                first = root_of(value.text)
                targets.append(imported(db, path, first) + value.text.removeprefix(first))
        for target in targets:
            head = target
            while head and not module_path(db, head):
                head = head.rpartition(".")[0]
            if head and module_path(db, head) != path:
                found[head] = module_path(db, head)
    return tuple(found.items())


def _usual_providers(db: Database, path: str) -> tuple[Module, ...]:
    """Return the modules in which a package by convention gathers its options."""
    top = module_info(db, path).name.partition(".")[0]
    names = [f"{top}.{name}" for name in _GATHERING]
    return tuple([(name, module_path(db, name)) for name in names if module_path(db, name)])


@query
def _imports(db: Database, path: str) -> tuple[Module, ...]:
    """Return the project's modules that a module imports."""
    found: dict[str, str] = {}
    for _, target in module_imports(db, path):
        place = module_path(db, target) or module_path(db, target.rpartition(".")[0])
        if place:
            found[target] = place
    return tuple(found.items())


@query
def module_imports(db: Database, path: str) -> tuple[tuple[str, str], ...]:
    """Return the names that the statements of a module import, and what they stand for."""
    items = [item for part in parts(db, path) for item in _imports_in_part(db, part)]
    return tuple([(item.name, absolute_import(db, path, item)) for item in items])


@query
def _imports_in_part(db: Database, units: Part) -> tuple[Import, ...]:
    return tuple(
        [
            item
            for unit in units
            for function in outline(db, unit).functions
            if function.kind is FunctionKind.MODULE
            for item in function.imports
        ]
    )


def _about_configuration(db: Database, module: Module) -> tuple[Module, ...]:
    """Return the modules about configuration that one of that kind imports."""
    if _CONFIGURATION.isdisjoint(module[0].split(".")):
        return ()
    return tuple(
        [row for row in _imports(db, module[1]) if not _CONFIGURATION.isdisjoint(row[0].split("."))]
    )


@query
def _imported_for_options(db: Database, path: str) -> tuple[Module, ...]:
    """Return the modules that a module names as those which declare the options it reads."""
    named = [name for part in parts(db, path) for name in _named_in_part(db, part)]
    found = {name: module_path(db, name) for name in named}
    return tuple([(name, place) for name, place in found.items() if place])


@query
def _named_in_part(db: Database, units: Part) -> tuple[str, ...]:
    return tuple([name for unit in units for name in _named_for_options(db, unit)])


@query
def _named_for_options(db: Database, unit: int) -> tuple[str, ...]:
    """Return the modules that a unit names as those which declare the options it reads."""
    wanted = names_of_role(models(db), "import")
    return tuple(
        [
            call.args[1].value
            for body in unit_facts(db, unit).functions
            for call in body.calls
            if last_step(call.callee) in wanted
            and len(call.args) > 1
            and isinstance(call.args[1], Const)
            and isinstance(call.args[1].value, str)
        ]
    )


# Text from outside


def outside_role(db: Database, canonical: str) -> str:
    """Say whether a call reads text (``raw``) or a number (``parsed``) from outside, else ''.

    A method that overrides one which does so does so too.
    """
    owner, _, name = canonical.rpartition(".")
    for base in (owner, *lineage(db, owner)) if owner else ("",):
        known = setting_of(db, f"{base}.{name}" if base else name)
        if known is not None and known.role in ("raw", "parsed"):
            return known.role
    return ""


def is_configuration(db: Database, text: str) -> bool:
    """Say whether a path looks something up in what is called a configuration."""
    known = models(db).lexicon.setting_mappings
    return last_step(parent_of(text)).lstrip("_") in known


def lookup_text(call: Call) -> str:
    """Return how a call looks text up, or '' when what it looks up is not known by name."""
    names = []
    for value in call.args[:2]:
        if not isinstance(value, Const) or not isinstance(value.value, str):
            break
        names.append(repr(value.value))
    return f"{call.callee}({', '.join(names)})" if names else ""


def lookup_default(call: Call) -> str:
    """Return the literal that a lookup gives when nothing is set, or ''."""
    given = [*call.args[1:2], *(value for name, value in call.keywords if name == "fallback")]
    values = [str(value.value) for value in given if isinstance(value, Const)]
    return values[0] if values else ""
