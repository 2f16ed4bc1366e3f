"""Input that cannot be analysed: it is named, and the other files' results stand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from review_server.cli import reading
from review_server.cli.analysis import Analysis
from support.commands import POOL, Run, spawn

PYTHON_2 = 'def f():\n    print "old"\n\n\ndef g():\n    try:\n        pass\n    except E, e:\n        pass\n'


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"x = 1\ny = '\xff'\n", "odd.py:2: not analysed: byte 0xff is not utf-8"),
        (b"x = 1\n" * 5 + b"# \xe9\n", "odd.py:6: not analysed: byte 0xe9 is not utf-8"),
        (b"# coding: klingon\nx = 1\n", "odd.py:1: not analysed: unknown encoding: klingon"),
        (b"# coding: rot13\nx = 1\n", "odd.py:1: not analysed:"),
        (b"# coding: undefined\nx = 1\n", "odd.py:1: not analysed:"),
        (b"\xef\xbb\xbf# coding: latin-1\nx = 1\n", "odd.py:1: not analysed:"),
        ("x = 1\n".encode("utf-16"), "odd.py:1: not analysed: byte 0xff is not utf-8"),
        (b"x = 1\n\ndef f():\n    return '\x00'\n", "odd.py:3: not analysed: it does not parse"),
        (PYTHON_2.encode(), "odd.py:1: not analysed: it does not parse"),
        (b"def f(:\n    pass\n", "odd.py:1: not analysed: it does not parse"),
        (b"x = '" + b"a" * 1_500_000 + b"'\n", "odd.py:1: not analysed: it is too large"),
        (b"x = '" + b"a" * 5_000_000 + b"'\n", "odd.py: not analysed: its 5000007 bytes are more"),
        (b"x = " + b"(" * 500 + b")" * 500 + b"\n", "odd.py:1: not analysed:"),
        (b"x = " + b"-" * 100_000 + b"1\n", "odd.py:1: not analysed:"),
    ],
)
def test_a_file_that_cannot_be_analysed(project: Path, run: Run, raw: bytes, message: str) -> None:
    (project / "odd.py").write_bytes(raw)
    done = run("check", "--output-format", "json", ".")
    assert done.code == 1
    assert message in done.err
    (row,) = json.loads(done.out)
    assert row["filename"] == str(project / "pool.py")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\xef\xbb\xbf",
        b"\x0c\n",
        b"\r\r\r",
        b"#",
        b"\\",
        "# coding: latin-1\nx = '\xe9'\n".encode("latin-1"),
        b"".join(b" " * n + b"if x:\n" for n in range(90)) + b" " * 90 + b"pass\n",
        "x = '\u2028\u2029\x85'\n".encode(),
    ],
)
def test_a_file_that_is_only_odd(project: Path, run: Run, raw: bytes) -> None:
    (project / "odd.py").write_bytes(raw)
    done = run("check", ".")
    assert done.code == 1
    assert "1 finding in 2 files" in done.out


def test_the_parts_that_parse_are_analysed(project: Path, run: Run) -> None:
    (project / "pool.py").write_text(POOL + "\n\n" + PYTHON_2)
    done = run("check", "pool.py")
    assert done.code == 1
    assert "unguarded-write" in done.out
    assert "pool.py:25: not analysed: it does not parse" in done.err


def test_many_parts_that_cannot_be_analysed_are_summed_up(project: Path, run: Run) -> None:
    (project / "odd.py").write_text("def f():\n    print 'x'\n\n\n" * 10)
    assert run("check", "odd.py").err.splitlines()[3:] == [
        "odd.py: and 7 more parts are not analysed"
    ]


def test_a_broken_link_is_named(project: Path, run: Run) -> None:
    (project / "gone.py").symlink_to("nowhere.py")
    (project / ".#pool.py").symlink_to("an editor's lock")
    done = run("check", ".")
    assert done.code == 1
    assert done.err == "gone.py: not analysed: it is a broken symbolic link\n"
    done = run("check", "gone.py")
    assert done.code == 2
    assert done.err == "gone.py: it is a broken symbolic link\n"


def test_loops_of_folders_end(project: Path, run: Run) -> None:
    (project / "inner").mkdir()
    (project / "inner" / "again").symlink_to(project)
    (project / "self.py").symlink_to("self.py")
    done = run("check", ".")
    assert "1 finding in 1 file:" in done.out
    assert done.err == "self.py: not analysed: too many levels of symbolic links\n"


def test_what_is_no_file_is_not_opened(project: Path, run: Run) -> None:
    os.mkfifo(project / "pipe.py")
    (project / "folder.py").mkdir()
    assert run("check", ".").code == 1
    done = run("check", "pipe.py")
    assert done.code == 2
    assert done.err == "pipe.py: it is neither a file nor a folder\n"


def test_a_file_that_may_not_be_read_is_named(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "secret.py").write_text("x = 1\n")
    (project / "secret.py").chmod(0)
    # The superuser may read everything.
    real = Path.read_bytes

    def read(path: Path) -> bytes:
        if path.name == "secret.py":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(reading.Path, "read_bytes", read)
    done = run("check", ".")
    assert done.code == 1
    assert done.err == "secret.py: not analysed: permission denied\n"
    assert "1 finding in 1 file" in done.out
    assert run("check", "secret.py").code == 2


def test_a_name_that_is_not_utf_8(project: Path) -> None:
    name = os.fsdecode(b"n\xff.py")
    (project / name).write_text(POOL)
    done = spawn("check", ".")
    assert done.code == 1
    assert "n\N{REPLACEMENT CHARACTER}.py:22:9: error" in done.out
    assert "2 findings in 2 files" in done.out
    rows = json.loads(spawn("check", "--output-format", "json", ".").out)
    assert {row["filename"] for row in rows} == {str(project / name), str(project / "pool.py")}


def test_output_that_the_encoding_lacks_is_escaped(project: Path) -> None:
    (project / "pool.py").write_text(POOL.replace("None)", "'😀')"), encoding="utf-8")
    done = spawn("check", "pool.py", PYTHONIOENCODING="ascii")
    assert done.code == 1
    assert "\\U0001f600" in done.out


def test_an_error_of_ours_gives_code_2_and_the_others_results_stand(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "bad.py").write_text("x = 1\n")
    real = Analysis.all_findings

    def fail(analysis: Analysis, path: str) -> object:
        if path.endswith("bad.py"):
            raise LookupError("planted")
        return real(analysis, path)

    monkeypatch.setattr(Analysis, "all_findings", fail)
    done = run("check", ".")
    assert done.code == 2
    assert done.err.startswith("bad.py: internal error: LookupError: planted\nTraceback")
    assert "1 finding in 1 file" in done.out
