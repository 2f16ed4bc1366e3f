"""Order, bad messages, and every way to leave."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from e2e.editor import PATIENCE
from e2e.samples import POOL
from e2e.wire import INITIALIZE, Wire, framed

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = {"uri": "untitled:one", "languageId": "python", "version": 1, "text": POOL}
PULL = {"textDocument": {"uri": "untitled:one"}}
PULLING = {
    "workspace": {"diagnostics": {"refreshSupport": True}},
    "textDocument": {"diagnostic": {}},
}

NOT_INITIALIZED, INVALID_REQUEST, PARSE_ERROR = -32002, -32600, -32700
INVALID_PARAMS, UNKNOWN_METHOD, CANCELLED = -32602, -32601, -32800


def test_the_order_of_the_specification() -> None:
    with Wire() as wire:
        early = wire.request(5, "textDocument/diagnostic", PULL)
        assert early["error"]["code"] == NOT_INITIALIZED
        wire.send({"method": "textDocument/didOpen", "params": {"textDocument": DOCUMENT}})
        result = wire.initialize(capabilities=PULLING)
        assert result["serverInfo"]["name"] == "review-lsp"
        assert wire.request(6, "textDocument/diagnostic", PULL)["result"]["items"] == []
        assert wire.request(7, "initialize", INITIALIZE)["error"]["code"] == INVALID_REQUEST
        assert wire.request(8, "shutdown")["result"] is None
        late = wire.request(9, "textDocument/diagnostic", PULL)
        assert late["error"]["code"] == INVALID_REQUEST
        wire.send({"method": "textDocument/didOpen", "params": {"textDocument": DOCUMENT}})
        wire.send({"method": "exit"})
        assert wire.end() == 0


def test_exit_without_shutdown_is_a_failure() -> None:
    with Wire() as wire:
        wire.initialize()
        wire.send({"method": "exit"})
        assert wire.end() == 1
    with Wire() as wire:
        wire.send({"method": "exit"})
        assert wire.end() == 1


def test_the_server_leaves_while_it_starts_others(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    folders = [{"uri": tmp_path.as_uri(), "name": "service"}]
    restart = {"command": "review.restartIndex", "arguments": []}
    for _ in range(6):
        with Wire() as wire:
            wire.initialize(workspaceFolders=folders)
            wire.request(2, "workspace/executeCommand", restart)
            wire.send(
                {"id": 3, "method": "workspace/executeCommand", "params": restart},
                {"method": "exit"},
            )
            assert wire.end() == 1


def test_the_end_of_input_ends_the_server() -> None:
    for shut_down, code in ((False, 1), (True, 0)):
        with Wire() as wire:
            wire.initialize()
            if shut_down:
                wire.request(2, "shutdown")
            assert wire.process.stdin is not None
            wire.process.stdin.close()
            assert wire.end() == code


def test_bad_messages_are_answered_and_the_next_ones_handled() -> None:
    with Wire() as wire:
        wire.initialize(capabilities=PULLING)
        for body, code in (
            (b"{", PARSE_ERROR),
            (b"\xff\xfe", PARSE_ERROR),
            (b"[]", INVALID_REQUEST),
            (b'"text"', INVALID_REQUEST),
            (b'{"jsonrpc":"2.0","params":{}}', INVALID_REQUEST),
            (b'{"jsonrpc":"2.0","id":{},"method":"x"}', INVALID_REQUEST),
        ):
            wire.write(framed(body))
            assert wire.answer(None)["error"]["code"] == code, body
        wire.write(b"no header at all\r\n\r\n" + b"Content-Type: x\r\n\r\n")
        wrong = wire.request(3, "textDocument/diagnostic", {"textDocument": 1})
        assert wrong["error"]["code"] == INVALID_PARAMS
        assert wire.request(4, "textDocument/unheardOf", {})["error"]["code"] == UNKNOWN_METHOD
        wire.send(
            {"method": "$/unheardOf", "params": {}},
            {"method": "textDocument/didChange", "params": {"textDocument": {"uri": "x"}}},
            {"method": "textDocument/didChange", "params": None},
            {"method": "textDocument/didClose", "params": {"textDocument": {"uri": "x"}}},
            {"method": "$/cancelRequest", "params": {"id": 99}},
            {"id": "never asked", "result": None},
        )
        body = b'{"jsonrpc":"2.0","id":7,"method":"textDocument/diagnostic","params":%b}'
        pull = framed(body % b'{"textDocument":{"uri":"untitled:one"}}')
        # Headers in any spelling, and a message in many pieces.
        for piece in (pull[:5], pull[5:30], pull[30:]):
            wire.write(piece.replace(b"Content-Length", b"content-length"))
            time.sleep(0.01)
        assert wire.answer(7)["result"]["kind"] == "full"


def test_a_lone_surrogate_passes() -> None:
    with Wire() as wire:
        wire.initialize(capabilities=PULLING)
        text = POOL + "\n# \ud83d\n"
        wire.send(
            {
                "method": "textDocument/didOpen",
                "params": {"textDocument": {**DOCUMENT, "text": text}},
            }
        )
        assert len(wire.request(2, "textDocument/diagnostic", PULL)["result"]["items"]) == 1


def test_requests_cancelled_before_they_are_read_are_not_worked_on() -> None:
    with Wire() as wire:
        wire.initialize(capabilities=PULLING)
        wire.send({"method": "textDocument/didOpen", "params": {"textDocument": DOCUMENT}})
        pulls: list[dict[str, Any]] = [
            {"id": number, "method": "textDocument/diagnostic", "params": PULL} for number in (2, 3)
        ]
        wire.send(*pulls, {"method": "$/cancelRequest", "params": {"id": 2}})
        assert wire.answer(2)["error"]["code"] == CANCELLED
        assert len(wire.answer(3)["result"]["items"]) == 1


def test_the_server_ends_with_the_editor() -> None:
    # The editor's own end of the pipe stays open here, so that only its process is missed.
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as editor, Wire() as wire:
        wire.initialize(processId=editor.pid)
        editor.kill()
        killed = time.monotonic()
        assert wire.end() == 1
        assert time.monotonic() - killed < 2


def test_a_process_that_cannot_be_seen_is_not_missed() -> None:
    # Such is the editor's number in a container that the server does not share.
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    with Wire() as wire:
        wire.initialize(processId=gone.pid)
        assert wire.request(2, "shutdown")["result"] is None


def test_files_can_stand_for_pipes(tmp_path: Path) -> None:
    script = tmp_path / "script"
    rows = [
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}',
        b'{"jsonrpc":"2.0","id":2,"method":"shutdown"}',
        b'{"jsonrpc":"2.0","method":"exit"}',
    ]
    script.write_bytes(b"".join(map(framed, rows)))
    output = tmp_path / "output"
    command = [sys.executable, "-m", "review_server"]
    with script.open("rb") as source, output.open("wb") as target:
        done = subprocess.run(
            command, stdin=source, stdout=target, check=False, env=dict(os.environ)
        )
    assert done.returncode == 0
    assert output.read_bytes().count(b"Content-Length") == 2


def test_a_device_that_has_nothing_to_say_is_an_end_of_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "review_server"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_nothing_slow_is_imported_but_lsprotocol() -> None:
    code = (
        "import sys, review_server.host; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert not {"click", "rich", "jedi", "platformdirs", "pathspec"} & set(done.stdout.split())
