"""Which comments explain a handler, and which only speak to a tool."""

from __future__ import annotations

import textwrap

import pytest

from review_checks.facts.lower import lower_unit

EXPLAINED = {
    "on the line of the clause": """
        try:
            send()
        except Exception:  # the peer may be gone
            pass
        """,
    "in the body": """
        try:
            send()
        except Exception:
            # Really.
            pass
        """,
    "behind the last statement": """
        try:
            send()
        except Exception:
            pass  # really
        """,
    "below the last statement": """
        try:
            send()
        except Exception:
            pass
            # Really.
        """,
    "right above the clause": """
        try:
            send()
        # Nobody listens.
        except Exception:
            pass
        """,
    "above the try, about failure": """
        # Sending twice
        # is harmless.
        try:
            send()
        except Exception:
            pass
        """,
    "at the start of the try, about failure": """
        try:
            # This may fail while the peer restarts.
            send()
        except Exception:
            pass
        """,
    "a reason behind the words for a tool": """
        try:
            send()
        except Exception:  # noqa: BLE001 - the peer restarts
            pass
        """,
    "a text in the place of a comment": """
        try:
            send()
        except Exception:
            "Nobody listens."
        """,
    "below the try, about what is passed over": """
        try:
            send()
        except Exception:
            pass
        # Unsupported peers are skipped.
        """,
    "the check that objects to silence is named": """
        try:
            send()
        except Exception:  # noqa: S110
            pass
        """,
}
UNEXPLAINED = {
    "nothing": """
        try:
            send()
        except Exception:
            pass
        """,
    "for a tool": """
        try:
            send()
        except Exception:  # pylint: disable=broad-except
            pass
        """,
    "for this tool": """
        try:
            send()
        except Exception:  # review: ignore[other]
            pass
        """,
    "above the try, about something else": """
        # Say hello.
        try:
            send()
        except Exception:
            pass
        """,
    "below the try, at its depth": """
        try:
            send()
        except Exception:
            pass
        # Really.
        """,
    "at the end of the try": """
        try:
            send()
            # It failed once.
        except Exception:
            pass
        """,
    "below the try, about a failure to come": """
        try:
            send()
        except Exception:
            pass
        # Errors are counted here.
        """,
    "below the try, after a blank line": """
        try:
            send()
        except Exception:
            pass

        # Skip the rest.
        """,
    "bytes, or an ellipsis": """
        try:
            send()
        except Exception:
            b"really"
            ...
        """,
}


def explained(text: str) -> bool:
    (handler,) = lower_unit(textwrap.dedent(text), 0).functions[0].handlers
    return handler.comment


@pytest.mark.parametrize("text", EXPLAINED.values(), ids=EXPLAINED)
def test_explained(text: str) -> None:
    assert explained(text)


@pytest.mark.parametrize("text", UNEXPLAINED.values(), ids=UNEXPLAINED)
def test_unexplained(text: str) -> None:
    assert not explained(text)
