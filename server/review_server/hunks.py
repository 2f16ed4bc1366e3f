"""Makes one edit of those that belong together, for editors that have each edit confirmed by itself.

A user who is shown every edit of a fix with a box of its own can apply half of the fix. What the
text becomes is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from review_checks.model import Edit, Span
from review_checks.text.editing import apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_NEAR = 3
"""How many lines below one edit of many fixes the next one still belongs to the same fix."""


def hunks(edits: Iterable[Edit], lines: Sequence[str], *, of_many: bool) -> list[Edit]:
    """Return edits of one file with those made one that belong together.

    Args:
        edits: do not overlap; those at the same place are in order.
        lines: the text of the file.
        of_many: they are those of several fixes, each of which may be made without the others.
    """
    return [_joined(group, lines) for group in _groups(edits, of_many=of_many)]


def _groups(edits: Iterable[Edit], *, of_many: bool) -> Iterator[list[Edit]]:
    group: list[Edit] = []
    for edit in sorted(edits, key=lambda row: (row.span.line, row.span.column)):
        if group and of_many and edit.span.line - group[-1].span.end_line > _NEAR:
            yield group
            group = []
        group.append(edit)
    if group:
        yield group


def _joined(group: list[Edit], lines: Sequence[str]) -> Edit:
    """Return one edit that does what several do, which are in the order of their places."""
    first, last = group[0].span, group[-1].span
    top = min(first.line, len(lines))
    part = lines[top : last.end_line + 1]
    rest = lines[last.end_line][last.end_column :] if last.end_line < len(lines) else ""
    moved = [msgspec.structs.replace(edit, span=edit.span.shifted(-top)) for edit in group]
    text = apply(part, moved)
    span = Span(first.line, first.column, last.end_line, last.end_column)
    return Edit(group[0].path, span, text[first.column if part else 0 : len(text) - len(rest)])
