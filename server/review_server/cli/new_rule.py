"""``review-lsp new-rule``: begins a rule and its cases in a checkout of this project."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

import click

from review_server.names import concerns, rule_and_concern_names, suggestion

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_RULE = '''\
"""Say in one sentence what is wrong.

## Why it matters

Say what happens to the service.

## Example

```python bad
raise NotImplementedError("replace this by the smallest code that is to be reported")
```

```python good
pass
```

## When it stays silent

- Say when a careful reviewer would say nothing.

## Fix

None.

## Options

None.

## References

None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Report, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at one function."""
    yield from ()
'''

_CASES = """\
# {name}

## Say what is reported

```python
raise NotImplementedError("replace this by code that is to be reported")
#~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ {name}: part of the message
```

## Say what is not

```python
pass
```
"""


@click.command("new-rule", short_help="Begin a rule (in a checkout of review-lsp).")
@click.argument("concern")
@click.argument("name")
def new_rule(concern: str, name: str) -> None:
    """Make the files of a rule and of its test cases, which fail until they are written.

    CONCERN is a folder of rules, NAME what the rule finds, in words joined by hyphens.
    """
    root = _checkout(Path.cwd())
    if concern not in concerns():
        raise click.UsageError(f"there is no concern `{concern}`{suggestion(concern, concerns())}")
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(module):
        raise click.UsageError(f"`{name}` is no name: it is to be words joined by hyphens")
    if name in rule_and_concern_names():
        raise click.UsageError(f"there is a rule or concern `{name}` already")
    rule = root / "checks" / "review_checks" / "rules" / concern / f"{module}.py"
    cases = root / "tests" / "rules" / concern / f"{name}.md"
    for path in (rule, cases):
        if path.exists():
            raise click.UsageError(f"{path.relative_to(root)} exists already")
    for path, text in ((rule, _RULE), (cases, _CASES.replace("{name}", name))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(root)}\n")


def _checkout(folder: Path) -> Path:
    """Return the checkout of this project that a folder lies in."""
    for root in (folder, *folder.parents):
        if (root / "checks" / "review_checks" / "rules").is_dir() and (root / "tests").is_dir():
            return root
    raise click.UsageError("new-rule works in a checkout of review-lsp; this is none")
