"""The forms in which results are given out, one module each.

A module ``as_<format>`` has a function ``render(result, view)``. It is imported when it is asked
for, so that no format pays for the libraries of another.
"""

from __future__ import annotations

import importlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple, TextIO, cast

from review_server.cli.report import Result

_TAB = "    "

FORMATS = ("text", "json", "github", "sarif")


class View(NamedTuple):
    """How results are to be shown.

    Attributes:
        out: where to.
        diff: whether each fix is shown as a diff.
        statistics: whether the findings are counted by rule instead of being shown.
    """

    out: TextIO
    diff: bool = False
    statistics: bool = False


Render = Callable[[Result, View], None]


def renderer(name: str) -> Render:
    """Return the function that gives out results in a format of ``FORMATS``."""
    module = importlib.import_module(f"{__name__}.as_{name}")
    return cast("Render", module.render)


def relative(path: str) -> str:
    """Return a path as seen from the current folder, when it lies there."""
    here = os.getcwd()  # noqa: PTH109 -- strings are compared
    return os.path.relpath(path, here) if path.startswith(here + os.sep) else path


def visible(text: str) -> str:
    """Return a text that a terminal shows as it is: tabs as blanks, control characters harmless."""
    text = text.replace("\t", _TAB)
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in ("Cc", "Cf", "Cs") else one
        for one in text
    )


def counts(result: Result) -> Iterator[tuple[str, int, int]]:
    """Yield each rule with findings, how many, and how many can be fixed; most findings first."""
    rows: dict[str, list[bool]] = {}
    for remark in result.remarks:
        rows.setdefault(remark.finding.rule, []).append(remark.offer is not None)
    for rule, fixable in sorted(rows.items(), key=lambda row: (-len(row[1]), row[0])):
        yield rule, len(fixable), sum(fixable)
