"""The bare command: a server for editors, an answer for people."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from support.commands import spawn

COMMAND = [sys.executable, "-m", "review_server"]


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["serve"], 2), (["--stdio"], 2)])
def test_on_a_terminal_it_says_what_it_is(arguments: list[str], code: int) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*COMMAND, *arguments],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code
    said, silent = (done.stderr, done.stdout) if code else (done.stdout, done.stderr)
    assert said.startswith("review-lsp is a language server for Python services.")
    assert "review-lsp check PATH..." in said
    assert silent == ""


def test_without_standard_input_it_says_what_it_is() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("review-lsp is a language server")


@pytest.mark.parametrize(
    "arguments", [[], ["serve"], ["--stdio"], ["serve", "--stdio"], ["--clientProcessId=1"]]
)
def test_otherwise_it_serves(arguments: list[str]) -> None:
    messages = [
        {"id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    done = spawn(*arguments, text="".join(_framed(message) for message in messages))
    assert done.code == 0
    assert '"capabilities"' in done.out
    assert done.out.startswith("Content-Length: ")


def test_the_server_loads_nothing_of_the_command_line() -> None:
    script = (
        "import io, sys\n"
        "from review_server.__main__ import main\n"
        "code = main([])\n"
        "loaded = {'click', 'rich', 'multiprocessing', 'review_server.cli'} & set(sys.modules)\n"
        "print(sorted(loaded), code, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=_framed({"id": 1, "method": "initialize", "params": {"capabilities": {}}}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert '"capabilities"' in done.stdout
    # It left without `shutdown`, which is an error by the protocol.
    assert done.stderr.splitlines()[-1] == "[] 1"


def test_commands_do_not_load_the_server() -> None:
    script = (
        "import sys\n"
        "from review_server.__main__ import main\n"
        "main(['check', '--output-format', 'json', sys.argv[1]])\n"
        "loaded = {'pygls', 'lsprotocol', 'jedi', 'asyncio', 'rich'} & set(sys.modules)\n"
        "print(sorted(loaded))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, __file__], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_and_help() -> None:
    done = spawn("--version")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("review-lsp 0.")
    for arguments in (["--help"], ["-h"], ["check", "--help"], ["new-rule", "-h"]):
        done = spawn(*arguments)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("Usage: review-lsp")


def test_an_unknown_command_is_wrong_usage() -> None:
    done = spawn("chekc")
    assert done.code == 2
    assert "No such command 'chekc'" in done.err


def _framed(message: dict[str, object]) -> str:
    body = json.dumps({"jsonrpc": "2.0", **message})
    return f"Content-Length: {len(body)}\r\n\r\n{body}"
