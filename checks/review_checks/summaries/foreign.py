"""What names of libraries mean that neither the project nor the models tell of.

Few are worth a question: those of decorators, context managers and makers of what is called a lock.
An answer that is not there yet is no answer; it makes its readers anew when it comes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from review_checks.summaries.inputs import foreign, models
from review_checks.summaries.names import class_of, home, lineage

if TYPE_CHECKING:
    from review_checks.summaries.incremental import Database


def known_as(db: Database, target: str) -> str:
    """Return the name by which the models speak of something that a library may only pass on."""
    return _asked(db, target, target) or target


def made_by(db: Database, target: str) -> str | None:
    """Return the class of what calling something of a library gives, or None."""
    return _asked(db, target, f"{target}()")


def inherited(db: Database, owner: str, name: str) -> str | None:
    """Return the class of an attribute that a project class has from a base of a library, or None."""
    for base in lineage(db, owner):
        if class_of(db, base) is None:
            found = _asked(db, base, f"{base}().{name}")
            if found:
                return found
    return None


def _asked(db: Database, target: str, expression: str) -> str | None:
    top = target.partition(".")[0]
    if top == target or top in sys.stdlib_module_names:
        return None
    if target in models(db).names or home(db, target) is not None:
        return None
    found = foreign(db, expression)
    return models(db).canonical(found) if found else None
