"""What counts as acquiring a resource, and who owns it then."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.facts.schema import FunctionKind
from review_checks.summaries.index import qualified_name
from review_checks.summaries.inputs import FunctionId, layout, unit_facts
from review_checks.summaries.owning.leaks import Cause, leaks
from review_checks.summaries.owning.resources import acquired, dropped, fresh


def load(**files: str) -> tuple[Workspace, dict[str, FunctionId]]:
    """Open modules given by name; return their functions by qualified name."""
    texts = {f"{name}.py": text for name, text in files.items()}
    workspace = Workspace(MemorySource(texts))
    found: dict[str, FunctionId] = {}
    for path, text in texts.items():
        workspace.open(path, text)
        for unit in layout(workspace.db, path) or ():
            for index, body in enumerate(unit_facts(workspace.db, unit).functions):
                if body.kind is FunctionKind.FUNCTION:
                    found[qualified_name(workspace.db, (unit, index))] = (unit, index)
    return workspace, found


def causes(text: str) -> list[tuple[str, Cause]]:
    workspace, found = load(case=text)
    (function,) = found.values()
    return [(leak.owned.name, leak.cause) for leak, _ in leaks(workspace.db, function)]


def test_a_function_that_returns_what_it_opened_acquires_for_its_caller() -> None:
    workspace, found = load(
        files="def fopen(path):\n    file = open(path)\n    return file\n",
        wrap="import files\n\ndef again(path):\n    return files.fopen(path)\n",
        use="import wrap\n\ndef use(path):\n    file = wrap.again(path)\n    print(file)\n",
    )
    assert [row.name for row in acquired(workspace.db, found["use"])] == ["file"]


@pytest.mark.parametrize(
    "body",
    [
        "    file = open(path)\n    CACHE[path] = file\n    return file\n",
        "    file = open(path)\n    register(file)\n    return file\n",
        "    if path:\n        return open(path)\n    return STDIN\n",
        "    yield open(path)\n",
    ],
    ids=["kept as well", "given to somebody", "not always its own", "generator"],
)
def test_what_others_hold_too_is_not_fresh(body: str) -> None:
    workspace, found = load(case=f"def make(path):\n{body}")
    assert fresh(workspace.db, found["make"], 2) is None


def test_a_decorated_function_may_remember_what_it_returns() -> None:
    text = (
        "import functools\n\n@functools.cache\ndef make():\n    return open('x')\n\n"
        "def use():\n    file = make()\n"
    )
    workspace, found = load(case=text)
    assert list(acquired(workspace.db, found["use"])) == []


def test_a_coroutine_acquires_when_it_is_awaited() -> None:
    text = (
        "async def make(path):\n    return open(path)\n\n"
        "async def use(path):\n    file = await make(path)\n    later = make(path)\n"
    )
    workspace, found = load(case=text)
    assert [row.name for row in acquired(workspace.db, found["use"])] == ["file"]


def test_functions_that_call_each_other_come_to_an_end() -> None:
    text = "def a(n):\n    return b(n)\n\ndef b(n):\n    return a(n)\n\ndef use():\n    x = a(1)\n"
    workspace, found = load(case=text)
    assert list(acquired(workspace.db, found["use"])) == []


def test_a_call_may_make_two_things() -> None:
    text = "import tempfile\n\ndef use():\n    fd, path = tempfile.mkstemp()\n"
    workspace, found = load(case=text)
    assert [row.name for row in acquired(workspace.db, found["use"])] == ["fd", "path"]


def test_what_is_read_at_once_has_no_name() -> None:
    text = "import json\n\ndef use(p, q):\n    json.load(open(p))\n    keep(open(q))\n    open(p).close()\n"
    workspace, found = load(case=text)
    assert [row.call for row in dropped(workspace.db, found["use"])] == [0]


@pytest.mark.parametrize(
    ("rest", "cause"),
    [
        ("    work()\n", Cause.NEVER),
        ("    if work():\n        return None\n    file.close()\n", Cause.LEFT),
        ("    work()\n    file.close()\n", Cause.RAISED),
        (
            "    try:\n        file.read()\n    except OSError:\n        return None\n    file.close()\n",
            Cause.CAUGHT,
        ),
        (
            "    for _ in path:\n        file = open(path)\n        file.read(1)\n    file.close()\n",
            Cause.AGAIN,
        ),
    ],
)
def test_causes(rest: str, cause: Cause) -> None:
    found = causes(f"def case(path, work):\n    file = open(path)\n{rest}")
    assert ("file", cause) in found


@pytest.mark.parametrize(
    "rest",
    [
        "    return [file]\n",
        "    pair = file, 1\n    return pair\n",
        "    return {'file': file}\n",
        "    other = file or path\n    return other\n",
        "    return lambda: file.read()\n",
        "    lines = iter(file)\n    return lines\n",
        "    self.read = file.read\n",
        "    path.files += [file]\n",
        "    global KEPT\n    KEPT = file\n",
        "    work(handle=file)\n",
        "    with file:\n        work()\n",
        "    del file\n",
    ],
)
def test_other_owners(rest: str) -> None:
    assert causes(f"def case(self, path, work):\n    file = open(path)\n{rest}") == []


def test_what_was_lent_is_still_its_own() -> None:
    found = causes(
        "def case(path, parse):\n    file = open(path)\n    parse(file)\n    file.close()\n"
    )
    assert found == [("file", Cause.RAISED)]


def test_data_read_from_it_may_go_anywhere() -> None:
    found = causes(
        "def case(path):\n    file = open(path)\n    text = file.read()\n    return text\n"
    )
    assert found == [("file", Cause.NEVER)]
