"""A comment that silences a rule stands where that rule has nothing to say.

## Why it matters

A comment that silences nothing today silences tomorrow's mistake on the same line, and tells every
reader of a problem that is not there.

## Example

```python bad
def area(width, height):
    return width * height  # review: ignore[unguarded-write] only one thread
```

```python fixed
def area(width, height):
    return width * height
```

```python good
import threading


class Pool:
    def __init__(self):
        self._lock = threading.Lock()
        self._active = {}

    def add(self, name, worker):
        with self._lock:
            self._active[name] = worker

    def find(self, name):
        with self._lock:
            return self._active.get(name)

    def names(self):
        with self._lock:
            return list(self._active)

    def forget(self, name):
        self._active.pop(name)  # review: ignore[unguarded-write] only one thread
```

## When it stays silent

- A rule that is named does not run here, because of the profile or of `select` and `ignore`: whether
  there would be something to silence is not known then. For a concern that is so of each of its
  rules, and for a comment without brackets of every rule.
- The code around the comment does not parse.
- A rule that is named has failed on the file.

## Fix

Takes the name out of the comment, and the comment away with its last name. Comments for other tools
on the same line stay.

## Options

None.

## References

- ESLint: `--report-unused-disable-directives`.
- ruff: RUF100, unused-noqa.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Edit, Fix, Safety, Severity, Tier
from review_checks.rule import Comment, Context, FixContext, Over, Report, rule

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.COMMENT, fix=Safety.SAFE)
def check(comment: Comment, _context: Context) -> Iterator[Report]:
    """Report each name that silences nothing, and the whole comment when none does."""
    names = comment.silencer.names or ()
    where = "in this file" if comment.silencer.whole else "here"
    if not comment.idle:
        return
    if len(comment.idle) >= max(len(names), 1):
        shown = ", ".join(f"`{named.name}`" for named in names)
        message = f"this comment silences nothing {where}"
        if shown:
            message = f"{shown} {'have' if len(names) > 1 else 'has'} nothing to say {where}"
        everything = comment.without(*range(len(names)))
        yield Report(comment.place(-1), message, shown or "everything", data=(everything,))
        return
    for index in comment.idle:
        name = names[index].name
        yield Report(
            comment.place(index),
            f"`{name}` has nothing to say {where}",
            f"`{name}`",
            data=(comment.without(index),),
        )


def fix(report: Report, _context: FixContext) -> Fix:
    """Remove what silences nothing."""
    edit: Edit = report.data[0]
    return Fix("Remove what silences nothing", Safety.SAFE, (edit,))
