"""Log sinks are known, and so is what they show."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.facts.schema import Const, Path, Value
from review_checks.summaries.index import declared_function
from review_checks.summaries.inputs import unit_facts
from review_checks.summaries.secrecy.sinks import conversion, shown, shown_keys, sinks

HEAD = """\
import logging
import sys
import warnings

import structlog

LOG = logging.getLogger(__name__)
log = structlog.get_logger()


class Own:
    def info(self, text):
        pass

"""


def seen(line: str, path: str = "service.py") -> list[Value]:
    """Return the arguments that the calls of a line show; formats without values are left out."""
    text = f"{HEAD}\ndef f(self, a, b, stream):\n    {line}\n"
    workspace = Workspace(MemorySource({path: text}))
    workspace.open(path, text)
    function = declared_function(workspace.db, path, "f")
    assert function is not None
    calls = unit_facts(workspace.db, function[0]).functions[function[1]].calls
    found = [
        item.value
        for index, log in sinks(workspace.db, function).items()
        for item in shown(calls, calls[index], log)
    ]
    return [value for value in found if not isinstance(value, Const)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("LOG.info('%s', a)", ["a"]),
        ("LOG.info('%s', a, extra=b, exc_info=b)", ["a"]),
        ("LOG.log(a, '%s', b)", ["b"]),
        ("logging.getLogger('x').error(a)", ["a"]),
        ("self.log.warning('%s', a)", ["a"]),
        ("self.app.logger.exception(a, extra=b)", ["a"]),
        ("self.log.log(a, b)", ["b"]),
        ("log.info('started', user=a)", ["a"]),
        ("warnings.warn(a, category=b)", ["a"]),
        ("print(a, b, sep=b)", ["a", "b"]),
        ("print(a, file=sys.stderr)", ["a"]),
        ("print(a, file=stream)", []),
        ("sys.stderr.write(a)", ["a"]),
        ("stream.write(a)", []),
        ("Own().info(a)", []),
        ("self.catalog.info(a)", []),
        ("LOG.isEnabledFor(a)", []),
    ],
)
def test_what_is_shown(line: str, expected: list[str]) -> None:
    assert seen(line) == [Path(name) for name in expected]


def test_the_output_of_a_tool_is_no_log() -> None:
    assert seen("print(a)") == [Path("a")]
    assert seen("print(a)", "cli.py") == []
    assert seen("LOG.info(a)", "cli.py") == [Path("a")]


def test_keys_of_a_format() -> None:
    assert shown_keys("%(user)s at %(host)-10s, 100%%") == {"user", "host"}
    assert shown_keys("%s") is None
    assert shown_keys(None) is None


def test_conversions_of_a_format() -> None:
    text = "%s of %5.2f%% in %*d: %r"
    assert [conversion(text, position) for position in range(5)] == ["s", "f", "d", "r", ""]
