"""Comments silence findings on their logical line, and the action that writes them finds the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Finding, Fix, Refusal
from review_checks.options import Options
from support.literate import Case, analyse, apply_fix, read_cases

RULE = "unguarded-write"
COMMENT = f"# review: ignore[{RULE}]"

POOL = """\
import threading


class Pool:
    def __init__(self):
        self._slots = threading.Lock()
        self._active = {{}}

    def add(self, name, worker):
        with self._slots:
            self._active[name] = worker

    def find(self, name):
        with self._slots:
            return self._active.get(name)

    def names(self):
        with self._slots:
            return list(self._active)

    def forget(self, name):
{body}
"""

CASES = [
    (path.stem, case)
    for path in sorted((Path(__file__).parents[1] / "rules").glob("*/*.md"))
    for case in read_cases(path)
    if case.findings
]


def pool(body: str) -> str:
    return POOL.format(body=body.rstrip("\n"))


def findings(text: str) -> list[Finding]:
    return [row for row in analyse({"pool.py": text})[1] if row.rule == RULE]


def test_a_mark_of_the_encoding_stays_at_the_beginning() -> None:
    text = "\ufeff" + pool("        self._active.pop(name, None)")
    workspace = Workspace(MemorySource({}))
    workspace.open("pool.py", text)
    (found,) = workspace.findings("pool.py")
    edit = workspace.suppress_in_file(found)
    assert isinstance(edit, Fix)
    after = apply_fix({"pool.py": text}, edit)["pool.py"]
    assert after.startswith(f"\ufeff# review: ignore-file[{RULE}]\nimport")


@pytest.mark.parametrize(
    ("body", "silenced"),
    [
        ("        self._active.pop(name)  # review: ignore[unguarded-write]", True),
        ("        self._active.pop(name)  # review: ignore[unguarded-write] one thread only", True),
        ("        self._active.pop(name)  # review: ignore[other, Unguarded-Write]", True),
        ("        self._active.pop(name)  # Review:ignore[synchronization]", True),
        ("        self._active.pop(name)  # review: ignore", True),
        ("        self._active.pop(name)  # review: ignore[other]", False),
        ("        self._active.pop(name)  # review: ignore[]", False),
        ("        self._active.pop(name)  # noqa: X  # review: ignore[unguarded-write]", True),
        ("        self._active.pop(name)  # type: ignore", False),
        ('        self._active.pop("# review: ignore")', False),
        ("        # review: ignore\n        self._active.pop(name)", True),
        ("        # review: ignore\n        # and why\n\n        self._active.pop(name)", True),
        ("        # review: ignore\n        print()\n        self._active.pop(name)", False),
        ("        self._active.pop(name)\n        # review: ignore", False),
        ("        self._active.pop(\n            name,  # review: ignore\n        )", True),
        (
            "        self._active.pop(\n            # review: ignore\n            name,\n        )",
            True,
        ),
        ("        self._active.pop(\n            name,\n        )  # review: ignore", True),
        ("        self._active \\\n            .pop(name)  # review: ignore", True),
        ('        self._active.pop("""\n# review: ignore\n""")', False),
        ('        self._active.pop("""\n""")  # review: ignore', True),
        ("        if name:  # review: ignore\n            self._active.pop(name)", False),
        (
            "        # review: ignore-file[unguarded-write]\n        print()\n        self._active.pop(1)",
            True,
        ),
        ("        print(); self._active.pop(name)  # review: ignore", True),
    ],
)
def test_what_a_comment_covers(body: str, silenced: bool) -> None:  # noqa: FBT001
    assert bool(findings(pool(body))) is not silenced


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("        self._active.pop(name)", f"        self._active.pop(name)  {COMMENT}"),
        ("        self._active.pop(name)   ", f"        self._active.pop(name)  {COMMENT}"),
        (
            "        self._active.pop(name)  # noqa: B001",
            f"        self._active.pop(name)  # noqa: B001  {COMMENT}",
        ),
        (
            "        self._active.pop(name)  # type: ignore[misc]  # because",
            f"        self._active.pop(name)  # type: ignore[misc]  # because  {COMMENT}",
        ),
        (
            "        self._active.pop(name)  # review: ignore[other] reason",
            f"        self._active.pop(name)  # review: ignore[other, {RULE}] reason",
        ),
        (
            "        self._active.pop(name)  # noqa # review:ignore[]",
            f"        self._active.pop(name)  # noqa # review:ignore[{RULE}]",
        ),
        (
            "        self._active.pop(\n            name,  # the name\n        )",
            f"        self._active.pop(\n            name,  # the name\n        )  {COMMENT}",
        ),
        (
            "        self._active.pop(\n            name,  # review: ignore[other]\n        )",
            f"        self._active.pop(\n            name,  # review: ignore[other, {RULE}]\n        )",
        ),
        (
            "        self._active \\\n            .pop(name)",
            f"        self._active \\\n            .pop(name)  {COMMENT}",
        ),
        (
            '        self._active.pop("""\n  # no comment\n""")',
            f'        self._active.pop("""\n  # no comment\n"""){"  " + COMMENT}',
        ),
        (
            '        self._active.pop("# review: ignore[other]")',
            f'        self._active.pop("# review: ignore[other]")  {COMMENT}',
        ),
    ],
)
def test_where_the_comment_goes(body: str, after: str) -> None:
    for end in ("\n", "\r\n"):
        text = pool(body).replace("\n", end)
        files = {"pool.py": text}
        workspace, _ = analyse(files)
        (found,) = findings(text)
        fix = workspace.suppress(found)
        assert isinstance(fix, Fix), fix
        changed = apply_fix(files, fix)["pool.py"]
        assert changed == pool(after).replace("\n", end)
        assert not findings(changed)


@pytest.mark.parametrize(
    ("rule", "case"), CASES, ids=[f"{rule}: {case.title}" for rule, case in CASES]
)
def test_every_finding_can_be_silenced(rule: str, case: Case) -> None:
    workspace, everything = analyse(case.files)
    for finding in everything:
        fix = workspace.suppress(finding)
        assert isinstance(fix, Fix), (rule, fix)
        after = analyse(apply_fix(case.files, fix))[1]
        assert len(after) == len(everything) - 1


def test_broken_code_is_left_alone() -> None:
    text = pool("        self._active.pop(name)")
    workspace = Workspace(MemorySource({"pool.py": text}), Options())
    workspace.open("pool.py", text)
    (found,) = (row for row in workspace.findings("pool.py") if row.rule == RULE)
    workspace.open("pool.py", text.replace(".pop(name)", ".pop(name"))
    (kept,) = (row for row in workspace.findings("pool.py") if row.rule == RULE)
    assert kept == found
    assert isinstance(workspace.suppress(kept), Refusal)
