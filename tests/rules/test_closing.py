"""The fix of `leaked-resource` keeps line ends, tabs and strings, and says how safe it is."""

from __future__ import annotations

import pytest

from review_checks.model import Fix, Refusal, Safety
from support.literate import analyse, apply_fix


def fixed(text: str) -> tuple[str, Fix]:
    workspace, found = analyse({"case.py": text})
    finding = next(row for row in found if row.rule == "leaked-resource")
    fix = workspace.fix(finding)
    assert isinstance(fix, Fix), fix
    assert finding.fix is fix.safety
    return apply_fix({"case.py": text}, fix)["case.py"], fix


def refused(text: str) -> str:
    workspace, found = analyse({"case.py": text})
    fix = workspace.fix(next(row for row in found if row.rule == "leaked-resource"))
    assert isinstance(fix, Refusal), fix
    return fix.reason


def test_line_ends_are_kept() -> None:
    before = "def case(path):\r\n\tfile = open(path)\r\n\ttext = file.read()\r\n\tfile.close()\r\n\treturn text\r\n"
    after, _ = fixed(before)
    assert (
        after
        == "def case(path):\r\n\twith open(path) as file:\r\n\t\ttext = file.read()\r\n\treturn text\r\n"
    )


def test_the_last_line_may_have_no_end() -> None:
    before = "import os\ndef case(path):\n    fd = os.open(path, 0)\n    os.read(fd, 1)\n    os.close(fd)"
    after, _ = fixed(before)
    assert after.endswith("    finally:\n        os.close(fd)")
    after, _ = fixed("def case(path):\n    file = open(path)\n    print(file.read())")
    assert after == "def case(path):\n    with open(path) as file:\n        print(file.read())"
    after, _ = fixed(
        "def case(path):\n    file = open(path)\n    print(file.read())\n    file.close()"
    )
    assert after == "def case(path):\n    with open(path) as file:\n        print(file.read())"


def test_blank_lines_do_not_open_a_block() -> None:
    after, _ = fixed(
        "def case(path):\n    file = open(path)\n\n    print(file.read())\n    file.close()\n"
    )
    assert after == "def case(path):\n    with open(path) as file:\n        print(file.read())\n"
    after, _ = fixed(
        "import os\ndef case(path):\n    fd = os.open(path, 0)\n\n    os.read(fd, 1)\n    os.close(fd)\n"
    )
    assert "os.open(path, 0)\n\n    try:\n        os.read" in after


def test_what_was_made_from_it_is_used_inside() -> None:
    after, _ = fixed(
        "import tarfile\ndef case(path):\n    tar = tarfile.open(path)\n    part = tar.extractfile('x')\n"
        "    text = part.read()\n    return text\n"
    )
    assert "        text = part.read()\n    return text\n" in after


def test_two_things_of_one_call_are_mended_one_by_one() -> None:
    text = (
        "import os, tempfile\ndef case(path):\n    fd, draft = tempfile.mkstemp()\n    os.write(fd, b'')\n"
        "    os.close(fd)\n    os.replace(draft, path)\n"
    )
    workspace, found = analyse({"case.py": text})
    fixes = {row.symbol: workspace.fix(row) for row in found if row.rule == "leaked-resource"}
    mended = fixes["fd"]
    assert isinstance(mended, Fix)
    after = apply_fix({"case.py": text}, mended)["case.py"]
    assert "    finally:\n        os.close(fd)\n    os.replace(draft, path)\n" in after
    assert fixes["draft"] == Refusal("`os.replace` does more with it than to release it")


def test_a_release_between_blank_lines_leaves_no_gap() -> None:
    after, _ = fixed(
        "def case(path):\n    file = open(path)\n    text = file.read()\n\n    file.close()\n\n    return text\n"
    )
    assert after == (
        "def case(path):\n    with open(path) as file:\n        text = file.read()\n\n    return text\n"
    )


@pytest.mark.parametrize(
    ("rest", "safety"),
    [
        ("    text = file.read()\n    file.close()\n    return text\n", Safety.SAFE),
        ("    text = file.read()\n    file.close()\n    return text, file.name\n", Safety.UNSAFE),
        (
            "    if file.read():\n        file.close()\n        return 1\n    file.read()\n    file.close()\n",
            Safety.UNSAFE,
        ),
        ("    yield file.read()\n    file.close()\n", Safety.UNSAFE),
        ("    text = file.read()\n    return text\n", Safety.UNSAFE),
    ],
    ids=["straight", "used later", "released twice", "suspended", "never released"],
)
def test_safety(rest: str, safety: Safety) -> None:
    _, fix = fixed(f"def case(path):\n    file = open(path)\n{rest}")
    assert fix.safety is safety


def test_to_wait_when_a_call_raises_is_not_safe() -> None:
    text = "import subprocess\ndef case(work):\n    child = subprocess.Popen('x')\n    work()\n    child.wait()\n"
    _, fix = fixed(text)
    assert fix.safety is Safety.UNSAFE


def test_leaving_a_pool_would_stop_its_work() -> None:
    text = (
        "import multiprocessing\ndef case(work, jobs):\n    pool = multiprocessing.Pool()\n"
        "    pool.map(work, jobs)\n    work()\n    pool.close()\n"
    )
    after, _ = fixed(text)
    assert "    finally:\n        pool.close()\n" in after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "def case(path, work):\n    file: object = open(path)\n    work()\n    file.close()\n",
            "plain assignment",
        ),
        (
            "def case(path, work):\n    file = open(path); work()\n    file.close()\n",
            "shares its line",
        ),
        (
            "import os\ndef case(path, work):\n    fd = os.open(path, 0)\n    if work():\n        os.close(fd)\n        return\n    work()\n    os.close(fd)\n",
            "more than one place",
        ),
        (
            "def case(path, work):\n    file = open(path)\n    if not file:\n        return\n    work()\n    file.close()\n",
            "tested for being there",
        ),
    ],
    ids=["annotation", "semicolon", "two releases", "tested"],
)
def test_refusals(text: str, reason: str) -> None:
    assert reason in refused(text)


def test_what_was_made_from_it_is_closed_before_it() -> None:
    after, _ = fixed(
        "import psycopg2\ndef case(sql):\n    link = psycopg2.connect()\n    rows = link.cursor()\n"
        "    rows.execute(sql)\n    rows.close()\n    link.close()\n"
    )
    assert after == (
        "import psycopg2\ndef case(sql):\n    link = psycopg2.connect()\n    try:\n        rows = link.cursor()\n"
        "        rows.execute(sql)\n        rows.close()\n    finally:\n        link.close()\n"
    )
