"""A client that breaks every rule: none of it kills the server, or keeps it from its work."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from e2e.inside import PULLING
from e2e.samples import POOL, RULE
from e2e.wire import INITIALIZE, Wire, framed

if TYPE_CHECKING:
    from collections.abc import Iterator

URI = "untitled:pool"
CAPABILITIES = {
    **PULLING,
    "textDocument": {
        **PULLING["textDocument"],
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "disabledSupport": True,
        },
        "hover": {},
    },
}
INVALID_PARAMS, UNKNOWN_METHOD, CANCELLED = -32602, -32601, -32800
PLACES: list[Any] = [-1, -(2**31), -(2**70), 2**31, 2**64, 2**200, 1.5, "1", None, True, [], {}]


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Return a server that has one document, and must be well and able to leave at the end."""
    with Wire() as server:
        server.initialize(capabilities=CAPABILITIES)
        open_pool(server)
        yield server
        server.send(changed({"text": POOL}))
        assert findings(server) == [RULE]
        assert server.request(999_999, "shutdown")["result"] is None
        server.send({"method": "exit"})
        assert server.end() == 0


def open_pool(server: Wire, text: str = POOL) -> None:
    item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
    server.send({"method": "textDocument/didOpen", "params": {"textDocument": item}})


def changed(*changes: Any, uri: str = URI) -> dict[str, Any]:
    params = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": list(changes)}
    return {"method": "textDocument/didChange", "params": params}


def findings(server: Wire, uri: str = URI) -> list[str]:
    params = {"textDocument": {"uri": uri}}
    answer = server.request(888_888, "textDocument/diagnostic", params)
    return [row["code"] for row in answer["result"]["items"]]


def test_every_wrong_place_in_a_text(wire: Wire) -> None:
    def at(line: Any, column: Any) -> dict[str, Any]:
        return {"line": line, "character": column}

    right, number = at(0, 0), 10
    for bad in PLACES:
        for place in (at(bad, 0), at(0, bad), at(bad, bad), bad):
            for start, end in ((place, right), (right, place), (place, place)):
                where = {"start": start, "end": end}
                wire.send(changed({"range": where, "text": "x"}), changed({"text": POOL}))
                number += 1
                params = {
                    "textDocument": {"uri": URI},
                    "range": where,
                    "context": {"diagnostics": [], "triggerKind": 1},
                }
                answer = wire.request(number, "textDocument/codeAction", params)
                assert "result" in answer or answer["error"]["code"] == INVALID_PARAMS


def test_edits_beyond_the_end_are_made_at_the_end(wire: Wire) -> None:
    far = {"line": 10**6, "character": 10**6}
    wire.send(changed({"range": {"start": far, "end": far}, "text": "# the end"}))
    back = {"start": far, "end": {"line": 0, "character": 0}}
    wire.send(changed({"range": back, "text": POOL}))
    assert findings(wire) == [RULE]


def test_documents_that_are_not_open(wire: Wire) -> None:
    for uri in (
        "untitled:never",
        "file:///no/such/file.py",
        "",
        "::",
        "file://[",
        "\ud800",
        "a" * 10**5,
    ):
        other = {"textDocument": {"uri": uri}}
        where = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        wire.send(
            changed({"range": where, "text": "x"}, uri=uri),
            {"method": "textDocument/didSave", "params": other},
            {"method": "textDocument/didClose", "params": other},
        )
        assert findings(wire, uri) == []
        params = {**other, "range": where, "context": {"diagnostics": []}}
        assert wire.request(5, "textDocument/codeAction", params)["result"] == []
        data = {"what": "fix", "uri": uri, "rule": RULE}
        answer = wire.request(6, "codeAction/resolve", {"title": "", "data": data})
        assert "gone" in answer["error"]["message"]


def test_a_document_that_is_opened_again_and_again(wire: Wire) -> None:
    for text in (POOL, "", POOL, "x = (", POOL):
        open_pool(wire, text)
    assert findings(wire) == [RULE]
    for _ in range(3):
        wire.send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": URI}}})
    assert findings(wire) == []
    open_pool(wire)
    assert findings(wire) == [RULE]


def test_a_thousand_cancellations(wire: Wire) -> None:
    params = {"textDocument": {"uri": URI}}
    pulls = [
        {"id": number, "method": "textDocument/diagnostic", "params": params}
        for number in range(1000, 2000)
    ]
    cancels: list[dict[str, Any]] = [
        {"method": "$/cancelRequest", "params": {"id": number}} for number in range(1000, 2000)
    ]
    random.Random(3).shuffle(cancels)  # noqa: S311 -- an order, not a secret
    for rows in ([*pulls, *cancels], [*cancels, *pulls]):
        wire.send(*rows)
        answered: set[int] = set()
        while len(answered) < 1000:
            message = wire.next()
            if "method" not in message:
                assert message["id"] not in answered, "a request is answered once"
                answered.add(message["id"])
                assert "result" in message or message["error"]["code"] == CANCELLED
    odd = [{"id": None}, {"id": {}}, {"id": "x" * 10**5}, {}, [], None, {"id": -(2**70)}]
    wire.send(*[{"method": "$/cancelRequest", "params": params} for params in odd])


def test_wrong_parameters_of_every_method(wire: Wire) -> None:
    methods = [
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didSave",
        "textDocument/didClose",
        "textDocument/diagnostic",
        "textDocument/codeAction",
        "textDocument/hover",
        "codeAction/resolve",
        "workspace/didChangeConfiguration",
        "workspace/didChangeWatchedFiles",
        "workspace/didChangeWorkspaceFolders",
        "workspace/executeCommand",
        "workspace/diagnostic",
        "initialized",
        "$/setTrace",
        "window/workDoneProgress/cancel",
        "textDocument/unheardOf",
    ]
    odd: list[Any] = [
        None,
        1,
        "text",
        [],
        [1],
        {},
        {"textDocument": None},
        {"textDocument": {"uri": 5}},
        {"textDocument": {"uri": URI, "version": "x"}, "contentChanges": [None]},
        {"settings": {"review-lsp": {"select": 5, "exclude": {"a": 1}, "models": []}}},
        {"changes": [{"uri": None}]},
        {"event": {"added": 1}},
    ]
    number = 100
    for method in methods:
        for params in odd:
            number += 1
            wire.send({"method": method, "params": params})
            answer = wire.request(number, method, params)
            assert ("result" in answer) != ("error" in answer), (method, params)
    assert wire.request(50, "textDocument/unheardOf")["error"]["code"] == UNKNOWN_METHOD


def test_garbage_between_messages(wire: Wire) -> None:
    chance = random.Random(7)  # noqa: S311 -- bytes, not secrets
    for size in (1, 10, 1000, 100_000):
        wire.write(chance.randbytes(size).replace(b"ontent", b"ontext") + b"\r\n\r\n")
        assert findings(wire) == [RULE]
    for garbage in (
        b"\r\n\r\n",
        b"Content-Length: \r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 999999999999\r\n\r\n",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 4\r\n\r\n\x00\xff\xfe\x00",
        b"Content-Type: text\r\n\r\n",
        framed(b"[" * 50_000),
        framed(
            b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
        ),
        framed(b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"textDocument/diagnostic"}'),
        framed(b'{"jsonrpc":"2.0","method":"\\ud800"}'),
    ):
        wire.write(garbage)
        assert findings(wire) == [RULE], garbage[:60]


def test_a_message_that_comes_byte_by_byte(wire: Wire) -> None:
    params = {"textDocument": {"uri": URI}}
    row = {"jsonrpc": "2.0", "id": 3, "method": "textDocument/diagnostic", "params": params}
    for byte in framed(json.dumps(row).encode()):
        wire.write(bytes([byte]))
    assert wire.answer(3)["result"]["kind"] == "full"


def test_a_huge_message(wire: Wire) -> None:
    wire.send(changed({"text": "x = '" + "a" * 30_000_000 + "'\n"}))
    params = {"textDocument": {"uri": URI}}
    (row,) = wire.request(3, "textDocument/diagnostic", params)["result"]["items"]
    assert "max-file-size" in row["message"]
    wire.send({"method": "$/unheardOf", "params": "b" * 30_000_000})


def test_answers_that_nobody_asked_for(wire: Wire) -> None:
    for number in (1, 77, "x", None):
        wire.send(
            {"id": number, "result": None}, {"id": number, "error": {"code": 1, "message": ""}}
        )
    wire.send({"id": 5, "error": "no structure"}, {"id": 6, "result": 1, "error": 2})


def test_no_order_at_all() -> None:
    with Wire() as wire:
        wire.send({"method": "initialized", "params": {}})
        wire.send({"id": 1, "method": "shutdown"})
        assert wire.answer(1)["error"]["code"] == -32002
        wire.send({"id": 2, "method": "initialize", "params": {"capabilities": 5}})
        assert "error" in wire.answer(2)
        wire.send({"id": 3, "method": "initialize", "params": None})
        assert "error" in wire.answer(3)
        wire.request(4, "initialize", {**INITIALIZE, "capabilities": CAPABILITIES})
        # Some clients forget this one.
        open_pool(wire)
        assert findings(wire) == [RULE]
        wire.send({"method": "initialized", "params": {}}, {"method": "initialized", "params": {}})
        assert findings(wire) == [RULE]
        assert wire.request(5, "shutdown")["result"] is None
        assert wire.request(6, "shutdown")["error"]["code"] == -32600
        wire.send({"method": "exit"}, {"method": "exit"})
        assert wire.end() == 0


def test_a_client_that_does_not_read(wire: Wire) -> None:
    # More answers than any pipe holds; the reader of the test takes them all the same, later.
    params = {"textDocument": {"uri": URI}}
    wire.send(
        *[
            {"id": number, "method": "textDocument/diagnostic", "params": params}
            for number in range(10, 3000)
        ]
    )
    assert wire.answer(2999)["result"]["items"]


def test_half_a_message_at_the_end() -> None:
    with Wire() as wire:
        wire.initialize(capabilities=CAPABILITIES)
        wire.write(framed(b'{"jsonrpc":"2.0","id":2,"method":"shutdown"}')[:-5])
        assert wire.process.stdin is not None
        wire.process.stdin.close()
        assert wire.end() == 1
