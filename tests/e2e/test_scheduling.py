"""Bursts cost one analysis, and long work gives way: to who cancels, to edits, and to the end.

The slow server would take many minutes for a text; what is shown here is that nobody waits for that.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.inside import PULLING, Inside, inside
from e2e.samples import POOL, RULE, STRAY
from e2e.wire import Wire, framed
from review_server.attention import Attention, Interrupted
from review_server.inbox import Inbox, Message
from review_server.reporting import Reporter
from review_server.wire import Envelope

URI = "untitled:slow"
CANCELLED = -32800
PULL = {"textDocument": {"uri": URI}}
LONG = "".join(f"def function_{number}():\n    return {number}\n\n\n" for number in range(6000))
MILLISECONDS = "50"


def slow(what: str) -> Wire:
    return Wire(
        [sys.executable, str(Path(__file__).with_name("slow_server.py")), what, MILLISECONDS]
    )


def opened(text: str = LONG, uri: str = URI) -> dict[str, Any]:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    return {"method": "textDocument/didOpen", "params": {"textDocument": item}}


def changed(text: str, version: int = 2, uri: str = URI) -> dict[str, Any]:
    params = {
        "textDocument": {"uri": uri, "version": version},
        "contentChanges": [{"text": text}],
    }
    return {"method": "textDocument/didChange", "params": params}


def pull(number: int, uri: str = URI) -> dict[str, Any]:
    params = {"textDocument": {"uri": uri}}
    return {"id": number, "method": "textDocument/diagnostic", "params": params}


def cancel(number: int) -> dict[str, Any]:
    return {"method": "$/cancelRequest", "params": {"id": number}}


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by the path of each document that is analysed."""
    paths: list[str] = []
    find = Reporter.find

    def noted(self: Reporter, document: Any) -> Any:
        paths.append(document.path)
        return find(self, document)

    monkeypatch.setattr(Reporter, "find", noted)
    return paths


def bodies(*messages: dict[str, Any]) -> list[bytes]:
    return [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]


def test_a_burst_of_edits_is_analysed_once_for_who_pulls(analysed: list[str]) -> None:
    def test() -> None:
        server = Inside(PULLING)
        server.open(URI, "")
        del analysed[:]
        burst: list[dict[str, Any]] = []
        for number in range(50):
            text = POOL if number == 49 else POOL[: number * 5]
            burst += [changed(text, number + 2), pull(100 + number)]
        server.server.protocol.receive(bodies(*burst))
        answers = [row for row in server.sent if row.get("id", 0) in range(100, 150)]
        assert [row["id"] for row in answers] == list(range(100, 150))
        for row in answers:
            assert [item["code"] for item in row["result"]["items"]] == [RULE]
        assert len({row["result"]["resultId"] for row in answers}) == 1

    inside(test)


def test_a_burst_of_edits_is_pushed_once() -> None:
    with Wire() as wire:
        wire.initialize()
        wire.send(
            opened(POOL), *[changed(f"{POOL}# {number}\n", number) for number in range(2, 40)]
        )
        while (message := wire.next()).get("method") != "textDocument/publishDiagnostics":
            pass
        assert [row["code"] for row in message["params"]["diagnostics"]] == [RULE]
        wire.send({"id": 2, "method": "textDocument/unheardOf"})
        while (message := wire.next()).get("id") != 2:
            assert message.get("method") != "textDocument/publishDiagnostics"


def test_requests_before_an_edit_are_answered_before_it() -> None:
    def message(method: str, number: int | None = None) -> Message:
        envelope = Envelope(method=method) if number is None else Envelope(number, method)
        return Message(b"", envelope, 0.0)

    inbox = Inbox()
    sent = [
        message("textDocument/didChange"),
        message("textDocument/diagnostic", 1),
        message("textDocument/didChange"),
        message("textDocument/diagnostic", 2),
        message("textDocument/codeAction", 3),
        message("textDocument/didChange"),
        message("textDocument/diagnostic", 4),
    ]
    for row in sent:
        inbox.put(row)
    taken = []
    while inbox:
        taken.append(inbox.take())
    assert taken == [sent[at] for at in (0, 2, 1, 3, 4, 5, 6)]
    for row in sent:
        inbox.put(row)
    assert inbox.withdraw(3)
    assert not inbox.withdraw(3)
    assert not inbox.withdraw(99)


def test_who_cancels_is_answered_in_the_middle_of_an_analysis() -> None:
    with slow("check") as wire:
        wire.initialize(capabilities=PULLING)
        wire.send(opened(), pull(2))
        # Nothing shows from outside that the analysis is under way but that an answer is missing.
        wire.send(pull(3), pull(4))
        wire.send(cancel(3))
        assert wire.answer(3)["error"]["code"] == CANCELLED
        wire.send(cancel(2))
        assert wire.answer(2)["error"]["code"] == CANCELLED
        wire.send(cancel(4))
        assert wire.answer(4)["error"]["code"] == CANCELLED
        wire.send(changed(POOL), pull(5))
        assert [row["code"] for row in wire.answer(5)["result"]["items"]] == [RULE]


def test_who_cancels_is_answered_while_a_text_is_read() -> None:
    with slow("read") as wire:
        wire.initialize(capabilities=PULLING)
        wire.send(opened(), pull(2))
        wire.send(cancel(2))
        assert wire.answer(2)["error"]["code"] == CANCELLED


ACTING = {
    **PULLING,
    "textDocument": {
        **PULLING["textDocument"],
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}},
    },
}


def actions(number: int) -> dict[str, Any]:
    place = {"line": 0, "character": 0}
    where = {"start": place, "end": place}
    params = {**PULL, "range": where, "context": {"diagnostics": []}}
    return {"id": number, "method": "textDocument/codeAction", "params": params}


def test_a_cancelled_request_for_actions_is_given_up() -> None:
    with slow("check") as wire:
        wire.initialize(capabilities=ACTING)
        wire.send(opened(), actions(2))
        wire.send(cancel(2))
        assert wire.answer(2)["error"]["code"] == CANCELLED
        wire.send(changed(POOL), pull(3))
        assert len(wire.answer(3)["result"]["items"]) == 1


def test_actions_give_way_to_what_is_asked_of_another_document() -> None:
    with slow("check") as wire:
        wire.initialize(capabilities=ACTING)
        wire.send(opened(), actions(2))
        wire.send(opened(POOL, "untitled:other"), pull(3, "untitled:other"))
        while (message := wire.next()).get("id") != 3:
            assert message.get("id") != 2
        assert [row["code"] for row in message["result"]["items"]] == [RULE]
        wire.send(cancel(2))
        assert wire.answer(2)["error"]["code"] == CANCELLED


@pytest.mark.parametrize("work", [pull(2), actions(2)], ids=["pull", "actions"])
def test_nothing_holds_up_the_end(work: dict[str, Any]) -> None:
    with slow("check") as wire:
        wire.initialize(capabilities=ACTING)
        wire.send(opened(), work)
        # By now it is under way, and has been for longer than it gives way to anything else.
        time.sleep(2.5)
        wire.send({"id": 3, "method": "shutdown"})
        assert wire.answer(3)["result"] is None
        wire.send({"method": "exit"})
        assert wire.end() == 0


@pytest.mark.parametrize("pulls", [True, False], ids=["pull", "push"])
def test_an_analysis_gives_way_to_an_edit(pulls: bool) -> None:  # noqa: FBT001
    with slow("check") as wire:
        wire.initialize(capabilities=PULLING if pulls else {})
        wire.send(opened())
        if pulls:
            wire.send(pull(2))
        wire.send(changed(POOL))
        if pulls:
            items = wire.answer(2)["result"]["items"]
        else:
            while (message := wire.next()).get("method") != "textDocument/publishDiagnostics":
                pass
            items = message["params"]["diagnostics"]
        assert [row["code"] for row in items] == [RULE]


def test_another_document_is_opened_in_the_middle_of_an_analysis() -> None:
    with slow("check") as wire:
        wire.initialize(capabilities=PULLING)
        wire.send(opened(), pull(2))
        wire.send(opened(POOL, "untitled:other"), pull(3, "untitled:other"))
        wire.send(cancel(2))
        seen = {}
        while len(seen) < 2:
            message = wire.next()
            if message.get("id") in (2, 3):
                seen[message["id"]] = message
        assert seen[2]["error"]["code"] == CANCELLED
        assert [row["code"] for row in seen[3]["result"]["items"]] == [RULE]


@pytest.mark.parametrize("what", ["check", "read"])
def test_the_end_of_input_ends_an_analysis(what: str) -> None:
    with slow(what) as wire:
        wire.initialize(capabilities=PULLING)
        wire.send(opened(), pull(2))
        assert wire.process.stdin is not None
        wire.process.stdin.close()
        assert wire.end() == 1


def test_what_was_found_out_before_an_interruption_is_kept() -> None:
    def test() -> None:
        server = Inside(PULLING)
        # Each look comes after twenty more computations.
        ticks = iter(range(10**9))
        attention = server.server.attention
        attention._clock = functools.partial(next, ticks)
        text = POOL + LONG[:8000]
        server.open(URI, text)
        document = server.server.session.document(URI)
        assert document is not None
        tries = 0
        for _ in range(10_000):
            try:
                attention.look = lambda: None
                with attention.working(lambda: True):
                    rows = server.server.session.reporter.rows(document)
            except Interrupted:
                tries += 1
            else:
                break
        assert tries > 3
        attention.look = None
        assert [json.loads(row)["code"] for row in rows] == [RULE]
        server.change(URI, {"text": text.replace(STRAY, "pass")})
        assert server.pull(URI) == []

    inside(test)


def test_work_without_a_scope_is_never_given_up() -> None:
    looked = []
    attention = Attention(clock=functools.partial(next, iter(range(100))))
    attention.look = lambda: looked.append(1)
    attention.pause()
    with pytest.raises(Interrupted), attention.working(lambda: True):
        attention.pause()
    with attention.working(lambda: False):
        attention.pause()
    assert len(looked) == 3


def test_a_look_within_a_look_is_none() -> None:
    attention = Attention(clock=functools.partial(next, iter(range(100))))
    attention.look = lambda: (attention.pause(), [])[1]
    attention.pause()
    assert not attention.is_looking


def test_half_a_message_does_not_hold_up_the_rest() -> None:
    with slow("check") as wire:
        wire.initialize(capabilities=PULLING)
        wire.send(opened(), pull(2))
        body = json.dumps({"jsonrpc": "2.0", **cancel(2)}).encode()
        whole = framed(body)
        wire.write(whole[:30])
        wire.write(whole[30:])
        assert wire.answer(2)["error"]["code"] == CANCELLED
