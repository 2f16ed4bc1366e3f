"""Every position that an editor can send or be sent means the same character on both sides."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e2e.inside import PULLING, Inside, inside
from review_checks.model import Span
from review_checks.text.lines import split_lines
from review_checks.text.positions import Encoding
from review_server import convert, wire

ENCODINGS = ["utf-8", "utf-16", "utf-32"]
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# All that tells lines apart for somebody, and characters of each width in each encoding.
TEXTS = st.text(st.sampled_from("ab=#'\n\r\f\v\x1c\x85\u2028\u2029é中😀🄰\t "), max_size=40)
URI = "untitled:positions"


def position(text: str, offset: int, encoding: str) -> dict[str, int]:
    """Return a position as an editor works it out: by encoding what stands before it."""
    codec, size = UNITS[encoding]
    for line, match in enumerate(LINE.finditer(text)):
        if offset < match.end() or not match[0].endswith(("\r", "\n")):
            # A position between the two halves of a line end is one before it.
            end = match.start() + len(match[0].rstrip("\r\n"))
            before = text[match.start() : min(offset, end)]
            return {"line": line, "character": len(before.encode(codec)) // size}
    raise AssertionError(offset)


def clamped(text: str, offset: int) -> int:
    """Return the offset that a position for an offset can mean."""
    return offset - 1 if text[offset - 1 : offset + 1] == "\r\n" else offset


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(TEXTS, st.data())
def test_spans_survive_the_way_to_the_editor_and_back(
    encoding: str, text: str, data: st.DataObject
) -> None:
    lines = split_lines(text)
    start, end = sorted(clamped(text, data.draw(st.integers(0, len(text)))) for _ in range(2))
    given_range = wire.Range(
        *(wire.Position(**position(text, offset, encoding)) for offset in (start, end))
    )
    span = convert.span_of(given_range, lines, Encoding(encoding))
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    assert starts[span.line] + span.column == start
    assert starts[span.end_line] + span.end_column == end
    assert convert.range_of(span, lines, Encoding(encoding)) == given_range


@given(TEXTS, st.integers(-3, 50), st.integers(-3, 50), st.sampled_from(list(Encoding)))
def test_positions_outside_the_text_do_no_harm(
    text: str, line: int, character: int, encoding: Encoding
) -> None:
    lines = split_lines(text)
    place = wire.Position(line, character)
    span = convert.span_of(wire.Range(place, place), lines, encoding)
    shown = convert.range_of(Span(max(0, line), max(0, character), 60, 0), lines, encoding)
    assert shown.start.line == max(0, line)
    if 0 <= line < len(lines):
        assert 0 <= span.column <= len(lines[line].rstrip("\r\n"))


EDIT = st.tuples(st.integers(0, 200), st.integers(0, 200), TEXTS)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_edits_make_the_text_that_the_editor_has(encoding: str) -> None:
    """Several changes in one event each count from the text that those before them left."""

    def test() -> None:
        server = Inside({**PULLING, "general": {"positionEncodings": [encoding]}})

        @settings(max_examples=60, deadline=None)
        @given(
            TEXTS, st.lists(st.lists(st.one_of(EDIT, TEXTS), min_size=1, max_size=4), max_size=4)
        )
        def check(text: str, events: list[list[Any]]) -> None:
            server.open(URI, text)
            for event in events:
                changes, text = changed(text, event, encoding)
                server.change(URI, *changes)
                document = server.server.session.document(URI)
                assert document is not None
                assert list(document.lines) == split_lines(text)

        check()

    inside(test)


def changed(text: str, event: list[Any], encoding: str) -> tuple[list[dict[str, Any]], str]:
    """Return the changes of one event as an editor sends them, and its text afterwards."""
    changes: list[dict[str, Any]] = []
    for edit in event:
        if isinstance(edit, str):
            changes.append({"text": edit})
            text = edit
            continue
        start, end = sorted(clamped(text, min(offset, len(text))) for offset in edit[:2])
        ends = {
            name: position(text, offset, encoding)
            for name, offset in (("start", start), ("end", end))
        }
        changes.append({"range": ends, "text": edit[2]})
        text = text[:start] + edit[2] + text[end:]
    return changes, text


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-7"], "utf-16"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-7", "utf-8", "utf-16"], "utf-8"),
    ],
)
def test_the_first_encoding_that_both_know(offered: list[str] | None, chosen: str) -> None:
    def test() -> None:
        general = {"general": {"positionEncodings": offered}} if offered is not None else {}
        server = Inside({**PULLING, **general})
        (answer,) = (row for row in server.sent if row.get("id") == 1)
        assert answer["result"]["capabilities"]["positionEncoding"] == chosen
        assert server.server.session.client.encoding == chosen

    inside(test)
