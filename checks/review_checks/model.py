"""The values that the analysis gives out: spans, edits, fixes, notes and findings.

Every position in this package is 0-based; columns count Unicode code points. Conversion to the
units of an editor happens in one place of the server, ``review_server.convert``.
"""

from __future__ import annotations

import enum

import msgspec


class Span(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """A half-open range of text: 0-based lines, columns in code points."""

    line: int
    column: int
    end_line: int
    end_column: int

    def shifted(self, lines: int) -> Span:
        """Return this span moved down by ``lines`` (up when negative)."""
        return Span(self.line + lines, self.column, self.end_line + lines, self.end_column)

    def contains(self, other: Span) -> bool:
        """Say whether ``other`` lies inside this span, ends included."""
        return (self.line, self.column) <= (other.line, other.column) and (
            other.end_line,
            other.end_column,
        ) <= (self.end_line, self.end_column)


class Severity(enum.StrEnum):
    """How much a finding matters to the reader; the protocol's four levels."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


class Safety(enum.StrEnum):
    """Whether a fix may be applied unseen (``safe``) or needs the user's eye (``unsafe``)."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Tier(enum.StrEnum):
    """Which profile reports a rule: ``strict`` reports all tiers, ``default`` the first two."""

    DEFAULT = "default"
    REVIEW = "review"
    STRICT = "strict"


class Note(msgspec.Struct, frozen=True):
    """One piece of evidence: a place and what is to be seen there."""

    path: str
    span: Span
    message: str


class Edit(msgspec.Struct, frozen=True, order=True):
    """Replace the text of ``span`` in the file ``path`` by ``text``."""

    path: str
    span: Span
    text: str


class Fix(msgspec.Struct, frozen=True):
    """A change that removes its finding. Edits of one file do not overlap."""

    title: str
    safety: Safety
    edits: tuple[Edit, ...]


class Refusal(msgspec.Struct, frozen=True):
    """Why no fix is given, in words for the user."""

    reason: str


class Finding(msgspec.Struct, frozen=True):
    """One comment on the code.

    ``symbol`` names what the finding is about (``ResourceTracker.compute_nodes``) and ``scope``
    the qualified function or class it stands in; with ``rule`` they identify the finding while
    text moves. ``fix`` is None when no fix may be offered, and ``refusal`` then says why if a fix
    was to be expected. ``title`` says what the fix does, before it is computed.
    """

    rule: str
    path: str
    span: Span
    message: str
    severity: Severity
    scope: str
    symbol: str
    notes: tuple[Note, ...] = ()
    fix: Safety | None = None
    refusal: str = ""
    title: str = ""
