"""A comment that silences names a rule that does not exist.

## Why it matters

A name that was mistyped, or belonged to a rule of another version, silences nothing, while whoever
wrote it believes that it does.

## Example

```python bad
def area(width, height):
    return width * height  # noqa: E1  # review: ignore[unguarded-wirte]
```

```python fixed
def area(width, height):
    return width * height  # noqa: E1
```

```python good
def area(width, height):
    return width * height  # noqa: unguarded-wirte
```

## When it stays silent

- The name is that of a rule or a concern, whether it runs here or not.
- The code around the comment does not parse.

## Fix

Takes the name out of the comment, and the comment away with its last name. Comments for other tools
on the same line stay.

## Options

None.

## References

- Pylint: unknown-option-value (W0012).
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from review_checks.model import Edit, Fix, Safety, Severity, Tier
from review_checks.rule import Comment, Context, FixContext, Over, Report, rule

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.COMMENT, fix=Safety.SAFE)
def check(comment: Comment, _context: Context) -> Iterator[Report]:
    """Report each name that nothing has."""
    names = comment.silencer.names or ()
    for index in comment.unknown:
        name = names[index].name
        near = difflib.get_close_matches(name.replace("_", "-"), comment.known, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        yield Report(
            comment.place(index),
            f"there is no rule or concern `{name}`{hint}",
            f"`{name}`",
            data=(comment.without(index),),
            title=f"Remove `{name}`",
        )


def fix(report: Report, _context: FixContext) -> Fix:
    """Remove the name."""
    edit: Edit = report.data[0]
    return Fix(report.title, Safety.SAFE, (edit,))
