"""Every assist's cases hold, with every line end and indentation, and break nothing.

A case is a heading and a ``python`` block in which ``«`` and ``»`` enclose what is selected, or ``‸``
is the cursor. An ``offers`` block lists the titles of what is offered; ``result`` is the text after
the first offer, or after that whose title follows; ``refused`` is why the first offer cannot be
taken. Without any of these, nothing is offered.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from review_checks.engine.assisting import all_assists
from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Fix, Refusal, Span
from review_checks.text.editing import apply

if TYPE_CHECKING:
    from review_checks.assist import Offer

HERE = Path(__file__).parent
PATH = "case.py"
_FENCE = re.compile(r"^```(\w+)[ \t]*(.*?)[ \t]*$")


@dataclass
class Case:
    title: str
    text: str = ""
    offers: list[str] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)
    refused: str = ""


def read_cases(path: Path) -> list[Case]:
    cases: list[Case] = []
    block: list[str] | None = None
    kind = name = ""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        fence = _FENCE.match(line)
        if block is not None:
            if line.startswith("```"):
                _close(cases[-1], kind, name, "".join(block))
                block = None
            else:
                block.append(line)
        elif line.startswith("## "):
            cases.append(Case(line[3:].strip()))
        elif fence:
            kind, name, block = fence[1], fence[2], []
    return cases


def _close(case: Case, kind: str, name: str, text: str) -> None:
    if kind == "python":
        case.text = text
    elif kind == "offers":
        case.offers = text.splitlines()
    elif kind == "result":
        case.results.append((name, text))
    elif kind == "refused":
        case.refused = text.strip()
    else:
        raise AssertionError(kind)


CASES = [(path.stem, case) for path in sorted(HERE.glob("*.md")) for case in read_cases(path)]
IDS = [f"{assist}: {case.title}" for assist, case in CASES]


def split(marked: str) -> tuple[str, Span]:
    """Return a text without its marks, and what they select."""
    first = re.search("[«‸]", marked)
    assert first is not None, marked
    text = marked.replace("«", "").replace("‸", "")
    end = text.find("»")
    text = text.replace("»", "")
    start = first.start()
    return text, Span(*_point(text, start), *_point(text, end if end >= 0 else start))


def _point(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset), offset - (text.rfind("\n", 0, offset) + 1)


def offers_for(assist: str, marked: str) -> tuple[Workspace, Span, list[Offer]]:
    text, span = split(marked)
    workspace = Workspace(MemorySource({}))
    workspace.open(PATH, text)
    rows = workspace.assists(PATH, span, lambda row: row.name == assist)
    return workspace, span, [offer for _, offer in rows]


@pytest.mark.parametrize(("assist", "case"), CASES, ids=IDS)
def test_case(assist: str, case: Case) -> None:
    workspace, span, offers = offers_for(assist, case.text)
    titles = [offer.title for offer in offers]
    if case.offers:
        assert titles == case.offers
    if not case.results and not case.refused:
        assert case.offers or not titles, titles
    if case.refused:
        refusal = workspace.assist(PATH, span, assist, offers[0].key)
        assert isinstance(refusal, Refusal), refusal
        assert case.refused in refusal.reason
        early = offers[0].mend()
        assert early == refusal, "the list must know that it would be refused"
    for title, after in case.results:
        offer = next(row for row in offers if title in ("", row.title))
        fix = workspace.assist(PATH, span, assist, offer.key)
        assert isinstance(fix, Fix), fix
        assert apply(workspace.lines(PATH), fix.edits) == after


def variants(text: str) -> list[str]:
    return [
        text,
        text.replace("\n", "\r\n"),
        text.replace("    ", "\t"),
        text.replace("    ", "  "),
        text.rstrip("\n"),
        "\n\n# above\n" + text,
    ]


def comments_of(text: str) -> list[str]:
    source = io.StringIO(text, newline="")
    tokens = tokenize.generate_tokens(source.readline)
    return sorted(token.string for token in tokens if token.type == tokenize.COMMENT)


@pytest.mark.parametrize(("assist", "case"), CASES, ids=IDS)
def test_in_every_form_of_text(assist: str, case: Case) -> None:
    titles = [offer.title for offer in offers_for(assist, case.text)[2]]
    for marked in variants(case.text):
        workspace, span, offers = offers_for(assist, marked)
        assert [offer.title for offer in offers] == titles
        before = "".join(workspace.lines(PATH))
        for offer in offers:
            fix = workspace.assist(PATH, span, assist, offer.key)
            assert fix is not None
            if isinstance(fix, Refusal):
                continue
            after = apply(workspace.lines(PATH), fix.edits)
            ast.parse(after)
            assert after != before
            for comment in comments_of(before):
                assert comment in comments_of(after)
            if "\r\n" in before:
                assert "\n" not in after.replace("\r\n", "")
            if "\t" in before and "\n  " not in before:
                assert "\n  " not in after
        assert "".join(workspace.lines(PATH)) == before, "looking changes nothing"


@pytest.mark.parametrize("place", [0, 1, 7, 10_000])
def test_no_place_is_too_odd(place: int) -> None:
    texts = [
        "",
        "\n",
        "def f(:\n",
        "x = (\n",
        "class A:\n    pass\n",
        *[row.text for _, row in CASES],
    ]
    for text in texts:
        workspace = Workspace(MemorySource({}))
        workspace.open(PATH, re.sub("[«»‸]", "", text))
        for span in (Span(place, place, place, place), Span(0, 0, place, 0)):
            for _, offer in workspace.assists(PATH, span, lambda _: True):
                assert isinstance(offer.mend(), Fix | Refusal)


def test_every_assist_has_cases() -> None:
    named = {assist.name for assist in all_assists()}
    assert named == {path.stem for path in HERE.glob("*.md")}
    for name in named:
        mine = [case for assist, case in CASES if assist == name]
        assert any(case.results for case in mine)
        assert any(not case.results and not case.offers and not case.refused for case in mine)
    texts = [(assist, case.text) for assist, case in CASES]
    assert len(set(texts)) == len(texts), "two cases are the same"
