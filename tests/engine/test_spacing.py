"""Blank lines inside a function move what is found, and cost nothing."""

from __future__ import annotations

import pytest

from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.model import Fix, Span
from review_checks.options import Options
from review_checks.text.editing import apply

PATH = "tracker.py"
TEXT = '''\
import logging
import threading

LOG = logging.getLogger(__name__)
lock = threading.Lock()


class Tracker:
    def __init__(self):
        self.nodes = {}
        self._lock = threading.Lock()

    def add(self, node):
        """Add a node.

        At any time.
        """
        with self._lock:
            self.nodes[node] = 1

    def replace(self, node):
        old = node
        # The old one goes.
        with self._lock:  # for good
            self.nodes[node] = 2

    def forget(self, node):
        text = """
            a

            b"""
        total = (1 +
                 2)
        if text: x = """
"""; y = 2
        self.nodes.pop(node, None)

    def note(self, node):
        self.nodes["last"] = 1
        # An atomic store, so that no lock is needed.
        self.nodes["note"] = 2
        node.seen = True

        # guarded by: self._lock
        self.kept = node
        node.kept = True

    def lose(self):
        self.kept = None

    def drop(self, nodes):
        # Nobody reads it yet.
        for node in nodes:
            try:
                node.free()

            except Exception:

                # It may be gone.
                pass

            # Nor may this.
        try:
            nodes.free()

        # It fails.
        except Exception:
            pass
        # All errors are fine.

        # They say.
        try:
            nodes.clear()
        except Exception:
            pass
            # Done.
        # Atomic, so it needs no lock.
        self.nodes = {}

    def log(self, password):
        LOG.info("%s %s", 1, \\
                 password)
        pass
'''


def fresh(text: str) -> Workspace:
    workspace = Workspace(MemorySource({PATH: text}), Options(profile="strict"))
    workspace.open(PATH, text)
    return workspace


@pytest.mark.parametrize("blank", ["\n", "    \n", "\n\n"])
@pytest.mark.parametrize("line", range(TEXT.count("\n")))
def test_a_blank_line_anywhere_is_as_if_it_had_always_been_there(line: int, blank: str) -> None:
    workspace = fresh(TEXT)
    before = workspace.findings(PATH)
    workspace.change(PATH, [(Span(line, 0, line, 0), blank)])
    text = workspace.text(PATH)
    assert text is not None
    assert workspace.findings(PATH) == fresh(text).findings(PATH)
    for finding in workspace.findings(PATH):
        assert workspace.fix(finding) == fresh(text).fix(finding)
    workspace.change(PATH, [(Span(line, 0, line + blank.count("\n"), 0), "")])
    assert workspace.findings(PATH) == before


@pytest.mark.parametrize("below", ["self.nodes.pop", "# The old one goes."])
def test_nothing_is_computed_for_a_blank_line_between_statements(below: str) -> None:
    workspace = fresh(TEXT)
    before = workspace.findings(PATH)
    computed = workspace.db.computed
    line = TEXT[: TEXT.index(below)].count("\n")
    for _ in range(2):
        # Enter at the end of the line above.
        workspace.change(PATH, [(Span(line - 1, 99, line - 1, 99), "\n        ")])
    after = workspace.findings(PATH)
    assert workspace.db.computed == computed
    assert [finding.message for finding in after] == [finding.message for finding in before]
    moved = [finding.span.line - 2 * (finding.span.line > line) for finding in after]
    assert moved == [finding.span.line for finding in before]


def test_a_fix_is_where_the_text_is_after_a_blank_line() -> None:
    workspace = fresh(TEXT)
    workspace.findings(PATH)
    line = TEXT[: TEXT.index("        self.nodes.pop")].count("\n")
    workspace.change(PATH, [(Span(line, 0, line, 0), "\n\n")])
    found = [one for one in workspace.findings(PATH) if one.rule == "unguarded-write"]
    fixes = [workspace.fix(finding) for finding in found]
    assert any(isinstance(fix, Fix) for fix in fixes)
    for fix in fixes:
        if isinstance(fix, Fix):
            assert "with self._lock:" in apply(workspace.lines(PATH), fix.edits)


def test_typing_goes_on_after_a_blank_line() -> None:
    workspace = fresh(TEXT)
    line = TEXT[: TEXT.index("        self.nodes.pop")].count("\n")
    workspace.change(PATH, [(Span(line, 0, line, 0), "\n")])
    for typed in ("        (", ")"):
        length = len(workspace.lines(PATH)[line].rstrip("\n"))
        workspace.change(PATH, [(Span(line, length, line, length), typed)])
        workspace.findings(PATH)
    text = workspace.text(PATH)
    assert text is not None
    assert workspace.findings(PATH) == fresh(text).findings(PATH)
