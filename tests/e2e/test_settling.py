"""What is said of a document waits for the user's settings, but not for a client that gives none."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from e2e.editor import until
from e2e.inside import PULLING, Inside
from e2e.samples import POOL, RULE
from review_server import settling

pytestmark = pytest.mark.asyncio

URI = "untitled:early"
CANCELLED = -32800
HINT, ERROR = 4, 1
PUSHED: dict[str, Any] = {"workspace": {"configuration": True}}
PULLED = {**PULLING, "workspace": {**PULLING["workspace"], **PUSHED["workspace"]}}
SAID = "textDocument/publishDiagnostics"


class Early(Inside):
    """A client that has not answered yet, or never will."""

    is_prompt = False

    def send(self, **message: Any) -> None:
        self.server.protocol.receive([json.dumps({"jsonrpc": "2.0", **message}).encode()])

    def pull(self, uri: str, number: int = 77) -> Any:
        params = {"textDocument": {"uri": uri}}
        self.send(id=number, method="textDocument/diagnostic", params=params)

    def answered(self, number: int = 77) -> list[dict[str, Any]]:
        return [row for row in self.sent if row.get("id") == number and "method" not in row]

    def shown(self) -> list[list[int]]:
        """Return the severities of each answer and of what was pushed of the document."""
        items = [row["result"]["items"] for row in self.answered()]
        pushed = [row["params"] for row in self.sent if row.get("method") == SAID]
        items += [row["diagnostics"] for row in pushed if row["uri"] == URI]
        return [[item["severity"] for item in rows] for rows in items]


async def rounds() -> None:
    """Let what is to be done soon be done."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no clock end the waiting."""
    monkeypatch.setattr(settling, "_MOST_SECONDS", 1000.0)


def early(capabilities: dict[str, Any]) -> Early:
    server = Early(capabilities)
    server.open(URI, POOL)
    if capabilities in (PULLED, PULLING):
        server.pull(URI)
    return server


@pytest.mark.usefixtures("never")
@pytest.mark.parametrize("capabilities", [PULLED, PUSHED], ids=["pull", "push"])
async def test_nothing_is_shown_that_the_settings_change(capabilities: dict[str, Any]) -> None:
    server = early(capabilities)
    await rounds()
    assert server.shown() == []
    server.settle(result=[{"severity": {RULE: "hint"}}])
    await until(server.shown)
    await rounds()
    assert server.shown() == [[HINT]]


@pytest.mark.usefixtures("never")
@pytest.mark.parametrize("capabilities", [PULLED, PUSHED], ids=["pull", "push"])
async def test_who_refuses_to_tell_is_not_waited_for(capabilities: dict[str, Any]) -> None:
    server = early(capabilities)
    server.settle(error={"code": -32603, "message": "no"})
    await until(server.shown)
    assert server.shown() == [[ERROR]]


@pytest.mark.parametrize("capabilities", [PULLED, PUSHED], ids=["pull", "push"])
async def test_who_never_answers_is_not_waited_for_long(
    capabilities: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_MOST_SECONDS", 0.05)
    server = early(capabilities)
    assert server.shown() == []
    await until(server.shown)
    assert server.shown() == [[ERROR]]
    # An answer that comes late after all is used, and waited for no more.
    server.settle(result=[{"severity": {RULE: "hint"}}])
    server.sent.clear()
    server.change(URI, {"text": f"{POOL}\n"})
    if capabilities is PULLED:
        server.pull(URI)
        assert server.shown() == [[HINT]]
    else:
        await until(server.shown)
        assert server.shown()[0] == [HINT]


@pytest.mark.usefixtures("never")
async def test_what_waits_can_be_cancelled_and_holds_up_nothing_else() -> None:
    server = early(PULLED)
    server.pull(URI, 78)
    server.send(id=79, method="textDocument/unheardOf")
    assert server.answered(79), "other requests are answered"
    server.send(method="$/cancelRequest", params={"id": 77})
    assert [row["error"]["code"] for row in server.answered()] == [CANCELLED]
    server.change(URI, {"text": POOL.replace("self._active.pop(name, None)", "pass")})
    server.settle(result=[None])
    await until(lambda: server.answered(78))
    assert [row["result"]["items"] for row in server.answered(78)] == [[]]
    assert len(server.answered()) == 1


@pytest.mark.usefixtures("never")
@pytest.mark.parametrize("capabilities", [PULLING, {}], ids=["pull", "push"])
async def test_who_has_no_settings_is_not_waited_for(capabilities: dict[str, Any]) -> None:
    server = early(capabilities)
    await rounds()
    assert server.shown() == [[ERROR]]


@pytest.mark.usefixtures("never")
async def test_all_files_wait_as_well() -> None:
    server = early(PULLED)
    waiting = asyncio.ensure_future(server.server.session.settling.over())
    given_up = asyncio.ensure_future(server.server.session.settling.over())
    await rounds()
    assert not waiting.done()
    given_up.cancel()
    server.settle(result=[None])
    await waiting
    await server.server.session.settling.over()
    assert given_up.cancelled()
