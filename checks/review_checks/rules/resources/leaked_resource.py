"""State that a resource is not released on some path.

## Why it matters

A file, socket or process that is not given back stays taken: descriptors run out, data stays
unflushed, ports stay bound, temporary folders pile up. The path that forgets is mostly the one on
which a call raises, and nobody tries that one.

## Example

```python bad
def load(path):
    source = open(path)
    text = source.read()
    source.close()
    return text
```

```python fixed
def load(path):
    with open(path) as source:
        text = source.read()
    return text
```

```python good
def load(path):
    source = open(path)
    try:
        return source.read()
    finally:
        source.close()
```

## When it stays silent

- The resource has another owner: it is returned, yielded, stored in an attribute, a container or a
  global, captured by a function, or given to code that may keep it. A function that releases the
  resource itself afterwards has only lent it.
- It is meant to go on without the function: the number of a process is returned, stored, printed or
  written down, the process begins a session of its own, an executor runs a task that never ends.
- It is entered in `with`, `closing` or an `ExitStack`, or its release is registered somewhere.
- The path does not exist: a call on it never returns, the loop runs at least once, the condition is
  about a name that is true only when the resource was opened, or asks for one key of a mapping.
- The exception leaves a forked child or a detached process, which ends with it.
- A call raises that is not known to, and the function has no release that it would skip, releases
  the resource in a `finally` or handler anyway, or hands it over in the end.
- Nothing between the acquisition and the release may raise but trivial builtins, logging,
  conversions of what was just made, and failures of the clean-up itself.
- The condition of the release tells whether there is something to release.
- It is not known that the call acquires something, unless its name says so (`connect`, `open`) and
  the function closes the result elsewhere.
- What is held at module level or in a function `main`, wraps memory, or wraps what somebody else
  holds, as a constructor does that is given a reader, a writer or a transport.

## Fix

Makes the resource in a `with` where that releases it as its own statement does; this is safe where
nothing uses it later. Else releases it in a `finally`. A process that is neither waited for nor read
to its end gets no `with`, which would wait for it. Offers nothing where it is not known what the
`close` of a thing does, nor in a function whose text the program itself reads.

## Options

None.

## References

- Infer: RESOURCE_LEAK (Pulse).
- CodeQL: py/file-not-closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import FunctionKind
from review_checks.model import Fix, Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.resources._closing import close, plan
from review_checks.rules.resources._naming import give_name, obstacle
from review_checks.summaries.owning.leaks import Cause, Leak, leaks
from review_checks.summaries.owning.resources import dropped
from review_checks.summaries.owning.wording import places, why_kept
from review_checks.summaries.paths import root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.models.schema import Resource
    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.owning.kin import Owned
    from review_checks.summaries.owning.ownership import Holding
    from review_checks.summaries.owning.walking import Event

_VERBS = {
    "close": "closed",
    "aclose": "closed",
    "wait": "waited for",
    "shutdown": "shut down",
    "cleanup": "cleaned up",
    "stop": "stopped",
    "quit": "closed",
    "logout": "closed",
    "terminate": "terminated",
    "commit": "ended",
    "end": "ended",
}


@rule(
    severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE, safer=True
)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Report each local name whose resource leaks, and what is opened without a name."""
    body = context.facts(function)
    if body.kind is not FunctionKind.FUNCTION or body.name == "main":
        # What a module or a program's main function holds, it holds about as long as the program runs.
        return
    found: dict[str, list[tuple[Leak, Holding]]] = {}
    for leak, holding in leaks(context.db, function):
        found.setdefault(leak.owned.name, []).append((leak, holding))
    for rows in found.values():
        yield _report(context, function, rows)
    nameless: dict[str, list[Owned]] = {}
    for owned in dropped(context.db, function):
        nameless.setdefault(owned.name, []).append(owned)
    for items in nameless.values():
        yield _nameless(context, function, items)


def _report(context: Context, function: FunctionId, rows: list[tuple[Leak, Holding]]) -> Report:
    leak = rows[0][0]
    plans = [plan(context, function, holding) for _, holding in rows]
    refusal = next((row.refusal for row in plans if not row.form), "")
    safe = all(row.safety is Safety.SAFE for row in plans)
    return Report(
        Place(function, "c", leak.owned.call),
        _message(context, function, leak),
        leak.owned.name,
        tuple(_evidence(context, function, leak)),
        data=tuple([(row.owned.call, row.owned.name) for row, _ in rows]),
        fixable=not refusal,
        refusal=refusal,
        title=plans[0].title(leak.owned.name),
        safety=Safety.SAFE if safe else None,
    )


def _nameless(context: Context, function: FunctionId, items: list[Owned]) -> Report:
    owned = items[0]
    refusal = next((found for row in items if (found := obstacle(context, function, row))), "")
    return Report(
        Place(function, "c", owned.call),
        f"nothing closes the {owned.resource.noun} that `{owned.name}` opens but the garbage collector",
        owned.name,
        severity=Severity.INFORMATION,
        data=tuple([(row.call, row.name) for row in items]),
        fixable=not refusal,
        refusal=refusal,
        title=f"Open the {owned.resource.noun or 'resource'} in `with`",
    )


def _message(context: Context, function: FunctionId, leak: Leak) -> str:
    why = why_kept(
        context.db,
        function,
        _way(leak),
        done=_verb(leak.owned.resource),
        again="makes the next one",
    )
    return f"{_subject(context, function, leak.owned)} {why}"


def _way(leak: Leak) -> tuple[Cause, Event, Event | None]:
    return (leak.cause, leak.event, leak.after)


def _subject(context: Context, function: FunctionId, owned: Owned) -> str:
    """Return what a resource goes by; a name that says nothing gives way to how it is made."""
    noun = owned.resource.noun
    if not owned.name.strip("_") and noun:
        return f"the {noun} of `{context.facts(function).calls[owned.call].callee}()`"
    return f"`{owned.name}` ({noun})" if noun else f"`{owned.name}`"


def _verb(resource: Resource) -> str:
    """Return what is done to release a resource, as a participle."""
    if not resource.release:
        return "closed" if "os.close" in resource.release_functions else "removed"
    return _VERBS.get(resource.release[0], "released")


def _evidence(context: Context, function: FunctionId, leak: Leak) -> Iterator[tuple[Place, str]]:
    if leak.cause is Cause.NEVER:
        last = _last_use(context, function, leak)
        if last is not None:
            yield Place(function, "c", last), "used here for the last time"
    for event, text in places(_way(leak), leak.skipped, done=_verb(leak.owned.resource)):
        yield Place(function, *event), text


def _last_use(context: Context, function: FunctionId, leak: Leak) -> int | None:
    """Return the last call of a method of the resource before it is left."""
    body = context.facts(function)
    kind, index = leak.event
    end = body.statements[index].end if kind == "s" else body.statements[-1].end
    used = [
        row
        for row, call in enumerate(body.calls)
        if root_of(call.callee) == leak.owned.name and call.at < end
    ]
    return used[-1] if used else None


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Release the resource on every path."""
    function = report.place.function
    made = [
        close(context, function, holding)
        for leak, holding in leaks(context.db, function)
        if (leak.owned.call, leak.owned.name) in report.data
    ]
    made += [
        give_name(context, function, owned)
        for owned in dropped(context.db, function)
        if (owned.call, owned.name) in report.data
    ]
    fixes: list[Fix] = []
    for row in made:
        if isinstance(row, Refusal):
            return row
        fixes.append(row)
    edits = tuple([edit for row in fixes for edit in row.edits])
    return Fix(fixes[0].title, fixes[0].safety, edits)
