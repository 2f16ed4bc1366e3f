"""Finds the assists: every module of ``assists/``, and asks them what they offer."""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

import review_checks.assists
from review_checks.assist import Assist, select
from review_checks.engine.fixes import tried_assist
from review_checks.model import Fix, Refusal
from review_checks.rule import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from review_checks.assist import Offer
    from review_checks.engine.workspace import Workspace
    from review_checks.model import Span
    from review_checks.rule import FixContext


@functools.cache
def all_assists() -> tuple[Assist, ...]:
    """Return all assists, ordered by name.

    Raises:
        TypeError: an assist's module is not of the form that ``review_checks.assist`` describes.
    """
    found = []
    package = review_checks.assists
    for entry in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        if not entry.name.startswith("_"):
            module = importlib.import_module(f"{package.__name__}.{entry.name}")
            kind, offers = getattr(module, "KIND", ""), getattr(module, "offers", None)
            if not kind or offers is None or not module.__doc__:
                raise TypeError(
                    f"{module.__name__}: an assist needs KIND, `offers` and a docstring"
                )
            found.append(Assist(entry.name.replace("_", "-"), kind, offers))
    return tuple(found)


def offered(
    path: str, span: Span, context: FixContext, wanted: Callable[[Assist], bool]
) -> Iterator[tuple[Assist, Offer]]:
    """Yield what the assists that are wanted can do at a place."""
    try:
        selection = select(path, span, context)
    except UnreadableError:
        return
    if selection is not None:
        for assist in all_assists():
            if wanted(assist):
                # What is to be read elsewhere, such as how others take a lock, may not parse.
                with contextlib.suppress(UnreadableError):
                    for offer in assist.offers(selection, context):
                        yield assist, offer


def computed(
    workspace: Workspace, path: str, span: Span, context: FixContext, chosen: tuple[str, str]
) -> Fix | Refusal | None:
    """Return the change of an offer, by the name of its assist and its key; None when it is gone."""
    name, key = chosen
    for _, offer in offered(path, span, context, lambda assist: assist.name == name):
        if offer.key == key:
            try:
                fix = offer.mend()
            except UnreadableError as error:
                return Refusal(str(error))
            return tried_assist(workspace, fix, path) if isinstance(fix, Fix) else fix
    return None
