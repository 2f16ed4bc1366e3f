"""A server whose analysis, or reading, of a text takes as long as its arguments say.

Arguments: ``check`` or ``read``, and the milliseconds that it takes for each function.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from review_checks.engine import checking, keeping
from review_checks.engine.discovery import all_rules
from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Report, Rule
from review_server.app import serve_stdio

if TYPE_CHECKING:
    from collections.abc import Iterator

WHAT, SECONDS = sys.argv[1], float(sys.argv[2]) / 1000


def check(_function: Any, _context: Context) -> Iterator[Report]:
    time.sleep(SECONDS)
    yield from ()


SLOW = Rule(
    name="slow-rule",
    concern="errors",
    severity=Severity.HINT,
    tier=Tier.DEFAULT,
    safety=None,
    over=Over.FUNCTION,
    check=check,
    fix=None,
    title="",
    document="",
)


def main() -> int:
    lower, rules = keeping.lower_unit, (*all_rules(), SLOW)

    def slowly(text: str, before: int) -> Any:
        time.sleep(SECONDS)
        return lower(text, before)

    if WHAT == "read":
        keeping.lower_unit = slowly
    else:
        checking.all_rules = lambda: rules
    return serve_stdio()


if __name__ == "__main__":
    sys.exit(main())
