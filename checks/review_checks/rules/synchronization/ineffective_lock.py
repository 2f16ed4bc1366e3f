"""A lock is made where it is taken, so that nobody else can ever hold it.

## Why it matters

A lock keeps others out only if they take the same one. One that each call makes for itself is
always free, and what it seems to guard is not guarded. A decorator that is made by a function, and
is written without calling that function, takes no lock at all: it replaces what it decorates.

## Example

```python bad
import threading

application = None


def load():
    global application
    with threading.Lock():
        if application is None:
            application = object()
    return application
```

```python fixed
import threading

application = None


_load_lock = threading.Lock()


def load():
    global application
    with _load_lock:
        if application is None:
            application = object()
    return application
```

## When it stays silent

- The lock is returned, stored, handed to another function, or used by a nested one: threads that are
  started here may share it.
- It is a condition over a lock that was there before.
- It is known by a name, a path or another key, so that a second object stands for the same lock.
- The decorator may be used with and without arguments.

## Fix

Makes the lock once: in `__init__` for a method, in the module for a function, and right above it for
a statement of the module. A method of a class without `__init__` gets none, since it depends on the
class whether its objects are to share a lock.

## Options

None.

## References

- pylint: useless-with-lock (W2101).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import FunctionKind, Path
from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.synchronization._factories import is_uncalled_factory
from review_checks.summaries.index import assigned, outline
from review_checks.summaries.inputs import FunctionId, unit_path
from review_checks.summaries.locking.guards import self_name
from review_checks.summaries.locking.locks import held
from review_checks.summaries.locking.making import made_lock, maker_of, private_maker
from review_checks.summaries.names import attribute_rows, class_around, method_in
from review_checks.summaries.paths import parent_of
from review_checks.text.editing import indentation, insert_line, is_alone, slice_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLABLE = (FunctionKind.FUNCTION, FunctionKind.LAMBDA)


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Look at the locks that a function makes itself, and at its decorators."""
    body = context.facts(function)
    for index, item in enumerate(body.withs):
        maker = maker_of(body, item.value)
        if maker is not None and made_lock(context.db, function, maker[0]) is not None:
            yield _report(function, Place(function, "i", index), "", maker[0], context)
    if body.kind in _CALLABLE:
        yield from _locals(function, context)
    for index, (path, made) in enumerate(
        outline(context.db, function[0]).functions[function[1]].decorators
    ):
        if made is None and path and is_uncalled_factory(context.db, function, path):
            yield Report(
                Place(function, "d", index),
                f"`@{path}` takes no lock: it makes a decorator when it is called with arguments",
                context.qualified(function),
                fixable=False,
            )


def _locals(function: FunctionId, context: Context) -> Iterator[Report]:
    """Yield reports on locks that are kept in a local name and that nobody else gets to see."""
    body = context.facts(function)
    taken = {item.value.text for item in body.withs if isinstance(item.value, Path)}
    taken |= {parent_of(call.callee) for call in body.calls if call.callee.endswith(".acquire")}
    for write in body.writes if taken else ():
        maker = private_maker(context.db, function, write.path) if write.path in taken else None
        if maker is None:
            continue
        for row in held(context.db, function):
            if row.guard.label == write.path and row.how in ("with", "acquire"):
                kind = "i" if row.how == "with" else "c"
                place = Place(function, kind, row.index)
                yield _report(function, place, write.path, maker, context)
                break


def _report(function: FunctionId, place: Place, name: str, maker: int, context: Context) -> Report:
    body = context.facts(function)
    lock = name or f"{body.calls[maker].callee}()"
    if body.kind in _CALLABLE:
        why = "is made anew by each call, so that it keeps nobody out"
    else:
        why = "is made where it is taken, so that it keeps nobody out"
    evidence = ((Place(function, "c", maker), "the lock is made here"),) if name else ()
    reason = _refusal(function, context)
    return Report(
        place,
        f"`{lock}` {why}",
        context.qualified(function) or lock,
        evidence,
        data=(name, maker),
        fixable=not reason,
        refusal=reason,
        title=f"Make `{lock}` once",
    )


def _refusal(function: FunctionId, context: Context) -> str:
    """Return why it is not clear where the lock should be made, or ''."""
    body = context.facts(function)
    if body.parent >= 0 and body.kind in _CALLABLE:
        return "the lock of a nested function may belong to any of the functions around it"
    around = class_around(context.db, function)
    if around and body.kind not in _CALLABLE:
        return "a class body runs once"
    if around and self_name(context.db, function):
        maker = method_in(context.db, around, "__init__")
        if maker is None or maker == function:
            return "the class has no `__init__` in which the lock could be made"
        if any(item.path == "classmethod" for item in body.decorators):
            return "a class method has no object that could keep the lock"
    return ""


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Make the lock once."""
    function, (name, maker) = report.place.function, report.data
    path = context.path(function)
    taken, edit = _made_once(function, name, maker, context)
    if isinstance(edit, Refusal):
        return edit
    if not name:
        rest = [Edit(path, context.span(report.place), taken)]
    else:
        moved = _renamed(function, name, taken, context)
        if isinstance(moved, Refusal):
            return moved
        rest = moved
    return Fix("Make the lock once", Safety.UNSAFE, (edit, *rest))


def _made_once(
    function: FunctionId, name: str, maker: int, context: FixContext
) -> tuple[str, Edit | Refusal]:
    """Return the expression for a lock that is made once, and the edit that makes it."""
    body, path = context.facts(function), context.path(function)
    lines, call = context.lines(path), body.calls[maker]
    text = slice_text(lines, context.shifted(function, call.span))
    if body.kind not in _CALLABLE:
        chosen = _free(name or "lock", path, "", context)
        line = context.shifted(function, body.statements[call.statement].span).line
        made = f"{indentation(lines[line])}{chosen} = {text}"
        return chosen, insert_line(path, lines, line, made)
    if self_name(context.db, function):
        return _made_in_init(function, name, text, context)
    chosen = _free(f"{body.name}_lock".lstrip("_"), path, "", context)
    line = context.shifted(function, body.span).line
    while line > 0 and lines[line - 1].startswith("#"):
        line -= 1
    if indentation(lines[line]):
        return "", Refusal("the function does not stand at the top of its module")
    edit = insert_line(path, lines, line, f"{chosen} = {text}")
    eol = edit.text[len(f"{chosen} = {text}") :]
    return chosen, Edit(path, edit.span, f"{edit.text}{eol}{eol}")


def _made_in_init(
    function: FunctionId, name: str, text: str, context: FixContext
) -> tuple[str, Edit | Refusal]:
    around, path = class_around(context.db, function), context.path(function)
    chosen = _free((name or "lock").lstrip("_"), path, around, context)
    maker = method_in(context.db, around, "__init__")
    where = _first_line(maker, context) if maker is not None else None
    if maker is None or where is None:
        return "", Refusal("the class has no `__init__` in which the lock could be made")
    lines = context.lines(path)
    made = f"{indentation(lines[where])}{self_name(context.db, maker)}.{chosen} = {text}"
    edit = insert_line(path, lines, where, made)
    return f"{self_name(context.db, function)}.{chosen}", edit


def _first_line(maker: FunctionId, context: FixContext) -> int | None:
    """Return the line of the first statement of a method that does something."""
    body = context.facts(maker)
    spans = [context.shifted(maker, row.span) for row in body.statements if not row.literal]
    head = context.shifted(maker, body.name_span).line
    return spans[0].line if spans and spans[0].line > head else None


def _free(wanted: str, path: str, owner: str, context: FixContext) -> str:
    """Return a name for a lock of a module or class that is not in use."""
    name = f"_{wanted}" if wanted != "lock" or owner else wanted
    while assigned(context.db, path, "", name) or (
        owner and attribute_rows(context.db, owner, name)
    ):
        name = f"{name}_"
    return name


def _renamed(
    function: FunctionId, name: str, taken: str, context: FixContext
) -> list[Edit] | Refusal:
    """Return the edits that take the lock by its new name, and make it no more here."""
    body, path = context.facts(function), unit_path(context.db, function[0])
    lines = context.lines(path)
    edits = [
        Edit(path, context.shifted(function, item.span), taken)
        for item in body.withs
        if item.value == Path(name)
    ]
    for write in body.writes:
        if write.path == name:
            span = context.shifted(function, body.statements[write.statement].span)
            if not is_alone(lines, span) or "#" in lines[span.end_line]:
                return Refusal("the line that makes the lock holds something else as well")
            edits.append(Edit(path, Span(span.line, 0, span.end_line + 1, 0), ""))
    for call in body.calls:
        if parent_of(call.callee) == name:
            span = context.shifted(function, call.span)
            end = span.column + len(name)
            edits.append(Edit(path, Span(span.line, span.column, span.line, end), taken))
    return edits
