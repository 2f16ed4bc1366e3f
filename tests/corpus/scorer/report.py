"""Scores as a table, as a listing of the cases, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .cases import CONCERNS
from .scoring import DECIDABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cases import Lines
    from .scoring import CaseVerdict, Score, SilenceVerdict, Tally
    from .tools import Diagnostic

_HEAD = (
    f"{'concern':17} cases |  hit   new  clrd sharp chance | negs  negFP |   /kloc"
    " | hit by function / file / other-files"
)
_MOST_COMPLAINTS = 3
_NEAREST = 3
_STAYS = "stays"
_GOES = "goes with the fix"


def table(name: str, score: Score) -> Iterator[str]:
    """Yield the lines of the table of a checker."""
    yield name
    yield _HEAD
    yield "-" * len(_HEAD)
    for concern, tally in score.concerns.items():
        yield _row(f"{concern} {CONCERNS[concern]}", tally)
    yield _row("all", score.total)
    yield (
        f"{1000 * score.diagnostics / max(1, score.lines):.1f} diagnostics of any rule per 1,000 "
        f"lines, over {score.lines / 1000:.0f} kloc in {score.files} parent files; "
        f"failures: {len(score.complaints)}"
    )
    for source, complaint in list(score.complaints.items())[:_MOST_COMPLAINTS]:
        yield f"  {source}: {complaint}"


def listing(score: Score) -> Iterator[str]:
    """Yield lines that say what became of each case and silence, and what is to be seen there."""
    for case in score.cases:
        yield from _case(case)
    for silence in score.silences:
        yield from _silence(silence)


def as_json(name: str, score: Score) -> dict[str, Any]:
    """Return everything that is known of a checker's score."""
    return {
        "checker": name,
        "concerns": {
            **{CONCERNS[concern]: _figures(tally) for concern, tally in score.concerns.items()},
            "all": _figures(score.total),
        },
        "files": score.files,
        "lines": score.lines,
        "diagnostics": score.diagnostics,
        "complaints": {str(source): text for source, text in score.complaints.items()},
        "cases": [
            {
                "id": row.case.id,
                "concern": CONCERNS[row.case.concern],
                "verdict": _verdict(row),
                "hits": msgspec.to_builtins(row.hits),
                "left": msgspec.to_builtins(row.left),
                "mended_elsewhere": msgspec.to_builtins(row.mended),
            }
            for row in score.cases
        ],
        "negatives": [
            {
                "id": row.silence.id,
                "concern": CONCERNS[row.silence.concern],
                "alarms": msgspec.to_builtins(row.alarms),
            }
            for row in score.silences
        ],
    }


def _row(label: str, tally: Tally) -> str:
    hits = " ".join(
        f"{share.part:.0f}/{share.whole}"
        for share in (tally.by_decidability[decidable] for decidable in DECIDABLE)
    )
    hit, new, cleared, sharp, chance, alarms = (
        "-" if share.percent is None else f"{share.percent:.0f}%"
        for share in (tally.hit, tally.new, tally.cleared, tally.sharp, tally.chance, tally.alarms)
    )
    return (
        f"{label:17} {tally.hit.whole:5} | {hit:>4} {new:>5} {cleared:>5} {sharp:>5} {chance:>6}"
        f" | {tally.alarms.whole:4} {alarms:>6} | {tally.density:7.2f} | {hits}"
    )


def _figures(tally: Tally) -> dict[str, Any]:
    shares = {
        name: {"count": round(share.part, 3), "of": share.whole}
        for name, share in (
            ("hit", tally.hit),
            ("new", tally.new),
            ("cleared", tally.cleared),
            ("sharp", tally.sharp),
            ("chance", tally.chance),
            ("negatives_hit", tally.alarms),
            *((f"hit_{name}", share) for name, share in tally.by_decidability.items()),
        )
    }
    return {**shares, "per_kloc": round(tally.density, 3)}


def _verdict(row: CaseVerdict) -> str:
    if row.failed:
        return "failed"
    if not row.hit:
        return "missed"
    return "sharp" if row.sharp else "hit"


def _case(row: CaseVerdict) -> Iterator[str]:
    case = row.case
    places = ", ".join(map(_lines, case.parent_ranges))
    yield ""
    yield f"{case.id}  {_verdict(row):6}  {case.before}:{places}  {', '.join(case.functions)}"
    yield f"    {CONCERNS[case.concern]}, {case.kind}, seen by reading: {case.decidable}"
    yield f"    why: {case.why}"
    yield f"    fix: {case.fix} ({case.fix_sha[:12]})"
    remaining = [hit.code for hit in row.left]
    for hit in row.hits:
        yield f"    {_shown(hit)} ({_STAYS if hit.code in remaining else _GOES})"
    if row.elsewhere and not row.hit:
        yield f"    elsewhere, {len(row.elsewhere)} of this concern; the nearest:"
        nearest = row.elsewhere[:_NEAREST]
        yield from (f"      {_shown(other)}" for other in nearest if other not in row.mended)
        yield from (f"      {_shown(other)} ({_GOES})" for other in row.mended)


def _silence(row: SilenceVerdict) -> Iterator[str]:
    silence = row.silence
    verdict = "alarm" if row.alarms else "silent"
    yield ""
    yield f"{silence.id}  {verdict:6}  {silence.source}:{_lines(silence.lines)}  {silence.function}"
    yield f"    {CONCERNS[silence.concern]}, to be silent because: {silence.why}"
    yield from (f"    {_shown(alarm)}" for alarm in row.alarms)


def _shown(row: Diagnostic) -> str:
    return f"{_lines((row.first, row.last))} {row.code}: {row.message}"


def _lines(lines: Lines) -> str:
    first, last = lines
    return str(first) if first == last else f"{first}-{last}"
