"""What each output format looks like."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
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
pool.py:22:9: error: `_active` is written without `self._slots`, under which it is used at 3 of 4 places [unguarded-write]
  21 | def forget(self, name):
  22 |     self._active.pop(name, None)
     |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  pool.py:11: written under `self._slots` in `add`
  pool.py:15: read under `self._slots` in `find`
  pool.py:19: read under `self._slots` in `names`
  fix (unsafe): Hold `self._slots` here

1 finding in 1 file: 1 error. --fix --unsafe-fixes mends 1.
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


@pytest.mark.usefixtures("project")
def test_text(run: Run) -> None:
    assert run("check", "pool.py").out == TEXT


def test_text_with_the_diff_of_the_fix(project: Path, run: Run) -> None:
    done = run("check", "--diff", "pool.py")
    assert done.code == 1
    assert DIFF in done.out
    assert (project / "pool.py").read_text() == POOL


def test_json_has_ruffs_keys_and_ours(project: Path, run: Run) -> None:
    done = run("check", "--output-format", "json", "pool.py")
    assert done.code == 1
    (row,) = json.loads(done.out)
    path = str(project / "pool.py")
    assert row.pop("url").startswith("https://")
    evidence = row.pop("evidence")
    fix = row.pop("fix")
    assert row == {
        "code": "unguarded-write",
        "filename": path,
        "location": {"row": 22, "column": 9},
        "end_location": {"row": 22, "column": 37},
        "message": "`_active` is written without `self._slots`,"
        " under which it is used at 3 of 4 places",
        "severity": "error",
        "concern": "synchronization",
        "tier": "default",
    }
    assert evidence[0] == {
        "filename": path,
        "location": {"row": 11, "column": 13},
        "end_location": {"row": 11, "column": 31},
        "message": "written under `self._slots` in `add`",
    }
    assert fix["applicability"] == "unsafe"
    assert fix["message"] == "Hold `self._slots` here"
    assert _applied(fix["edits"], POOL) == MENDED


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


@pytest.mark.usefixtures("project")
def test_github_annotations(run: Run) -> None:
    done = run("check", "--output-format", "github", "pool.py")
    assert done.code == 1
    assert done.out == (
        "::error title=review-lsp (unguarded-write),file=pool.py,line=22,endLine=22,"
        "col=9,endColumn=37::`_active` is written without `self._slots`, under which it is used at"
        " 3 of 4 places%0Apool.py:11: written under `self._slots` in `add`"
        "%0Apool.py:15: read under `self._slots` in `find`"
        "%0Apool.py:19: read under `self._slots` in `names`\n"
    )


def test_sarif(project: Path, run: Run) -> None:
    done = run("check", "--output-format", "sarif", "pool.py")
    assert done.code == 1
    log = json.loads(done.out)
    assert log["version"] == "2.1.0"
    (sarif,) = log["runs"]
    (rule,) = sarif["tool"]["driver"]["rules"]
    (result,) = sarif["results"]
    assert rule["id"] == result["ruleId"] == "unguarded-write"
    assert rule["help"]["markdown"].startswith("# unguarded-write\n")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "pool.py", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 22
    assert [row["id"] for row in result["relatedLocations"]] == [1, 2, 3]
    assert sarif["originalUriBaseIds"]["SRCROOT"]["uri"] == project.as_uri() + "/"
    (fix,) = result["fixes"]
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
