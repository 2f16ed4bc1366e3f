"""The index knows what all files of a project use, and follows them."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from review_server.indexing import crew as crew_module
from review_server.indexing import index as index_module
from review_server.indexing.status import IndexStatus, State
from support.indexing import indexing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path.resolve() / "service"
    (made / "app").mkdir(parents=True)
    (made / "tests").mkdir()
    (made / "pyproject.toml").write_text("")
    (made / "app" / "__init__.py").write_text("")
    (made / "app" / "store.py").write_text("def save(row):\n    pass\n")
    (made / "app" / "api.py").write_text("from app.store import save\n\nsave(1)\n")
    (made / "tests" / "test_api.py").write_text("from app.store import save\n\nsave(2)\n")
    for number in range(60):
        (made / f"script{number}.py").write_text(f"import app\n\napp.work{number}()\n")
    return made


async def test_all_members_are_indexed(root: Path) -> None:
    (root / "latin.py").write_bytes(b"# coding: utf-8\nsave('\xff')\n")
    (root / "made_pb2.py").write_text("save()\n")
    (root / "torn.py").write_text("def f(:\n    save()\n\n\ndef g():\n    load()\n")
    os.mkfifo(root / "pipe.py")
    async with indexing(root) as made:
        assert made.users("save") == []
        status = await made.full()
        assert status == IndexStatus(State.IDLE, 65, 65)
        assert made.users("save") == ["app/api.py"]
        assert made.users("work33") == ["script33.py"]
        assert made.users("load") == ["torn.py"]
        assert len(made.users("app")) == 61
        assert made.changes == 1, "somebody had asked for `save`"


@pytest.mark.parametrize(("types", "most"), [(True, 1), (False, 2)])
async def test_a_processor_is_left_to_whoever_types(
    root: Path, monkeypatch: pytest.MonkeyPatch, *, types: bool, most: int
) -> None:
    monkeypatch.setattr(crew_module, "usual_count", lambda: 2)
    async with indexing(root) as made:
        made.editor.types = types
        await made.full()
        assert len(made.index.processes) == most
        assert made.users("work33") == ["script33.py"]


async def test_it_tells_how_far_it_is(root: Path) -> None:
    async with indexing(root) as made:
        await made.full()
        assert [row.state for row in made.told[:-1]] == [State.INDEXING] * (len(made.told) - 1)
        done = [row.done for row in made.told]
        assert done == sorted(done)
        assert made.told[-2] == IndexStatus(State.INDEXING, 63, 63)
        assert made.told[-1] == IndexStatus(State.IDLE, 63, 63)


async def test_it_waits_to_be_started(root: Path) -> None:
    async with indexing(root) as made:
        made.index.add(made.project)
        made.index.files_changed([str(root / "script1.py")])
        assert made.index.processes == []
        assert await made.settle() == IndexStatus()


async def test_files_that_are_told_of(root: Path) -> None:
    async with indexing(root) as made:
        await made.full()
        assert made.users("save") == ["app/api.py"]
        (root / "script1.py").write_text("save()\n")
        (root / "new.py").write_text("save()\n")
        (root / "tests" / "test_new.py").write_text("save()\n")
        (root / "app" / "api.py").unlink()
        paths = ["script1.py", "new.py", "tests/test_new.py", "app/api.py", "never.py"]
        made.index.files_changed([str(root / path) for path in paths])
        assert await made.settle() == IndexStatus(State.IDLE, 63, 63)
        assert made.users("save") == ["new.py", "script1.py"]
        assert made.users("work1") == []


async def test_files_that_nobody_told_of(root: Path) -> None:
    async with indexing(root) as made:
        await made.full()
        analysis = made.project.analysis
        # Something has asked for them, so that they are under analysis.
        loaded = [str(root / name) for name in ("script1.py", "script2.py")]
        assert all(analysis.lines(path) for path in loaded)
        before = made.changes
        (root / "script1.py").write_text("save()\n")
        (root / "script2.py").unlink()
        (root / "new.py").write_text("save()\n")
        made.index.add(made.project)
        await made.settle()
        assert analysis.lines(loaded[0]) == ["save()\n", ""]
        assert not analysis.lines(loaded[1])
        assert made.users("save") == ["app/api.py", "new.py", "script1.py"]
        assert made.users("work2") == []
        assert made.changes > before


async def test_open_texts_shadow_the_disk(root: Path) -> None:
    path = str(root / "script1.py")
    async with indexing(root) as made:
        made.project.analysis.open(path, "def mine():\n    save()\n")
        await made.full()
        assert made.users("save") == ["app/api.py", "script1.py"]
        assert made.users("work1") == []
        made.project.analysis.close(path)
        assert made.users("work1") == ["script1.py"]
        assert made.users("save") == ["app/api.py"]


async def test_test_code_does_not_count_even_while_it_is_open(root: Path) -> None:
    path = str(root / "tests" / "test_api.py")
    async with indexing(root) as made:
        made.project.analysis.open(path, "save()\n")
        await made.full()
        assert made.users("save") == ["app/api.py"]


async def test_options_decide_about_members(root: Path) -> None:
    async with indexing(root) as made:
        await made.full()
        (root / "review-lsp.toml").write_text("include-tests = true\nexclude = ['script*']\n")
        assert made.projects.configure()
        made.index.add(*made.projects.all())
        assert (await made.settle()).total == 4
        assert made.users("save") == ["app/api.py", "tests/test_api.py"]
        assert made.users("work5") == []


async def test_projects_inside_a_project(root: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    (inner / "setup.py").write_text("save()\n")
    async with indexing(root) as made:
        status = await made.full()
        assert status.total == 64
        assert made.users("save") == ["app/api.py"]
        (other,) = [one for one in made.projects.all() if one.root == inner]
        assert made.users("save", other) == ["inner/setup.py"]


async def test_cancelling_leaves_what_is_known(root: Path) -> None:
    async with indexing(root) as made:
        made.index.listen(lambda status: made.index.cancel() if status.done else None)
        made.index.start()
        status = await made.settle()
        assert status.state is State.DEGRADED
        assert status.reason == "indexing was cancelled"
        assert made.index.processes == []
        made.index._listeners.pop()
        made.index.restart()
        assert await made.settle() == IndexStatus(State.IDLE, 63, 63)
        assert made.users("work33") == ["script33.py"]


async def test_a_project_that_is_too_large(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MOST_FILES", 10)
    async with indexing(root) as made:
        made.index.start()
        status = await made.settle()
        assert (status.state, status.total) == (State.DEGRADED, 10)
        assert "has more than 10 files" in status.reason


async def test_without_an_interpreter(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    async with indexing(root) as made:
        made.index.start()
        status = await made.settle()
        assert status.state is State.DEGRADED
        assert "no Python interpreter" in status.reason
    monkeypatch.setattr(sys, "executable", str(root / "missing"))
    async with indexing(root) as made:
        made.index.start()
        assert "cannot be started" in (await made.settle()).reason


async def test_surveyors_go_when_there_is_nothing_to_do(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_REST_S", 0.05)
    async with indexing(root) as made:
        await made.full()
        assert made.index.processes
        while made.index.processes:  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.01)
        (root / "script1.py").write_text("save()\n")
        made.index.files_changed([str(root / "script1.py")])
        await made.settle()
        assert made.users("save") == ["app/api.py", "script1.py"]


async def test_modules_of_the_current_folder_do_not_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("msgspec", "review_server", "sqlite3", "queue"):
        (root / f"{name}.py").write_text("import os\n\nos._exit(3)\n")
    monkeypatch.chdir(root)
    async with indexing(root) as made:
        await made.full()
        assert made.index._crew.lost == []


async def test_a_file_that_no_surveyor_survives(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os\n"
        "from pathlib import Path\n"
        "read = Path.read_bytes\n"
        "Path.read_bytes = lambda self: os._exit(1) if self.name == 'script7.py' else read(self)\n"
    )
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    async with indexing(root) as made:
        made.index.start()
        status = await made.settle()
        assert status.state is State.DEGRADED
        assert status.reason == "1 files could not be indexed"
        assert made.index._crew.lost == [str(root / "script7.py")]
        assert made.users("work8") == ["script8.py"]


async def test_a_surveyor_that_hangs_is_replaced(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import time\n"
        "from pathlib import Path\n"
        "read = Path.read_bytes\n"
        "def hang(self):\n"
        f"    marker = Path({str(tmp_path / 'marker')!r})\n"
        "    if self.name == 'script7.py' and not marker.exists():\n"
        "        marker.touch()\n"
        "        time.sleep(1000)\n"
        "    return read(self)\n"
        "Path.read_bytes = hang\n"
    )
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setattr(crew_module, "PATIENCE_S", 3.0)
    async with indexing(root) as made:
        assert await made.full() == IndexStatus(State.IDLE, 63, 63)
        assert made.users("work7") == ["script7.py"]
