"""Real code: every file of Nova, and some of every package that is installed with the tests."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from review_checks.text.lines import split_lines
from review_checks.text.logical import head
from review_checks.text.units import Segmentation, parse_text
from support.nova import nova_source
from support.syntax import (
    members_by_ast,
    members_by_units,
    parsed,
    statements_by_ast,
    statements_by_units,
)

SHARDS = 8


def installed() -> list[Path]:
    return sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py"))


def standard_library() -> list[Path]:
    # Python's own tests hold the most peculiar code there is.
    return sorted(Path(sysconfig.get_paths()["stdlib"]).glob("test/*.py"))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_all_of_nova(shard):
    files = sorted(nova_source("34.0.0").rglob("*.py"))
    assert len(files) > 1000
    for place, path in enumerate(files[shard::SHARDS]):
        check_file(path, thoroughly=place % 10 == 0)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_installed_packages(shard):
    for place, path in enumerate(installed()[shard :: SHARDS * 4]):
        check_file(path, thoroughly=place % 10 == 0)


def test_the_standard_librarys_tests():
    for path in standard_library()[::10]:
        check_file(path, thoroughly=True)


def check_file(path: Path, *, thoroughly: bool) -> None:
    try:
        text = path.read_bytes().decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        return
    lines = split_lines(text)
    segmentation = Segmentation.of(lines)
    assert sum(unit.size for unit in segmentation.units) == len(lines), path
    tree = parsed(text)
    if tree is None:
        return
    assert segmentation.intact, path
    check_members(path, lines, members_by_ast(tree), members_by_units(segmentation))
    if thoroughly:
        assert statements_by_units(lines, segmentation) == statements_by_ast(tree), path
        return
    for unit, start in zip(segmentation.units, segmentation.starts, strict=True):
        code, _ = parse_text(lines[start : start + unit.size], unit)
        assert parsed(code) is not None, (path, start, unit)


def check_members(path: Path, lines: list[str], expected: dict, found: dict) -> None:
    assert found.keys() == expected.keys(), (path, found.keys() ^ expected.keys())
    for member, end in expected.items():
        if not member.is_class:
            # What is content below the last statement is comments of the body.
            beyond = lines[end : found[member]]
            assert found[member] >= end, (path, member)
            assert all(head(line).lastgroup == "trivia" for line in beyond), (path, member)
