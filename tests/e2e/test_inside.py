"""Faults of our own, and what must hold for any edits: seen from inside the server."""

from __future__ import annotations

import json
import logging
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2e.inside import PULLING, Inside, inside
from e2e.samples import POOL, RULE
from review_checks.engine import checking
from review_checks.engine.discovery import all_rules
from review_checks.engine.workspace import Workspace
from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Report, Rule
from review_checks.summaries.inputs import layout
from review_server.logs import forward
from review_server.transport import Framing
from support.edits import ACTIONS, TYPED, Action, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

URI = "untitled:pool"


def broken_rule() -> Rule:
    """Return a rule that cannot bear short files."""

    def check(path: str, context: Context) -> Iterator[Report]:
        if len(layout(context.db, path) or ()) < 50:
            raise RuntimeError("it was not meant so")
        yield from ()

    return Rule(
        name="broken-rule",
        concern="errors",
        severity=Severity.WARNING,
        tier=Tier.DEFAULT,
        safety=None,
        over=Over.MODULE,
        check=check,
        fix=None,
        title="",
        document="",
    )


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING)
    return caplog


RECORDED = sorted(
    entry.name for entry in resources.files("pytest_lsp.clients").iterdir() if ".json" in entry.name
)


@pytest.mark.parametrize("name", RECORDED)
def test_what_editors_really_sent_is_understood(name: str) -> None:
    recorded = json.loads(resources.files("pytest_lsp.clients").joinpath(name).read_text())

    def test() -> None:
        server = Inside(recorded["capabilities"])
        server.open(URI, POOL)
        assert server.server.session.client.takes_actions
        assert server.server.session.document(URI) is not None

    inside(test)


def test_a_rule_that_fails_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, records: pytest.LogCaptureFixture
) -> None:
    rules = (*all_rules(), broken_rule())
    monkeypatch.setattr(checking, "all_rules", lambda: rules)

    def test() -> None:
        server = Inside(PULLING)
        server.open(URI, POOL)
        for _ in range(3):
            finding, notice = server.pull(URI)
            assert finding["code"] == RULE
            assert notice["severity"] == 3
            assert "`broken-rule`" in notice["message"]
            assert "code" not in notice
        server.change(URI, {"text": POOL + "".join(f"def f{n}(): pass\n" for n in range(60))})
        assert [row.get("code") for row in server.pull(URI)] == [RULE]

    inside(test)
    traces = [row for row in records.records if "it was not meant so" in row.getMessage()]
    assert len(traces) == 1


def test_an_analysis_that_fails_leaves_the_server_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def test() -> None:
        server = Inside(PULLING)
        server.open(URI, POOL)
        with monkeypatch.context() as broken:
            broken.setattr(Workspace, "findings", lambda *_: 1 / 0)
            (notice,) = server.pull(URI)
            assert "could not be analysed" in notice["message"]
        assert [row["code"] for row in server.pull(URI)] == [RULE]

    inside(test)


def test_what_goes_wrong_is_said_once_a_minute_and_not_endlessly() -> None:
    def test() -> None:
        server = Inside(PULLING)
        root = logging.getLogger()
        before = list(root.handlers)
        forward(server.server)
        try:
            for _ in range(5):
                logging.getLogger("review_server").warning("the same")
            assert server.logged() == ["the same"]
            for number in range(1000):
                logging.getLogger("review_server").error("number %d", number)
            assert len(server.logged()) < 50
        finally:
            root.handlers[:] = before

    inside(test)


actions = st.builds(
    Action,
    st.sampled_from(ACTIONS),
    st.integers(0, 999),
    st.integers(0, 30),
    st.sampled_from([*TYPED, "\U0001f600", "é", "\U0001f600" * 3]),
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(actions, max_size=8))
def test_rows_are_those_of_a_new_server(encoding: str, batch: list[Action]) -> None:
    """Rows that were kept are right, however the text around them changed."""
    capabilities = {**PULLING, "general": {"positionEncodings": [encoding]}}

    def test() -> None:
        server = Inside(capabilities)
        writer = Writer(POOL.replace("None)", "None)  # \U0001f600"))
        server.open(URI, writer.document.text)
        server.pull(URI)
        for action in batch:
            writer.do([action])
            server.change(URI, {"text": writer.document.text})
            rows = server.pull(URI)
            document = server.server.session.document(URI)
            assert document is not None
            document.rendered = {}
            assert server.pull(URI) == rows

    inside(test)


@given(st.lists(st.binary(max_size=60), max_size=6), st.lists(st.integers(0, 500), max_size=12))
def test_messages_are_cut_the_same_wherever_the_pipe_cuts(
    bodies: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)
    framing = Framing()
    found = []
    at = 0
    for cut in [*sorted(cuts), len(stream)]:
        found += framing.feed(stream[at:cut])
        at = max(at, cut)
    assert found == bodies


@given(st.binary(max_size=300))
def test_garbage_before_a_message_is_skipped(garbage: bytes) -> None:
    framing = Framing()
    if b"content-length" in garbage.lower():
        return
    found = framing.feed(garbage + b"\r\n\r\nContent-Length: 2\r\n\r\n{}")
    assert found == [b"{}"]
