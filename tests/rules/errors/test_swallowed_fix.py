"""The fix of swallowed-exception in every layout that a handler can have."""

from __future__ import annotations

import textwrap

import pytest

from review_checks.model import Finding, Fix
from support.literate import analyse, apply_fix

HEAD = """\
import logging

LOG = logging.getLogger(__name__)


"""
LAYOUTS = {
    "pass is replaced, its comment stays": (
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                pass  # pragma: no cover
        """,
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                LOG.exception("Failed to fetch jobs")  # pragma: no cover
        """,
    ),
    "an ellipsis is replaced": (
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                ...
        """,
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                LOG.exception("Failed to fetch jobs")
        """,
    ),
    "a text in the place of a comment stays": (
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                b"some text"
                pass
        """,
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                LOG.exception("Failed to fetch jobs")
                b"some text"
                pass
        """,
    ),
    "one line": (
        """
        def poll(client):
            try: client.fetch_jobs()
            except Exception: return None
        """,
        """
        def poll(client):
            try: client.fetch_jobs()
            except Exception:
                LOG.exception("Failed to fetch jobs")
                return None
        """,
    ),
    "one line, two statements, a comment for another tool": (
        """
        def poll(clients):
            for client in clients:
                try:
                    client.fetch_jobs()
                except: pass; continue  # noqa: E722
                client.rest()
        """,
        """
        def poll(clients):
            for client in clients:
                try:
                    client.fetch_jobs()
                except:  # noqa: E722
                    LOG.exception("Failed to fetch jobs")
                    pass; continue
                client.rest()
        """,
    ),
    "a clause of several lines": (
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except (
                OSError,
                Exception,
            ) as error: pass
        """,
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except (
                OSError,
                Exception,
            ) as error:
                LOG.exception("Failed to fetch jobs")
        """,
    ),
    "two statements on the line of pass": (
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                pass; pass
        """,
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                LOG.exception("Failed to fetch jobs")
                pass; pass
        """,
    ),
    "no end of line at the end": (
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception: pass""",
        """
        def poll(client):
            try:
                client.fetch_jobs()
            except Exception:
                LOG.exception("Failed to fetch jobs")""",
    ),
    "tabs": (
        """
        def poll(client):
        \tif client:
        \t\ttry:
        \t\t\tclient.fetch_jobs()
        \t\texcept Exception: pass
        """,
        """
        def poll(client):
        \tif client:
        \t\ttry:
        \t\t\tclient.fetch_jobs()
        \t\texcept Exception:
        \t\t\tLOG.exception("Failed to fetch jobs")
        """,
    ),
    "module statements": (
        """
        try:
            connect().fetch_jobs()
        except Exception:
            pass
        """,
        """
        try:
            connect().fetch_jobs()
        except Exception:
            LOG.exception("Failure at import")
        """,
    ),
}


def swallowed(files: dict[str, str]) -> list[Finding]:
    return [row for row in analyse(files)[1] if row.rule == "swallowed-exception"]


def mended(files: dict[str, str], finding: Finding) -> dict[str, str]:
    fix = analyse(files)[0].fix(finding)
    assert isinstance(fix, Fix), fix
    return apply_fix(files, fix)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("before", "after"), LAYOUTS.values(), ids=LAYOUTS)
def test_layout(before: str, after: str, newline: str) -> None:
    files = {"service.py": (HEAD + textwrap.dedent(before)).replace("\n", newline)}
    (finding,) = swallowed(files)
    expected = (HEAD + textwrap.dedent(after)).replace("\n", newline)
    assert mended(files, finding) == {"service.py": expected}
    assert not swallowed({"service.py": expected})


def test_equal_handlers_of_one_function_are_told_apart() -> None:
    handler = "    try:\n        client.fetch_jobs()\n    except Exception:\n        pass\n"
    files = {"service.py": f"{HEAD}def poll(client):\n{handler}{handler}"}
    first, second = swallowed(files)
    assert first.symbol != second.symbol
    files = mended(files, first)
    (left,) = swallowed(files)
    assert left.symbol == second.symbol
    assert not swallowed(mended(files, left))
