"""What each output format looks like."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from review_checks.model import Edit, Finding, Fix, Note, Safety, Severity, Span
from review_checks.text.editing import apply
from review_checks.text.lines import split_lines
from review_server.cli.formats import FORMATS, View, renderer
from review_server.cli.report import FileReport, Remark, Result
from support.commands import MENDED, POOL, Run, spawn

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
pool.py:22:9: warning: `_active` is written without `_slots` [unguarded-write]
  21 | def forget(self, name):
  22 |     self._active.pop(name, None)
     |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  pool.py:11: written under `_slots`
  gone.py:1: read under `_slots`
  fix (unsafe): Hold `_slots`
"""

DIFF = """\
    --- a/pool.py
    +++ b/pool.py
    @@ -19,4 +19,5 @@
                 return list(self._active)

         def forget(self, name):
    -        self._active.pop(name, None)
    +        with self._slots:
    +            self._active.pop(name, None)
"""

SUMMARY = "\n1 finding in 1 file: 1 warning. --fix --unsafe-fixes mends 1.\n"


@pytest.fixture
def sample(project: Path) -> Result:
    """Return a result with one finding, which no rule can change."""
    path = str(project / "pool.py")
    notes = (
        Note(path, Span(10, 12, 10, 30), "written under `_slots`"),
        Note(str(project / "gone.py"), Span(0, 0, 0, 5), "read under `_slots`"),
    )
    edits = (
        Edit(path, Span(21, 0, 21, 0), "        with self._slots:\n"),
        Edit(path, Span(21, 0, 21, 0), "    "),
    )
    finding = Finding(
        "unguarded-write",
        path,
        Span(21, 8, 21, 36),
        "`_active` is written without `_slots`",
        Severity.WARNING,
        "Pool.forget",
        "Pool._active",
        notes,
        Safety.UNSAFE,
    )
    remark = Remark(finding, Fix("Hold `_slots`", Safety.UNSAFE, edits))
    return Result((FileReport(path, (remark,)),))


Show = Callable[..., str]


@pytest.fixture
def show(sample: Result, capsys: pytest.CaptureFixture[str]) -> Show:
    """Return a function that renders the sample."""

    def call(name: str, *, diff: bool = False) -> str:
        renderer(name)(sample, View(sys.stdout, diff))
        return capsys.readouterr().out

    return call


def test_text(show: Show) -> None:
    assert show("text") == TEXT + SUMMARY


def test_text_with_the_diff_of_the_fix(show: Show) -> None:
    assert show("text", diff=True) == TEXT + DIFF + SUMMARY


def test_text_without_a_fix_says_why(sample: Result, capsys: pytest.CaptureFixture[str]) -> None:
    ((file,),) = (sample.files,)
    remark = Remark(file.remarks[0].finding, refusal="it could deadlock")
    result = Result((FileReport(file.path, (remark,)),), left_out=2, fixed=3)
    renderer("text")(result, View(sys.stdout))
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "  no fix: it could deadlock",
        "",
        (
            "Fixed 3 findings. 1 finding in 1 file"
            " (2 files of tests, generated or excluded left out): 1 warning."
        ),
    ]


def test_json_has_ruffs_keys_and_ours(project: Path, show: Show) -> None:
    path = str(project / "pool.py")
    (row,) = json.loads(show("json"))
    assert row.pop("url") is None, "the package names no repository yet"
    edits = row["fix"].pop("edits")
    assert row == {
        "code": "unguarded-write",
        "filename": path,
        "location": {"row": 22, "column": 9},
        "end_location": {"row": 22, "column": 37},
        "message": "`_active` is written without `_slots`",
        "fix": {"applicability": "unsafe", "message": "Hold `_slots`"},
        "severity": "warning",
        "concern": "synchronization",
        "tier": "default",
        "evidence": [
            {
                "filename": path,
                "location": {"row": 11, "column": 13},
                "end_location": {"row": 11, "column": 31},
                "message": "written under `_slots`",
            },
            {
                "filename": str(project / "gone.py"),
                "location": {"row": 1, "column": 1},
                "end_location": {"row": 1, "column": 6},
                "message": "read under `_slots`",
            },
        ],
    }
    assert edits[1] == {
        "filename": path,
        "content": "    ",
        "location": {"row": 22, "column": 1},
        "end_location": {"row": 22, "column": 1},
    }
    assert _applied(edits, POOL) == MENDED


@pytest.mark.usefixtures("project")
def test_json_of_real_findings(run: Run) -> None:
    done = run("check", "--output-format", "json", "pool.py")
    assert done.code == 1
    (row,) = json.loads(done.out)
    assert row["code"] == "unguarded-write"
    assert len(row["evidence"]) >= 3
    assert _applied(row["fix"]["edits"], POOL) == MENDED


def test_json_of_clean_code_is_an_empty_list(project: Path, run: Run) -> None:
    (project / "pool.py").write_text(MENDED)
    assert run("check", "--output-format", "json", "pool.py") == (0, "[]\n", "")


def test_columns_count_code_points(project: Path, run: Run) -> None:
    (project / "pool.py").write_text(
        POOL.replace("self._active.pop(name, None)", "'é😀'; self._active.pop(name, None)"),
        encoding="utf-8",
    )
    (row,) = json.loads(run("check", "--output-format", "json", "pool.py").out)
    assert row["location"] == {"row": 22, "column": 15}


def test_github_annotations(show: Show) -> None:
    assert show("github") == (
        "::warning title=review-lsp (unguarded-write),file=pool.py,line=22,endLine=22,"
        "col=9,endColumn=37::`_active` is written without `_slots`"
        "%0Apool.py:11: written under `_slots`%0Agone.py:1: read under `_slots`\n"
    )


def test_sarif(project: Path, show: Show) -> None:
    log = json.loads(show("sarif"))
    assert log["version"] == "2.1.0"
    (sarif,) = log["runs"]
    (rule,) = sarif["tool"]["driver"]["rules"]
    (result,) = sarif["results"]
    assert rule["id"] == result["ruleId"] == "unguarded-write"
    assert rule["help"]["markdown"].startswith("# unguarded-write\n")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "pool.py", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 22, "startColumn": 9, "endLine": 22, "endColumn": 37}
    assert [row["id"] for row in result["relatedLocations"]] == [1, 2]
    assert sarif["originalUriBaseIds"]["SRCROOT"]["uri"] == project.as_uri() + "/"
    (fix,) = result["fixes"]
    assert fix["description"]["text"] == "Hold `_slots`"
    assert len(fix["artifactChanges"][0]["replacements"]) == 2


def test_a_file_elsewhere_goes_by_its_absolute_path(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = str(project / "pool.py")
    assert run("check", path).out.startswith(f"{path}:22:9: error")
    assert f"    --- {path}\n    +++ {path}\n" in run("check", "--diff", path).out
    log = json.loads(run("check", "--output-format", "sarif", path).out)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": (project / "pool.py").as_uri()}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_stands_odd_findings(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["x = '\x1b[31m\t😀é\x00'  # " + "long " * 100 + "\n", "\n", "y = 1\r\n", "z"]
    path = project / "odd [red]\x1b.py"
    path.write_text("".join(lines), newline="")
    spans = [
        Span(0, 0, 0, 1),
        Span(0, 5, 0, 12),
        Span(0, 400, 0, 420),
        Span(0, 3, 2, 2),
        Span(1, 0, 1, 0),
        Span(3, 1, 3, 1),
        Span(9, 0, 9, 4),
    ]
    for severity, span in zip([*Severity, *Severity], spans, strict=False):
        finding = Finding(
            "unguarded-write",
            str(path),
            span,
            "is 100% [bold]wrong[/bold]\nreally, :smile:",
            severity,
            "",
            "x",
            (Note(str(project / "gone.py"), span, "seen"),),
            Safety.SAFE,
        )
        fix = Fix("Do it", Safety.SAFE, (Edit(str(path), span, "new"),)) if span.line < 4 else None
        result = Result((FileReport(str(path), (Remark(finding, fix, "no"),)),))
        renderer(name)(result, View(sys.stdout, diff=True))
        shown = capsys.readouterr().out
        assert "[bold]wrong[/bold]" in shown
        # GitHub needs the path of a file as it is, and shows no colours.
        assert name == "github" or "\x1b" not in shown
        assert ":smile:" in shown


def test_text_under_a_long_line_the_carets_stay_in_sight(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "long.py"
    path.write_text("x = [" + "0, " * 1000 + "1]\n")
    span = Span(0, 3005, 0, 3006)
    finding = Finding("unguarded-write", str(path), span, "m", Severity.HINT, "", "x")
    renderer("text")(Result((FileReport(str(path), (Remark(finding),)),)), View(sys.stdout))
    source, carets = capsys.readouterr().out.splitlines()[1:3]
    assert len(source) < 200
    assert source[carets.index("^")] == "1"


@pytest.mark.usefixtures("project")
def test_text_is_coloured_on_a_terminal_only() -> None:
    assert "\x1b[" not in spawn("check", "pool.py").out
    assert "\x1b[" in _on_terminal("check", "pool.py")
    assert "\x1b[" not in _on_terminal("check", "pool.py", NO_COLOR="1")
    assert "\x1b[" not in _on_terminal("check", "pool.py", TERM="dumb")
    assert "unguarded-write" in _on_terminal("check", "pool.py", COLUMNS="20")


def _on_terminal(*arguments: str, **environment: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "review_server", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    ):
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            chunks.append(chunk)
        os.close(ours)
    return b"".join(chunks).decode()


def _applied(edits: list[dict[str, Any]], text: str) -> str:
    return apply(
        split_lines(text),
        [
            Edit(
                edit["filename"],
                Span(
                    edit["location"]["row"] - 1,
                    edit["location"]["column"] - 1,
                    edit["end_location"]["row"] - 1,
                    edit["end_location"]["column"] - 1,
                ),
                edit["content"],
            )
            for edit in edits
        ],
    )
