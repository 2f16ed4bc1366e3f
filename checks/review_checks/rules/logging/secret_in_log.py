"""A credential is written to a log.

## Why it matters

Logs are kept for long, shipped to other systems, attached to bug reports and read by many who must
not have the credential. A password that was logged once has to be changed.

## Example

```python bad
import logging

LOG = logging.getLogger(__name__)


def connect(user, password):
    LOG.debug("Connecting as %s with %s", user, password)
```

```python fixed
import logging

LOG = logging.getLogger(__name__)


def connect(user, password):
    LOG.debug("Connecting as %s with %s", user, "***")
```

## When it stays silent

- The identifier is about a credential and not the thing itself: `password_file`, `token_id`,
  `secret_name`, `has_password`, `next_token`, `password_prompt`.
- Everything that the name can hold at that point is harmless: a literal, a masked copy, a truth
  value, a digest, a number, an object of a class, the name of a file, a piece of a text that is parsed.
- Only something about it is shown: `len(token)`, `bool(password)`, `password is None`, `type(secret)`,
  a slice such as `token[:4]`, or what a redactor returns.
- Another key of the same mapping is shown: `d["user"]`, or `"%(user)s"` with the whole mapping.
- The call that hands it over also says what is to be logged: `run(command, logged=masked)`.
- A mapping or object is shown or handed over whole, unless the credential is seen to be put into the
  mapping that is logged.
- What indexes a mapping of secrets is logged, which is a name.
- A credential is told, above the level for debugging, where it was made up because none was set.
- A command-line tool prints what its user asked for.

What is printed and not logged is reported as information only.

## Fix

Redacts the part of the argument that shows the credential, at every log call of the function: with
a redactor of the project that the module has at hand (safe), else by `***` (unsafe). A redactor that
looks for keys in a text, such as `strutils.mask_password`, is used only on mappings, because it
leaves a bare value as it is.

## Options

- `secret-names`, `not-secret-names`: identifiers that hold a credential, or do not.
- `redactors`: functions whose result shows no secret.

## References

- CWE-532: Insertion of Sensitive Information into Log File.
- OWASP Logging Cheat Sheet, "Data to exclude".
- CodeQL: `py/clear-text-logging-sensitive-data`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Path
from review_checks.mending.redacting import redact
from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.summaries.paths import last_step
from review_checks.summaries.secrecy.exposure import Exposure, exposures
from review_checks.summaries.secrecy.sinks import sinks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from review_checks.summaries.inputs import FunctionId


_SHOWN = 2


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Report each credential that a function logs, once."""
    groups: dict[str, list[Exposure]] = {}
    for exposure in exposures(context.db, function):
        groups.setdefault(exposure.origin.symbol, []).append(exposure)
    # What stands in the same argument is mended by the same edit.
    together: dict[tuple[Any, ...], dict[str, list[Exposure]]] = {}
    for symbol, found in groups.items():
        shown = tuple([(item.call, item.argument, item.origin.leaf) for item in found])
        together.setdefault(shown, {})[symbol] = found
    for rows in together.values():
        found = [exposure for exposures_of_one in rows.values() for exposure in exposures_of_one]
        yield _report(function, list(rows), found, context)


def _report(
    function: FunctionId, symbols: list[str], found: list[Exposure], context: Context
) -> Report:
    first = next((item for item in found if not item.onward), found[0])
    call = context.facts(function).calls[first.call]
    log = sinks(context.db, function).get(first.call)
    callee = call.callee
    shown = _listed(symbols)
    be, it = ("is", "it") if len(symbols) == 1 else ("are", "them")
    inside = _inside(first, symbols)
    if log is None:
        message = f"{shown} {be} handed to `{callee}`{inside}, which logs {it} in clear text"
    else:
        verb = "printed" if log.level == "output" else "logged"
        message = f"{shown} {be} {verb} in clear text by `{callee}`{inside}"
    places = dict.fromkeys((item.call, item.argument) for item in found)
    others = [Place(function, "a", *place) for place in places if place[0] != first.call]
    handed = next((item for item in found if item.onward), None)
    return Report(
        Place(function, "a", first.call, first.argument),
        message,
        symbols[0],
        (
            *_steps(found, first),
            *[(Place(step.function, *step.event), step.text) for step in first.onward],
            *[(place, "it is shown here as well") for place in others],
        ),
        Severity.INFORMATION if log is not None and log.level == "output" else None,
        tuple(found),
        handed is None,
        "" if handed is None else _refusal(function, handed, context),
        f"Redact {shown}",
    )


def _listed(symbols: list[str]) -> str:
    """Return the names of credentials, not too many."""
    names = [f"`{symbol}`" for symbol in symbols[:_SHOWN]]
    more = len(symbols) - _SHOWN
    if more > 0:
        return f"{', '.join(names)} and {more} other{'s' if more > 1 else ''}"
    return " and ".join(names)


def _steps(found: list[Exposure], first: Exposure) -> list[tuple[Place, str]]:
    """Return how the credentials got where they are shown first."""
    beside: dict[str, Exposure] = {}
    for item in found:
        if (item.call, item.argument) == (first.call, first.argument):
            beside.setdefault(item.origin.symbol, item)
    steps = dict.fromkeys([step for item in beside.values() for step in item.origin.steps])
    return [(Place(step.function, *step.event), step.text) for step in steps]


def _inside(exposure: Exposure, symbols: list[str]) -> str:
    """Return in what credentials are logged, when that has another name."""
    leaf = exposure.origin.leaf
    if not isinstance(leaf, Path) or [leaf.text] == symbols:
        return ""
    return f", {'as' if exposure.origin.whole and len(symbols) == 1 else 'inside'} `{leaf.text}`"


def _refusal(function: FunctionId, exposure: Exposure, context: Context) -> str:
    callee = last_step(context.facts(function).calls[exposure.call].callee)
    return f"`{callee}` logs what every caller gives it; it has to be mended there"


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Redact the credential."""
    return redact(report.place.function, report.data, context)
