"""Of files that are not open it is known when their findings may be others, and little else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.options import Options
from review_checks.summaries.index import mentioned_in
from support.edits import ACTIONS, TYPED, Action, Writer
from support.literate import read_cases

CASES_FOLDER = Path(__file__).parents[1] / "rules"
PROJECTS = [
    case.files
    for path in sorted(CASES_FOLDER.glob("*/*.md"))
    for case in read_cases(path)
    if len(case.files) > 1
]
STRICT = Options(profile="strict")

UTILS = """\
from oslo_concurrency import lockutils

synchronized = lockutils.synchronized_with_prefix("service-")


def unrelated():
    return 1
"""
SERVICE = """\
import utils


class Tracker:
    def __init__(self):
        self.nodes = {}

    @utils.synchronized("nodes")
    def add(self, name, node):
        self.nodes[name] = node

    @utils.synchronized("nodes")
    def find(self, name):
        return self.nodes.get(name)

    @utils.synchronized("nodes")
    def drop_all(self):
        self.nodes.clear()

    def remove(self, name):
        self.nodes.pop(name, None)
"""
OTHER = "import utils\n\nx = 1\n"


@pytest.fixture
def source() -> MemorySource:
    return MemorySource({"utils.py": UTILS, "service.py": SERVICE, "other.py": OTHER})


@pytest.fixture
def workspace(source: MemorySource) -> Workspace:
    """Return a project of which all was found out, and nothing is remembered."""
    workspace = Workspace(source, STRICT)
    look(workspace, source.files)
    workspace.let_go()
    assert not workspace._store.files
    return workspace


def look(workspace: Workspace, paths: object) -> None:
    for path in paths:  # type: ignore[attr-defined]
        workspace.findings(path)
        workspace.trace(path)


def standing(workspace: Workspace) -> set[str]:
    return {path for path in ("utils.py", "service.py", "other.py") if workspace.stands(path)}


ALL = {"utils.py", "service.py", "other.py"}


def test_what_was_let_go_of_is_found_out_again(workspace: Workspace) -> None:
    assert standing(workspace) == ALL
    assert [row.rule for row in workspace.findings("service.py")] == ["unguarded-write"]
    assert standing(workspace) == ALL


def test_what_open_files_need_is_kept(source: MemorySource) -> None:
    workspace = Workspace(source, STRICT)
    workspace.open("service.py", SERVICE)
    look(workspace, source.files)
    workspace.let_go()
    assert workspace._store.files.keys() == {"service.py", "utils.py"}
    count = workspace.db.computed
    workspace.findings("service.py")
    assert workspace.db.computed == count


def test_a_file_that_was_let_go_of_is_changed_on_disk(
    workspace: Workspace, source: MemorySource
) -> None:
    source.files["utils.py"] = "def synchronized(name):\n    return lambda function: function\n"
    workspace.refresh("utils.py")
    # What merely imports it has nothing from it.
    assert standing(workspace) == {"other.py"}
    assert workspace.findings("service.py") == []


def test_a_file_on_which_nothing_depends_is_changed(
    workspace: Workspace, source: MemorySource
) -> None:
    source.files["other.py"] = "x = 2\n"
    workspace.refresh("other.py")
    assert standing(workspace) == {"utils.py", "service.py"}


def test_a_file_that_was_let_go_of_is_opened(workspace: Workspace) -> None:
    workspace.open("utils.py", UTILS)
    assert standing(workspace) == ALL
    workspace.close("utils.py")
    assert standing(workspace) == ALL
    workspace.open("utils.py", UTILS + "\n\ndef more():\n    pass\n")
    assert "service.py" not in standing(workspace)


def test_an_edit_concerns_those_that_depend_on_what_it_changes(workspace: Workspace) -> None:
    workspace.open("utils.py", UTILS)
    # What was found out before the file was opened depends on all of it.
    workspace.open("utils.py", UTILS.replace("return 1", "return 2"))
    assert standing(workspace).isdisjoint({"utils.py", "service.py"})
    look(workspace, ALL)
    workspace.let_go()
    workspace.open("utils.py", UTILS.replace("return 1", "return 3"))
    assert standing(workspace) == {"service.py", "other.py"}
    workspace.open("utils.py", "def synchronized(name):\n    return lambda function: function\n")
    assert standing(workspace) <= {"other.py"}
    assert workspace.findings("service.py") == []


def test_a_module_that_was_missing_comes(source: MemorySource) -> None:
    del source.files["utils.py"]
    workspace = Workspace(source, STRICT)
    look(workspace, source.files)
    workspace.let_go()
    source.files["utils.py"] = UTILS
    workspace.refresh("utils.py")
    assert not workspace.stands("service.py")
    assert workspace.findings("service.py")


def test_other_files_use_a_name(workspace: Workspace) -> None:
    mentioned_in(workspace.db, "remove")
    workspace._store.traces.put("service.py", [("mentioned_in", "remove")])
    workspace.let_go()
    workspace.note([("user.py", ("Tracker",))])
    workspace.announce()
    assert workspace.stands("service.py")
    workspace.note([("user.py", ("Tracker", "remove"))])
    workspace.announce()
    assert not workspace.stands("service.py")


def test_options_concern_everything(workspace: Workspace) -> None:
    workspace.configure(Options(ignore=("unguarded-write",)))
    assert standing(workspace) == set()


actions = st.builds(
    Action,
    st.sampled_from(ACTIONS),
    st.integers(0, 999),
    st.integers(0, 30),
    st.sampled_from(TYPED),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    files=st.sampled_from(PROJECTS),
    chosen=st.integers(0, 9),
    edits=st.lists(actions, max_size=4),
    is_open=st.booleans(),
)
def test_what_stands_is_what_it_was(
    *, files: dict[str, str], chosen: int, edits: list[Action], is_open: bool
) -> None:
    workspace = Workspace(MemorySource(files), STRICT)
    path = sorted(files)[chosen % len(files)]
    if is_open:
        workspace.open(path, files[path])
    look(workspace, files)
    before = {one: workspace.findings(one) for one in files}
    workspace.let_go()
    writer = Writer(files[path])
    if not is_open:
        workspace.open(path, files[path])
    for action in edits:
        writer.do([action])
        workspace.open(path, writer.document.text)
    for one in files:
        if workspace.stands(one):
            assert workspace.findings(one) == before[one]
