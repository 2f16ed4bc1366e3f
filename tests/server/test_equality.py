"""The server says of every file what the command line says, and tells when it changes its mind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.wire import Wire
from support.commands import spawn
from support.literate import read_cases
from support.pools import BARE, POOL

CASES = Path(__file__).parents[1] / "rules"
CAPABILITIES = {
    "textDocument": {"diagnostic": {}, "publishDiagnostics": {"relatedInformation": True}},
    "window": {"workDoneProgress": True},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


class Session:
    """A client that pulls, and answers what the server asks."""

    def __init__(self, wire: Wire, root: Path) -> None:
        self.wire = wire
        self.refreshed = 0
        self._number = 10
        folders = [{"uri": root.as_uri(), "name": "service"}]
        wire.initialize(capabilities=CAPABILITIES, workspaceFolders=folders)

    def _handle(self, message: dict[str, Any]) -> None:
        if "method" in message and "id" in message:
            self.refreshed += message["method"] == "workspace/diagnostic/refresh"
            self.wire.send({"id": message["id"], "result": None})

    def until_indexed(self) -> None:
        while True:
            message = self.wire.next()
            self._handle(message)
            if (
                message.get("method") == "$/progress"
                and message["params"]["value"]["kind"] == "end"
            ):
                return

    def until_refreshed(self) -> None:
        while not self.refreshed:
            self._handle(self.wire.next())

    def open(self, path: Path) -> None:
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1}
        document["text"] = path.read_text()
        self.wire.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def pull(self, path: Path) -> list[dict[str, Any]]:
        self._number += 1
        params = {"textDocument": {"uri": path.as_uri()}}
        self.wire.send({"id": self._number, "method": "textDocument/diagnostic", "params": params})
        while "method" in (message := self.wire.next()) or message["id"] != self._number:
            self._handle(message)
        rows: list[dict[str, Any]] = message["result"]["items"]
        return rows


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path.resolve() / "service"
    made.mkdir()
    (made / "pyproject.toml").write_text("")
    return made


def test_findings_are_equal_on_one_tree(root: Path) -> None:
    (root / "pool.py").write_text(POOL)
    (root / "api.py").write_text(BARE)
    # The first case of each rule, in a package of its own.
    for number, path in enumerate(sorted(CASES.glob("*/*.md"))):
        case = next(case for case in read_cases(path) if case.findings)
        folder = root / f"case{number}"
        for name, text in case.files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, newline="")
    done = spawn("check", "--output-format", "json", root)
    expected = sorted(
        (row["filename"], *row["location"].values(), row["code"], row["message"])
        for row in json.loads(done.out)
    )
    assert len({row[3] for row in expected}) > 10
    found = []
    with Wire() as wire:
        session = Session(wire, root)
        session.until_indexed()
        for path in sorted(root.rglob("*.py")):
            session.open(path)
            for row in session.pull(path):
                start = row["range"]["start"]
                place = (start["line"] + 1, start["character"] + 1)
                found.append((str(path), *place, row["code"], row["message"]))
    assert sorted(found) == expected


def test_findings_of_open_files_follow_the_index(root: Path) -> None:
    path = root / "pool.py"
    path.write_text(POOL)
    (root / "api.py").write_text(BARE)
    with Wire() as wire:
        session = Session(wire, root)
        session.open(path)
        # The index comes when the editor rests.
        assert session.pull(path) == []
        session.until_refreshed()
        (finding,) = session.pull(path)
        assert finding["code"] == "unguarded-write"
        # Somebody else changes the only caller.
        session.refreshed = 0
        (root / "api.py").write_text("")
        change = {"uri": (root / "api.py").as_uri(), "type": 2}
        wire.send({"method": "workspace/didChangeWatchedFiles", "params": {"changes": [change]}})
        session.until_refreshed()
        assert session.pull(path) == []
