"""What ``--fix`` writes, and what it leaves alone."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from review_server.cli import writing
from review_server.cli.writing import WriteError, rewrite
from support.commands import MENDED, POOL, Run

if TYPE_CHECKING:
    from pathlib import Path

FIX = ["check", "--fix", "--unsafe-fixes"]


def test_unsafe_fixes_are_not_applied_unasked(project: Path, run: Run) -> None:
    done = run("check", "--fix", "pool.py")
    assert done.code == 1
    assert (project / "pool.py").read_text() == POOL
    assert "--fix --unsafe-fixes mends 1." in done.out


def test_fixes_are_written(project: Path, run: Run) -> None:
    done = run(*FIX, "pool.py")
    assert done == (0, "Fixed 1 finding. No findings in 1 file.\n", "")
    assert (project / "pool.py").read_text() == MENDED
    assert [path.name for path in project.iterdir() if path.suffix == ".tmp"] == []


def test_fixing_twice_changes_nothing(project: Path, run: Run) -> None:
    run(*FIX, "pool.py")
    before = (project / "pool.py").stat()
    assert run(*FIX, "pool.py").out == "No findings in 1 file.\n"
    assert (project / "pool.py").stat() == before


def test_with_diff_the_patch_is_printed_and_nothing_written(project: Path, run: Run) -> None:
    done = run(*FIX, "--diff", "pool.py")
    assert done.code == 1
    assert done.err == "Would fix 1 finding.\n"
    assert (project / "pool.py").read_text() == POOL
    subprocess.run(["git", "apply", "-"], input=done.out, text=True, cwd=project, check=True)
    assert (project / "pool.py").read_text() == MENDED


def test_several_fixes_of_one_file(project: Path, run: Run) -> None:
    other = POOL.replace("Pool", "Other")
    (project / "pool.py").write_text(POOL + other)
    done = run(*FIX, "pool.py")
    assert done.out == "Fixed 2 findings. No findings in 1 file.\n"
    assert (project / "pool.py").read_text() == MENDED + MENDED.replace("Pool", "Other")


@pytest.mark.parametrize("last", ["", "end"])
@pytest.mark.parametrize(
    ("end", "encoding", "mark"),
    [
        ("\n", "utf-8", ""),
        ("\r\n", "utf-8", ""),
        ("\r", "utf-8", ""),
        ("\r\n", "utf-8-sig", ""),
        ("\n", "utf-8-sig", ""),
        ("\n", "latin-1", "# -*- coding: latin-1 -*-"),
        ("\r\n", "cp1252", "# vim: set fileencoding=cp1252 :"),
    ],
)
def test_line_ends_and_encoding_stay(
    project: Path, run: Run, end: str, last: str, mark: str, encoding: str
) -> None:
    def raw(text: str) -> bytes:
        body = f"{mark}\n# é\n{text}" if mark else f"# é\n{text}"
        return (body if last else body.removesuffix("\n")).replace("\n", end).encode(encoding)

    (project / "pool.py").write_bytes(raw(POOL))
    assert run(*FIX, "pool.py").out.startswith("Fixed 1 finding.")
    assert (project / "pool.py").read_bytes() == raw(MENDED)


def test_the_patch_of_crlf_text_applies(project: Path) -> None:
    (project / "pool.py").write_bytes(POOL.replace("\n", "\r\n").encode())
    done = subprocess.run(
        [sys.executable, "-m", "review_server", *FIX, "--diff", "pool.py"],
        capture_output=True,
        check=False,
    )
    subprocess.run(["git", "apply", "-"], input=done.stdout, cwd=project, check=True)
    assert (project / "pool.py").read_bytes() == MENDED.replace("\n", "\r\n").encode()


def test_mode_stays_and_links_are_followed(project: Path, run: Run) -> None:
    real = project / "pool.py"
    real.chmod(0o754)
    link = project.parent / "link.py"
    link.symlink_to(real)
    run(*FIX, link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o754
    assert real.read_text() == MENDED


def test_a_file_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text("new\n")
    with pytest.raises(WriteError, match="changed meanwhile"):
        rewrite(str(path), "old\n", "fixed\n")
    assert path.read_text() == "new\n"


def test_a_character_that_the_encoding_lacks_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    raw = "# coding: latin-1\n'é'\n".encode("latin-1")
    path.write_bytes(raw)
    with pytest.raises(WriteError, match="its encoding, iso-8859-1, has no '€'"):
        rewrite(str(path), raw.decode("latin-1"), raw.decode("latin-1") + "'€'")
    assert path.read_bytes() == raw


def test_a_text_that_would_not_come_back_the_same_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    raw = b"# coding: utf-7\n'+AOk-'\nx = '+AGEAYg-'\n"
    path.write_bytes(raw)
    with pytest.raises(WriteError, match="cannot be written back"):
        rewrite(str(path), raw.decode("utf-7"), "x\n")
    assert path.read_bytes() == raw


def test_a_codec_that_is_not_for_texts_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    raw = b"# coding: idna\nx = 1\n"
    path.write_bytes(raw)
    with pytest.raises(WriteError, match="its idna text cannot be written back"):
        rewrite(str(path), raw.decode("idna"), raw.decode("idna") + f"# {'.' * 3}\n")
    assert path.read_bytes() == raw


def test_a_write_protected_file_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.py"
    path.write_text("old\n")
    path.chmod(0o444)
    # The superuser may write what is protected.
    monkeypatch.setattr(writing.os, "access", lambda *_: False)
    with pytest.raises(WriteError, match="write-protected"):
        rewrite(str(path), "old\n", "new\n")


def test_the_original_survives_a_failing_replacement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.py"
    path.write_text("old\n")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing.os, "replace", refuse)
    with pytest.raises(WriteError, match="no space left on device"):
        rewrite(str(path), "old\n", "new\n")
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_when_the_system_takes_no_more_the_command_says_so(project: Path) -> None:
    big = POOL + "#" * 100_000 + "\n"
    (project / "pool.py").write_text(big)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = subprocess.run(
        [sys.executable, "-B", "-m", "review_server", *FIX, "pool.py"],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "pool.py: not written: file too large\n"
    assert (project / "pool.py").read_text() == big
    assert sorted(path.name for path in project.iterdir()) == ["pool.py", "pyproject.toml"]
