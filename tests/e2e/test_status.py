"""How the server is doing, told to those who know the notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.clients import EGLOT, NEOVIM, VSCODE
from e2e.inside import PULLING, Inside, inside
from e2e.samples import POOL
from review_checks.engine import checking
from review_checks.engine.discovery import all_rules
from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Report, Rule
from review_server.indexing.status import IndexStatus, State
from review_server.status import Status, Teller

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

WANTED = {**PULLING, "experimental": {"reviewStatus": True}}


def told(server: Inside) -> list[dict[str, Any]]:
    return [row["params"] for row in server.sent if row.get("method") == "review/status"]


def failing() -> Rule:
    def check(_path: str, _context: Context) -> Iterator[Report]:
        raise RuntimeError("it was not meant so")

    return Rule(
        "failing-rule",
        "errors",
        Severity.WARNING,
        Tier.DEFAULT,
        None,
        Over.MODULE,
        check,
        None,
        "",
        "",
    )


def test_only_who_knows_the_notification_gets_it() -> None:
    def test() -> None:
        assert told(Inside(VSCODE)) == [{"state": "idle", "done": 0, "total": 0, "reasons": []}]
        for capabilities in (NEOVIM, EGLOT, PULLING):
            assert told(Inside(capabilities)) == []

    inside(test)


def test_a_rule_that_fails_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (*all_rules(), failing())
    monkeypatch.setattr(checking, "all_rules", lambda: rules)

    def test() -> None:
        server = Inside(WANTED)
        server.open("untitled:x", POOL)
        for _ in range(2):
            server.pull("untitled:x")
        assert [row["state"] for row in told(server)] == ["idle", "degraded"]
        (reason,) = told(server)[-1]["reasons"]
        assert "`failing-rule`" in reason

    inside(test)


def test_what_the_index_says_is_passed_on_once() -> None:
    sent: list[Status] = []
    teller = Teller()
    teller.index_changed(IndexStatus(State.INDEXING, 1, 3))
    teller.begin(lambda _method, status: sent.append(status))
    for status in (
        IndexStatus(State.INDEXING, 1, 3),
        IndexStatus(State.INDEXING, 2, 3),
        IndexStatus(State.IDLE, 3, 3),
        IndexStatus(State.IDLE),
        IndexStatus(State.DEGRADED, 2, 3, "cancelled"),
    ):
        teller.index_changed(status)
    assert sent == [
        Status(State.INDEXING, 1, 3),
        Status(State.INDEXING, 2, 3),
        Status(),
        Status(State.DEGRADED, reasons=("cancelled",)),
    ]


def test_troubles_come_and_go() -> None:
    teller = Teller()
    teller.trouble("one", "first")
    teller.trouble("two", "second")
    teller.trouble("one", "")
    assert teller.current == Status(State.DEGRADED, reasons=("second",))
    teller.index_changed(IndexStatus(State.INDEXING, 0, 9))
    assert teller.current == Status(State.INDEXING, 0, 9, ("second",))
    teller.trouble("two", "")
    teller.index_changed(IndexStatus())
    assert teller.current == Status()
