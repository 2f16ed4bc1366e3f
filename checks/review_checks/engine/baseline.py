"""Findings that were known at some time, so that only new ones are reported.

A finding is known again by its rule, the qualified name of the function or class it stands in, a
digest of the code it points at, and its number among those that are alike. So it stays known while
text moves and lines are wrapped, and is new when the code it speaks of changes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from review_checks.text.editing import slice_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from review_checks.model import Finding

_DIGEST_BYTES = 8


class Fingerprint(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """What a finding is known by while text moves; ``ordinal`` counts those alike from 0."""

    rule: str
    scope: str
    digest: str
    ordinal: int = 0


class Known(msgspec.Struct, frozen=True):
    """The findings of one file that are not to be reported again."""

    fingerprints: frozenset[Fingerprint] = frozenset()

    def new(self, findings: Sequence[Finding], lines: Sequence[str]) -> list[Finding]:
        """Return the findings of the file that are not known, in their order."""
        if not self.fingerprints:
            return list(findings)
        rows = zip(findings, fingerprints(findings, lines), strict=True)
        return [finding for finding, print_ in rows if print_ not in self.fingerprints]


def fingerprints(findings: Iterable[Finding], lines: Sequence[str]) -> Iterator[Fingerprint]:
    """Yield what each of a file's findings is known by; they come from top to bottom."""
    count: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        key = (finding.rule, finding.scope, _digest(finding, lines))
        yield Fingerprint(*key, count[key])
        count[key] += 1


def _digest(finding: Finding, lines: Sequence[str]) -> str:
    span = finding.span
    text = slice_text(lines, span) if span.end_line < len(lines) else ""
    # How code is wrapped and indented says nothing about it.
    plain = "".join(text.split())
    return hashlib.blake2b(
        plain.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES
    ).hexdigest()
