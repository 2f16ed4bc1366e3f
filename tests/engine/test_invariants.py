"""The invariants of the design: what must hold for any text, edit, finding and fix."""

from __future__ import annotations

import ast
import io
import random
import tokenize
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review_checks.engine.fixes import identity
from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Finding, Fix, Span
from review_checks.options import Options
from support.edits import ACTIONS, TYPED, Action, Writer
from support.literate import Case, apply_fix, read_cases

CASES_FOLDER = Path(__file__).parents[1] / "rules"
CASES = [
    (path.stem, case)
    for path in sorted(CASES_FOLDER.glob("*/*.md"))
    for case in read_cases(path)
    if case.findings
]
PROJECTS = [case.files for _, case in CASES]
STRICT = Options(profile="strict")

actions = st.builds(
    Action,
    st.sampled_from(ACTIONS),
    st.integers(0, 999),
    st.integers(0, 30),
    st.sampled_from(TYPED),
)


def fresh(files: dict[str, str]) -> Workspace:
    workspace = Workspace(MemorySource(files), STRICT)
    for path, text in files.items():
        workspace.open(path, text)
    return workspace


def everything(workspace: Workspace, files: dict[str, str]) -> list[Finding]:
    found = [finding for path in files for finding in workspace.findings(path)]
    failures = [failure for path in files for failure in workspace.failures(path)]
    assert not failures, failures[0][1]
    return found


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(PROJECTS),
    st.lists(st.lists(actions, min_size=1, max_size=3), max_size=6),
    st.data(),
)
def test_incremental_equals_from_scratch(
    project: dict[str, str], batches: list[list[Action]], data: st.DataObject
) -> None:
    files = dict(project)
    workspace = fresh(files)
    everything(workspace, files)
    writers = {path: Writer(text) for path, text in files.items()}
    for batch in batches:
        path = data.draw(st.sampled_from(sorted(files)))
        writers[path].do(batch)
        files[path] = writers[path].document.text
        workspace.open(path, files[path])
        found = everything(workspace, files)
        if all(parses(text) for text in files.values()):
            assert found == everything(fresh(files), files)


@pytest.mark.parametrize("project", PROJECTS[:12], ids=lambda files: next(iter(files)))
def test_blank_lines_above_recompute_nothing(project: dict[str, str]) -> None:
    workspace = fresh(project)
    before = everything(workspace, project)
    computed = workspace.db.computed
    path = next(iter(project))
    workspace.change(path, [(Span(0, 0, 0, 0), "\n\n\n")])
    after = everything(workspace, project)
    assert workspace.db.computed == computed
    assert [finding.message for finding in after] == [finding.message for finding in before]
    moved = [finding.span.line for finding in after if finding.path == path]
    assert moved == [finding.span.line + 3 for finding in before if finding.path == path]


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))),
    st.sampled_from(PROJECTS),
)
def test_no_text_raises(text: str, project: dict[str, str]) -> None:
    path = next(iter(project))
    files = {**project, path: project[path] + text, "other.py": text}
    everything(fresh(files), files)


@pytest.mark.parametrize(
    "text",
    [
        "x = '" + "a" * 5_000_000 + "'\n",
        "\x00" * 1000,
        "".join("    " * depth + "if x:\n" for depth in range(200)) + "    " * 200 + "pass\n",
        "x = " + "(" * 500 + ")" * 500 + "\n",
        "x = " + " + ".join(["a"] * 20_000) + "\n",
        "x = " + "a." * 5_000 + "b\n",
        "x = a" + "()" * 3_000 + "\n",
        "if a:\n    pass\n" + "elif b:\n    pass\n" * 2_000,
        "print 'python 2'\nexec code in ns\n",
        "def f(:\n" * 3000,
        "\ud800 = 1\n",
    ],
    ids=[
        "long line",
        "nul",
        "blocks",
        "parens",
        "sum",
        "chain",
        "calls",
        "elif",
        "python2",
        "half",
        "surrogate",
    ],
)
def test_hard_text_is_survived(text: str) -> None:
    files = {"hard.py": text, "good.py": "def f():\n    pass\n"}
    workspace = fresh(files)
    everything(workspace, files)
    assert not workspace.unread("good.py")


def comments_of(text: str) -> list[str]:
    return sorted(
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    )


def variants(files: dict[str, str]) -> list[dict[str, str]]:
    crlf = {path: text.replace("\n", "\r\n") for path, text in files.items()}
    tabs = {path: text.replace("    ", "\t") for path, text in files.items()}
    bare = {path: text.rstrip("\n") for path, text in files.items()}
    return [files, crlf, tabs, bare]


@pytest.mark.parametrize(
    ("rule", "case"), CASES, ids=[f"{rule}: {case.title}" for rule, case in CASES]
)
def test_every_fix_keeps_what_it_must(rule: str, case: Case) -> None:
    for files in variants(case.files):
        workspace = fresh(files)
        found = everything(workspace, files)
        for finding in found:
            fix = workspace.fix(finding) if finding.fix is not None else None
            assert everything(workspace, files) == everything(fresh(files), files)
            if not isinstance(fix, Fix):
                continue
            after = apply_fix(files, fix)
            for path, text in after.items():
                assert parses(text) or not parses(files[path])
                for comment in comments_of(files[path]):
                    # Of a comment that silences, only our part may go, and only by our rules.
                    kept = comment.partition("# review:")[0] if "-suppression" in rule else comment
                    assert any(kept.strip() in other for other in ["", *comments_of(text)])
                if "\r\n" in files[path]:
                    assert "\n" not in text.replace("\r\n", ""), "a line end was changed"
            again = fresh(after)
            left = everything(again, after)
            # Those that are alike but for their places stay, each for a fix of its own.
            alike = [identity(row) for row in found].count(identity(finding))
            assert [identity(row) for row in left].count(identity(finding)) == alike - 1


def test_unsaved_buffers_shadow_the_disk() -> None:
    disk = {
        "locks.py": "import threading\n\nLOCK = threading.Lock()\n",
        "user.py": (
            "from locks import LOCK\n\nITEMS = {}\n\n\n"
            "def put(k, v):\n    with LOCK:\n        ITEMS[k] = v\n\n\n"
            "def take(k):\n    with LOCK:\n        return ITEMS.pop(k)\n\n\n"
            "def clear():\n    ITEMS.clear()\n"
        ),
    }
    workspace = Workspace(MemorySource(disk), STRICT)
    workspace.open("user.py", disk["user.py"])
    assert [finding.rule for finding in workspace.findings("user.py")] == ["unguarded-write"]
    workspace.open("locks.py", "import threading\n\nLOCK = threading.Semaphore(5)\n")
    assert workspace.findings("user.py") == []
    workspace.close("locks.py")
    assert [finding.rule for finding in workspace.findings("user.py")] == ["unguarded-write"]


@pytest.mark.parametrize("project", PROJECTS[:6], ids=lambda files: next(iter(files)))
def test_typing_a_function_does_not_blink(project: dict[str, str]) -> None:
    path = next(iter(project))
    workspace = fresh(project)
    before = [finding.message for finding in workspace.findings(path)]
    end = len(workspace.lines(path)) - 1
    typed = '\n\ndef added(first, *rest):\n    """Say (what."""\n    return {"a": [first, "x"]}\n'
    line, column = end, 0
    for character in typed:
        workspace.change(path, [(Span(line, column, line, column), character)])
        line, column = (line + 1, 0) if character == "\n" else (line, column + 1)
        assert [finding.message for finding in workspace.findings(path)] == before


def test_files_may_come_in_any_order() -> None:
    for files in PROJECTS:
        expected = sorted(everything(fresh(files), files), key=repr)
        order = list(files.items())
        random.Random(1).shuffle(order)  # noqa: S311 -- an order, not a secret
        assert sorted(everything(fresh(dict(order)), dict(order)), key=repr) == expected


def test_a_callee_that_cannot_be_read_harms_nobody() -> None:
    files = {
        "errors.py": "class AppError(Exception):\n    def __init__(self, m):\n        raise self, m, None\n",
        "user.py": (
            "from errors import AppError\n\n\n"
            "def f(a):\n    try:\n        AppError(a)\n    except Exception:\n        pass\n"
        ),
    }
    workspace = Workspace(MemorySource(files), STRICT)
    workspace.open("user.py", files["user.py"])
    workspace.findings("user.py")
    assert not workspace.failures("user.py")
