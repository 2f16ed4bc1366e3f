"""An operation on an object lacks the lock under which its siblings change that object.

## Why it matters

Operations that take a lock which depends on the object, such as `lock(volume.id)`, run one at a time
for each object. One that changes the object without that lock runs in the middle of them: it sees
their changes half made, or undoes them.

## Example

```python bad
from oslo_concurrency import lockutils


class VolumeManager:
    def __init__(self, driver):
        self.driver = driver

    def extend_volume(self, volume, size):
        with lockutils.lock(volume.id):
            volume.size = size
            volume.save()

    def retype_volume(self, volume, kind):
        with lockutils.lock(volume.id):
            volume.kind = kind
            volume.save()

    def attach_volume(self, volume, host):
        with lockutils.lock(volume.id):
            self.driver.attach(volume, host)
            volume.host = host
            volume.save()

    def detach_volume(self, volume):
        self.driver.detach(volume)
        volume.host = None
        volume.save()
```

```python fixed
from oslo_concurrency import lockutils


class VolumeManager:
    def __init__(self, driver):
        self.driver = driver

    def extend_volume(self, volume, size):
        with lockutils.lock(volume.id):
            volume.size = size
            volume.save()

    def retype_volume(self, volume, kind):
        with lockutils.lock(volume.id):
            volume.kind = kind
            volume.save()

    def attach_volume(self, volume, host):
        with lockutils.lock(volume.id):
            self.driver.attach(volume, host)
            volume.host = host
            volume.save()

    def detach_volume(self, volume):
        with lockutils.lock(volume.id):
            self.driver.detach(volume)
            volume.host = None
            volume.save()
```

## When it stays silent

- Fewer than three public operations of the class or module take the lock.
- The operation has too little in common with them. It is compared with the one that undoes it
  (attach, detach), with those that work on the same part of the object (`attach_volume` and
  `swap_volume` of an instance) and change the same records, and with those that it calls itself to
  change the same object; at least three in five of these must hold the lock.
- It only reads the object, or has it changed by something of which nothing is known.
- It takes a lock that depends on a key itself, whichever that is.
- It says that its caller holds the lock, or a sibling calls it under the lock.

## Fix

Runs the operation under the lock, in the form in which the nearest sibling takes it: in a `with`
block, or in a nested function with the sibling's decorator. It is refused where something that the
operation calls takes the lock itself, and would wait for its caller.

## Options

None.

## References

- OpenStack nova: bugs 1611008, 1662483 and 1896621 were operations without the lock of their siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Call, Const, Function, FunctionKind, Mode
from review_checks.mending.runs import Run, run_from, step_of
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.summaries.flow import statements_in
from review_checks.summaries.index import class_names, owner_of, qualified_name
from review_checks.summaries.inputs import FunctionId, models, unit_facts
from review_checks.summaries.locking.conduct import Key, Section, sections
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.locking.operations import Stray, strays
from review_checks.summaries.mentions import roots_in
from review_checks.summaries.names import bound_names, callees
from review_checks.summaries.paths import root_of, steps_of
from review_checks.text.editing import indent, indentation, line_end, slice_text, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 5


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.MODULE, fix=Safety.UNSAFE)
def check(path: str, context: Context) -> Iterator[Report]:
    """Compare the operations of each class, and of the module, that change one kind of object."""
    for name in ("", *class_names(context.db, path)):
        for stray in strays(context.db, path, name):
            yield _report(stray, context)


def _report(stray: Stray, context: Context) -> Report:
    name = context.qualified(stray.function)
    peers = " and ".join([f"`{_last(peer, context)}`" for peer in stray.peers[:2]])
    how = {
        "undoes": f"{peers}, its counterpart, among them",
        "alike": f"{peers} among them",
        "partly": f"{peers}, which it calls, among them",
    }[stray.reason]
    subject = stray.key.root if stray.key.root in stray.subjects else stray.subjects[0]
    shown = f"self{subject}" if subject.startswith(".") else subject
    count = len(stray.siblings)
    refusal = _refusal(stray, context)
    return Report(
        _first_use(stray.function, stray.key.root, context),
        f"`{name.rpartition('.')[2]}` changes `{shown}` without the lock on `{stray.key.text}`, "
        f"under which {count} other operations run, {how}",
        name,
        tuple(_evidence(stray, context)),
        data=(owner_of(context.db, stray.function), stray.key),
        fixable=not refusal,
        refusal=refusal,
        title=f"Run it under the lock on `{stray.key.text}`",
    )


def _last(function: FunctionId, context: Context) -> str:
    return qualified_name(context.db, function).rpartition(".")[2]


def _first_use(function: FunctionId, root: str, context: Context) -> Place:
    """Return where an operation first uses its object, but for what it logs."""
    body = context.facts(function)
    names = callees(context.db, function[0])[function[1]]
    found = [
        (call.at, Place(function, "c", index))
        for index, call in enumerate(body.calls)
        if _uses(call, root) and not _logs(names[index], context)
    ]
    found += [
        (write.at, Place(function, "w", index))
        for index, write in enumerate(body.writes)
        if _mentions(write.path, root) and write.mode in (Mode.ASSIGN, Mode.AUGMENT, Mode.DELETE)
    ]
    found += [
        (read.at, Place(function, "r", index))
        for index, read in enumerate(body.reads)
        if _mentions(read.path, root)
    ]
    return min(found, key=lambda row: row[0])[1] if found else Place(function, "n")


def _uses(call: Call, root: str) -> bool:
    values = (*call.args, *dict(call.keywords).values())
    return _mentions(call.callee, root) or any(root in roots_in(value) for value in values)


def _mentions(path: str, root: str) -> bool:
    """Say whether an access path begins with a name or is looked up by it."""
    steps = steps_of(path)
    return steps[:1] == (root,) or any(
        root_of(step[1:-1]) == root for step in steps if step[0] == "["
    )


def _logs(target: str | None, context: Context) -> bool:
    return target is not None and models(context.db).knowledge(target).log is not None


def _evidence(stray: Stray, context: Context) -> Iterator[tuple[Place, str]]:
    """Yield where the siblings take the lock, those that were compared before others."""
    chosen = list(dict.fromkeys([*stray.peers, *stray.siblings]))[:_SHOWN]
    for function in sorted(chosen, key=stray.siblings.index):
        place = _taken(function, stray.key, context)
        if place is not None:
            yield place[0], f"`{_last(function, context)}` runs under it"


def _taken(function: FunctionId, key: Key, context: Context) -> tuple[Place, Section] | None:
    """Return where an operation, or a function nested in it, takes a lock."""
    unit = function[0]
    for index in range(len(unit_facts(context.db, unit).functions)):
        for row in sections(context.db, (unit, index)):
            if row.key == key:
                kind = "d" if row.held.how == "decorator" else "i"
                return Place((unit, index), kind, row.held.index), row
    return None


# The fix


def _refusal(stray: Stray, context: Context) -> str:
    """Return why an operation cannot be brought under the lock as it is, or ''."""
    if stray.inside:
        return f"`{stray.inside}`, which is called there, takes the lock itself"
    body = context.facts(stray.function)
    taken = _taken(stray.peers[0], stray.key, context)
    if taken is None:
        return "how its siblings take the lock is not clear"
    if body.generator:
        return "a generator would keep the lock while its caller goes on"
    if taken[0].kind == "i":
        sibling = context.facts(taken[0].function).withs[taken[0].index]
        if sibling.asynchronous and not body.asynchronous:
            return "the lock can be taken in coroutines only"
        return ""
    if context.facts(taken[0].function).asynchronous is not body.asynchronous:
        return "the decorator of its siblings is for another kind of function"
    if any(item.kind for item in body.parameters):
        return "its parameters cannot be handed on by their names"
    if any(root_of(call.callee) == "super" for call in body.calls):
        return "`super()` means nothing in a nested function"
    return ""


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Run the operation under the lock of its siblings."""
    function, (owner, key) = report.place.function, report.data
    path = context.path(function)
    stray = next(
        (row for row in strays(context.db, path, str(owner)) if row.function == function), None
    )
    taken = _taken(stray.peers[0], key, context) if stray is not None else None
    if taken is None:
        return Refusal("its siblings do not take the lock any more")
    body, lines = context.facts(function), context.lines(path)
    members = [row for row in statements_in(body, 0) if not body.statements[row].literal]
    run = run_from(function, members[0], members[-1], context) if members else None
    if run is None:
        return Refusal("the operation shares its line with its head")
    place = taken[0]
    text = slice_text(context.lines(context.path(place.function)), context.span(place))
    if place.kind == "i":
        word = (
            "async with"
            if context.facts(place.function).withs[place.index].asynchronous
            else "with"
        )
        edits = wrap(path, lines, run.top, run.end, f"{word} {text}:", step_of(function, context))
    else:
        edits = _nest(function, run, text, context)
    return Fix(f"Run it under the lock on `{key.text}`", Safety.UNSAFE, tuple(edits))


def _nest(function: FunctionId, run: Run, decorator: str, context: FixContext) -> list[Edit]:
    """Return the edits that make a body that of a nested function, which is called."""
    body, path = context.facts(function), context.path(function)
    lines = context.lines(path)
    margin, eol = indentation(lines[run.top]), line_end(lines, run.top)
    me = self_name(context.db, function)
    given = ", ".join([item.name for item in body.parameters if item.name != me])
    name = f"do_{body.name.lstrip('_')}"
    while name in bound_names(context.db, function[0])[function[1]]:
        name = f"{name}_"
    word = "async def" if body.asynchronous else "def"
    head = [f"{margin}@{decorator}", f"{margin}{word} {name}({given}):"]
    if lines[run.top - 1].strip().endswith(('"""', "'''")):
        head.insert(0, "")
    answers = "return " if _answers(body) else ""
    call = f"{margin}{answers}{'await ' if body.asynchronous else ''}{name}({given})"
    end = len(lines[run.end].rstrip("\r\n"))
    return [
        Edit(path, Span(run.top, 0, run.top, 0), "".join([line + eol for line in head])),
        *indent(path, lines, run.top, run.end, step_of(function, context)),
        Edit(path, Span(run.end, end, run.end, end), f"{eol}{eol}{call}"),
    ]


def _answers(body: Function) -> bool:
    """Say whether a function returns a value."""
    return body.kind is FunctionKind.FUNCTION and any(
        not row.yields and row.value != Const(None) for row in body.results
    )
