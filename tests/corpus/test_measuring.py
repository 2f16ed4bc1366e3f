"""The corpus scorer from end to end: on a small repository, with a checker made for the purpose."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from corpus.scorer import tools
from corpus.scorer.cases import Source
from corpus.scorer.command import main
from corpus.scorer.results import ChangedError, Outcome, Results
from corpus.scorer.tools import Diagnostic, Tool, ToolError

CHECKER = Path(__file__).with_name("fake_checker.py")

BUG = "x = 0\nx = 1  # report race\n"
FIXED = "x = 0\nx = 2\n"


class Bench(NamedTuple):
    """A repository, a corpus with one case and one silence in it, and the command."""

    folder: Path

    @property
    def clone(self) -> Path:
        return self.folder / "cache" / "mirrors" / "owner+pool" / "repo"

    def publish(self, before: str, after: str, others: dict[str, str] | None = None) -> None:
        """Commit two versions of ``pool/core.py``, and write the corpus.

        Args:
            before: the file with the bug, on line 2; silence is due on line 9.
            after: the fixed file.
            others: the text of further files of both versions.
        """
        repository = self.folder / "origin" / "owner" / "pool"
        repository.mkdir(parents=True, exist_ok=True)
        git(repository, "init", "--quiet")
        shas = []
        for text in (before, after):
            for path, content in {**(others or {}), "pool/core.py": text}.items():
                file = repository / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
            git(repository, "add", "--all")
            git(repository, "commit", "--quiet", "--allow-empty", "--message", "change")
            shas.append(git(repository, "rev-parse", "HEAD").strip())
        common = {"repo": "owner/pool", "path": "pool/core.py", "concern": 1, "why": "it races"}
        case = {
            "id": "C1",
            "functions": ["core"],
            "kind": "missing-lock",
            "fix": "locks",
            "parent_sha": shas[0],
            "parent_ranges": [[2, 2]],
            "fix_sha": shas[1],
            "fixed_ranges": [[2, 2]],
            "decidable": "function",
            "near_duplicate": False,
            "strength": "core",
        }
        silence = {"id": "N1", "sha": shas[0], "function": "core", "lines": [9, 9]}
        (self.folder / "corpus.json").write_text(json.dumps([{**common, **case}]))
        (self.folder / "negatives.json").write_text(json.dumps([{**common, **silence}]))

    def score(self, *words: str) -> int:
        """Run the command; return its exit code."""
        return main(
            [
                *("--corpus", str(self.folder), "--origin", str(self.folder / "origin")),
                *("--command", shlex.join([sys.executable, str(CHECKER)])),
                *("--json", str(self.folder / "score.json"), *words),
            ]
        )

    def scores(self, *words: str) -> list[dict[str, Any]]:
        """Run the command; return what it found of each checker."""
        assert self.score(*words) == 0
        return json.loads((self.folder / "score.json").read_text())

    def verdict(self, *words: str) -> str:
        """Run the command for the default profile; return what became of the case."""
        return self.scores("--profile", "default", *words)[0]["cases"][0]["verdict"]

    def runs(self) -> list[str]:
        """Return the arguments of each run of the checker."""
        log = self.folder / "log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench where the bug is reported, and nothing else."""
    monkeypatch.setenv("REVIEW_TEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHECKER_LOG", str(tmp_path / "log"))
    # Neither the settings of a person nor a hook as part of which the tests run may interfere.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    found = Bench(tmp_path)
    found.publish(BUG, FIXED)
    return found


def git(repository: Path, *words: str) -> str:
    person = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")
    return subprocess.run(
        ["git", *person, *words], cwd=repository, check=True, capture_output=True, text=True
    ).stdout


def test_the_table_of_both_profiles(bench, capsys):
    assert bench.score() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "review-lsp, profile default"
    assert lines[3].startswith("1 synchronization     1 | 100%  100%  100%  100%")
    assert "review-lsp, profile strict" in lines


def test_profiles_differ(bench):
    bench.publish("x = 0\nx = 1  # strict race\n", FIXED)
    default, strict = bench.scores("--profile", "default", "--profile", "strict")
    assert default["cases"][0]["verdict"] == "missed"
    assert strict["cases"][0]["verdict"] == "sharp"


def test_what_stays_is_not_sharp(bench):
    bench.publish(BUG, BUG)
    assert bench.verdict() == "hit"


def test_a_false_alarm_is_seen(bench):
    bench.publish(BUG + "\n" * 6 + "y = 1  # report race\n", FIXED)
    assert bench.scores()[0]["negatives"][0]["alarms"] == [
        {"code": "race", "first": 9, "last": 9, "message": "this is a race"}
    ]


def test_the_longest_name_of_a_rule_decides(bench):
    bench.publish("x = 0\nx = 1  # report race-swallowed\n", FIXED)
    assert bench.verdict() == "missed"


def test_a_checker_reads_the_package_without_its_tests(bench):
    bug = "x = 0\nx = 1  # beside {} race\n"
    others = {"pool/helper.py": "", "pool/tests/test_core.py": "", "setup.py": ""}
    bench.publish(bug.format("pool/helper.py"), FIXED, others)
    assert bench.verdict() == "sharp"
    assert bench.verdict("--context", "file") == "missed"
    for path in ("pool/tests/test_core.py", "setup.py"):
        bench.publish(bug.format(path), FIXED, others)
        git_fetch(bench)
        assert bench.verdict() == "missed"


def git_fetch(bench: Bench) -> None:
    """Bring the clone up to date; the scorer need not, as its corpus does not change."""
    git(bench.clone, "fetch", "--quiet", "origin", "+refs/heads/*:refs/heads/*")


def test_clones_are_made_once(bench, capsys):
    bench.score()
    assert "Cloning" in capsys.readouterr().err
    bench.score("--origin", str(bench.folder / "nowhere"))
    assert "Cloning" not in capsys.readouterr().err


def test_clones_elsewhere_are_used(bench):
    bench.score()
    mirrors = bench.folder / "cache" / "mirrors"
    elsewhere = mirrors.rename(bench.folder / "elsewhere")
    assert bench.verdict("--mirrors", str(elsewhere)) == "sharp"
    assert not mirrors.exists()


@pytest.mark.parametrize("option", ["--origin", "--mirrors"])
def test_a_repository_that_cannot_be_had_is_named(bench, capsys, option):
    assert bench.score(option, str(bench.folder / "nowhere")) == 2
    said = capsys.readouterr().err
    assert "owner/pool" in said or "owner+pool" in said
    assert "--mirrors DIR" in said
    assert "Traceback" not in said
    assert not bench.clone.exists()


def test_a_version_that_a_clone_lacks_is_named(bench, capsys):
    bench.score()
    bench.publish(BUG + "\n", FIXED)
    assert bench.score() == 2
    assert "the clone of owner/pool does not answer: fatal: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("# crash", "boom"), ("# garble", "cannot be read"), ("# sleep", "did not end within 1 s")],
)
def test_a_checker_that_fails_misses(bench, line, complaint):
    bench.publish(BUG + line + "\n", FIXED)
    (score,) = bench.scores("--profile", "default", "--timeout", "1")
    assert score["cases"][0]["verdict"] == "failed"
    assert complaint in "".join(score["complaints"].values())
    assert len(score["complaints"]) == 1


def test_a_checker_that_cannot_be_run_is_named(bench, capsys):
    assert bench.score("--command", "no-such-checker") == 2
    assert "no-such-checker cannot be run" in capsys.readouterr().err


def test_a_part_of_the_corpus_can_be_measured(bench):
    bench.score("--profile", "default")
    assert len(bench.runs()) == 2
    assert bench.scores("--only", "N1")[0]["cases"] == []
    assert bench.scores("--exclude-repo", "owner/pool")[0]["negatives"] == []
    assert bench.scores("--concern", "errors")[0]["cases"] == []


def test_results_of_the_same_checker_are_kept(bench, monkeypatch):
    def review(profile: str, command: list[str]) -> Tool:
        return tools.review(profile, command)._replace(identity=lambda: "today")

    monkeypatch.setattr("corpus.scorer.command.review", review)
    first = bench.scores()
    runs = bench.runs()
    assert bench.scores() == first
    assert bench.runs() == runs
    assert bench.scores("--no-cache") == first
    assert len(bench.runs()) == 2 * len(runs)


def test_an_incomplete_line_of_kept_results_is_ignored(tmp_path):
    tool = Tool("fake", ("fake",), lambda _: [], {}, identity=lambda: "today")
    kept = Results(tool, "file", tmp_path)
    first, second = (Source("owner/pool", "sha", name) for name in ("a.py", "b.py"))
    outcome = Outcome((Diagnostic("race", 1, 2, "look"),), 10)
    kept.keep({first: outcome, second: outcome})
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    again = Results(tool, "file", tmp_path)
    assert again.missing([first, second]) == [second]
    assert again.of([first]) == {first: outcome}
    assert Results(tool, "package", tmp_path).missing([first]) == [first]


def test_failures_are_not_kept(tmp_path):
    tool = Tool("fake", ("fake",), lambda _: [], {}, identity=lambda: "today")
    source = Source("owner/pool", "sha", "a.py")
    Results(tool, "file", tmp_path).keep({source: Outcome(None, 10, "it crashed")})
    assert Results(tool, "file", tmp_path).missing([source]) == [source]


def test_a_checker_that_changes_is_not_measured(tmp_path):
    versions = iter(["today", "tomorrow"])
    tool = Tool("fake", ("fake",), lambda _: [], {}, identity=lambda: next(versions))
    results = Results(tool, "file", tmp_path)
    with pytest.raises(ChangedError, match="fake changed"):
        results.keep({})


def test_the_installed_checker_is_known_by_its_files():
    default, strict = map(tools.review, tools.PROFILES)
    assert default.identity
    assert strict.identity
    assert default.identity() == strict.identity()
    assert default.command != strict.command


def test_what_peers_report():
    place = {"location": {"row": 3, "column": 1}, "end_location": {"row": 4, "column": 1}}
    row = {"filename": "a.py", "message": "bad", **place}
    assert tools._read_ruff([{**row, "code": "S110"}, {**row, "code": None}]) == [
        ("a.py", Diagnostic("S110", 3, 4, "bad")),
        ("a.py", Diagnostic("?", 3, 4, "bad")),
    ]
    row = {"filename": "a.py", "test_id": "B110", "issue_text": "bad", "line_number": 3}
    rows = [{**row, "line_range": [3, 4, 5]}, {**row, "line_range": []}]
    assert tools._read_bandit({"results": rows}) == [
        ("a.py", Diagnostic("B110", 3, 5, "bad")),
        ("a.py", Diagnostic("B110", 3, 3, "bad")),
    ]


def test_which_concerns_the_rules_of_peers_have():
    concern = tools._ruff(("ruff",)).concern
    rules = ("BLE001", "TRY300", "TRY003", "ASYNC110", "ASYNC230", "S105", "S999", "G004")
    assert [concern(rule) for rule in rules] == [2, 2, 0, 1, 5, 3, 0, 0]


def test_several_checkers_have_no_common_command(bench, capsys):
    assert bench.score("--tool", "ruff", "--tool", "review-lsp") == 2
    assert "--command" in capsys.readouterr().err
    with pytest.raises(ToolError):
        tools.peer("ruff", ("no-such-checker",))
