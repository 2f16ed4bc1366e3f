"""Finds the rules: every module of ``rules/<concern>/`` that has a declared ``check``."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

import review_checks.rules
from review_checks.rule import Declaration, Rule

if TYPE_CHECKING:
    from types import ModuleType


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Return all rules, ordered by concern and name.

    Raises:
        TypeError: a rule's module is not of the form that ``review_checks.rule`` describes.
    """
    rules = []
    for concern in sorted(
        found.name for found in pkgutil.iter_modules(review_checks.rules.__path__)
    ):
        package = importlib.import_module(f"{review_checks.rules.__name__}.{concern}")
        for entry in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
            if not entry.name.startswith("_"):
                module = importlib.import_module(f"{package.__name__}.{entry.name}")
                rules.append(_rule(module, concern, entry.name))
    return tuple(rules)


@functools.cache
def rules_by_name() -> dict[str, Rule]:
    """Return the rules by their slugs."""
    return {rule.name: rule for rule in all_rules()}


def _rule(module: ModuleType, concern: str, name: str) -> Rule:
    check = getattr(module, "check", None)
    declaration = getattr(check, "declaration", None)
    if check is None or not isinstance(declaration, Declaration):
        raise TypeError(f"{module.__name__}: a rule needs a `check` declared with @rule")
    fix = getattr(module, "fix", None)
    if (fix is None) != (declaration.safety is None):
        raise TypeError(f"{module.__name__}: @rule(fix=…) and the function `fix` go together")
    if not module.__doc__:
        raise TypeError(f"{module.__name__}: a rule needs a docstring")
    title = (getattr(fix, "__doc__", None) or "").partition("\n")[0].removesuffix(".")
    if fix is not None and not title:
        raise TypeError(f"{module.__name__}: `fix` needs a docstring; editors show its first line")
    return Rule(
        name.replace("_", "-"),
        concern,
        declaration.severity,
        declaration.tier,
        declaration.safety,
        declaration.over,
        check,
        fix,
        title if fix is not None else "",
        module.__doc__,
        declaration.safer,
    )
