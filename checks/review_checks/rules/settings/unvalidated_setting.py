"""A setting decides an amount without ever being checked.

## Why it matters

A number from the configuration, the environment or the command line can be anything. A negative one
makes a loop do nothing, and who waits in a pool of none waits forever; a reservation greater than the
capacity it is taken from makes what is left negative, and everything that allocates from it wrong. A bound in the
option's declaration cannot know the capacity of the machine: that takes a comparison where both are
at hand.

## Example

```python bad
import os
from threading import Semaphore


def limiter():
    slots = int(os.environ.get("UPLOAD_SLOTS", 4))
    return Semaphore(slots)
```

```python fixed
import os
from threading import Semaphore


def limiter():
    slots = int(os.environ.get("UPLOAD_SLOTS", 4))
    if slots < 1:
        raise ValueError("UPLOAD_SLOTS must be at least 1")
    return Semaphore(slots)
```

## When it stays silent

- A test on every way to the use compares the value, or asks for its truth; `min()` or `max()` bounds
  it; or it is compared somewhere else in the module, or where the option is declared.
- The option has a lower bound or choices, or its help says what zero or a negative value means, and
  the amount is not taken out of a capacity.
- The call refuses the value itself, there and then, as `time.sleep` and executors do; or its failure
  is handled.
- The class has made the mapping in which the value lies, of its defaults or keyword arguments.
- The declaration of the option is not found, or its type is not a number.
- The value is only compared, logged, or handed to code that nothing is known of.

## Fix

Raises an error where the value is kept for other functions, else before the use: the error about the
configuration that the module has at hand, else `ValueError`. It is refused where the capacity is not
at hand in the function.

## Options

None.

## References

- CWE-1284: Improper Validation of Specified Quantity in Input.
- CWE-770: Allocation of Resources Without Limits or Throttling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Mode
from review_checks.model import Refusal, Safety, Severity, Tier
from review_checks.rule import Context, FixContext, Over, Place, Report, rule
from review_checks.rules.settings._checking import Check, raise_after, raise_before
from review_checks.rules.settings._naming import is_computed, setting_name
from review_checks.summaries.configuring.amounts import Capacity, Use, capacity_of, setting_uses
from review_checks.summaries.configuring.comparisons import compared_names, unit_compared_names
from review_checks.summaries.inputs import unit_path
from review_checks.summaries.names import owner_of_name
from review_checks.summaries.paths import field_of, last_step
from review_checks.text.editing import slice_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.model import Fix
    from review_checks.summaries.configuring.flows import Origin
    from review_checks.summaries.inputs import FunctionId

_NUMBERS = ("int", "float")


@rule(severity=Severity.INFORMATION, tier=Tier.REVIEW, over=Over.FUNCTION, fix=Safety.UNSAFE)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Judge the places of a function where settings decide amounts."""
    seen: set[str] = set()
    for use in setting_uses(context.db, function):
        if use.origin.key in seen or not _is_unchecked(function, use, context):
            continue
        seen.add(use.origin.key)
        yield _report(function, use, context)


def _is_unchecked(function: FunctionId, use: Use, context: Context) -> bool:
    option = use.origin.option
    if option is not None and (option.choices or option.type not in (*_NUMBERS, "str")):
        return False
    bounded = option is not None and (bool(option.minimum) or option.special)
    if not use.taken and (bounded or _is_below(use.origin.default, use.least)):
        return False
    return not _is_compared_elsewhere(function, use, context)


def _is_compared_elsewhere(function: FunctionId, use: Use, context: Context) -> bool:
    """Say whether what holds the amount is compared in the modules that it passes.

    A local variable is another one in other functions. An amount that is taken from a capacity must
    be compared with another amount, any other with whatever it may be.
    """
    local = {name for name in use.origin.names if owner_of_name(context.db, function, name)}
    names = {last_step(name) for name in use.origin.names if name not in local}
    if use.origin.option is not None:
        names.add(use.origin.option.name)
    if use.role in ("store", "subtract"):
        names.add(field_of(use.target) or use.target.strip("'\""))
    places = {unit_path(context.db, place[0]) for place in _functions(function, use.origin)}
    rows = [(names, compared_names(context.db, path)) for path in places]
    rows.append((local, unit_compared_names(context.db, function[0])))
    return any(held & (found.amounts if use.taken else found.names) for held, found in rows)


def _is_below(default: str, least: int) -> bool:
    """Say whether a default lies where no amount lies: it has a meaning of its own, then."""
    try:
        return float(default) < least
    except ValueError:
        return False


def _functions(function: FunctionId, origin: Origin) -> Iterator[FunctionId]:
    """Yield the functions that a value passes, and that in which its option is declared."""
    yield function
    for place, _, _ in origin.steps:
        yield place
    if origin.option is not None:
        yield origin.option.function


# What is told


def _report(function: FunctionId, use: Use, context: Context) -> Report:
    capacity = capacity_of(context.db, function, use) if use.taken else None
    refusal = _obstacle(function, use, capacity, context)
    return Report(
        Place(function, *use.event),
        _message(use, capacity),
        use.origin.text,
        tuple(_evidence(use, function, capacity, context)),
        data=(use, capacity),
        fixable=not refusal,
        refusal=refusal,
        title=f"Check `{use.origin.text}` before it is used",
    )


def _message(use: Use, capacity: Capacity | None) -> str:
    text = f"`{use.origin.text}`"
    if use.role == "subtract":
        return f"{text} is subtracted from `{use.target}`, with which it is never compared"
    if use.role == "store":
        where = f"under `{use.target}`" if use.target[0] in "'\"" else f"in `{use.target}`"
        if use.taken:
            other = f"`{capacity.name}`" if capacity is not None else "what it is taken from"
            return f"{text} is stored {where} without ever being compared with {other}"
        return f"{text} is stored {where} unchecked, though nothing keeps it from being negative"
    wrong = "negative" if use.least == 0 else f"less than {use.least}"
    return f"{text} reaches `{use.target}` unchecked, though nothing keeps it from being {wrong}"


def _evidence(
    use: Use, function: FunctionId, capacity: Capacity | None, context: Context
) -> Iterator[tuple[Place, str]]:
    option = use.origin.option
    if option is not None:
        default = f", default `{option.default}`" if option.default else ""
        yield Place(option.function, *option.event), f"declared {option.bounds()}{default}"
    for steps in _by_statement(use.origin, context):
        last = steps[-1]
        if last.function != function or _statement(last, context) != use.statement:
            yield last, _passage(steps, context, first=steps[0] == Place(*use.origin.steps[0]))
    if capacity is not None and capacity.place is not None:
        where, index = capacity.place
        yield Place(where, "r", index), "the capacity that it is never compared with"


def _by_statement(origin: Origin, context: Context) -> list[list[Place]]:
    """Return the steps of a value, those of one statement together."""
    groups: list[list[Place]] = []
    before: tuple[FunctionId, int] | None = None
    for step in [Place(*row) for row in origin.steps]:
        where = (step.function, _statement(step, context))
        if where == before:
            groups[-1].append(step)
        else:
            groups.append([step])
        before = where
    return groups


def _statement(place: Place, context: Context) -> int:
    body = context.facts(place.function)
    if place.kind == "w":
        return body.writes[place.index].statement
    return (body.reads if place.kind == "r" else body.calls)[place.index].statement


def _passage(steps: list[Place], context: Context, *, first: bool) -> str:
    """Return what happens to a value in one statement."""
    body = context.facts(steps[-1].function)
    calls = [body.calls[step.index] for step in steps if step.kind == "c"]
    through = [f"`{last_step(call.callee)}`" for call in (calls[1:] if first else calls)]
    text = "is read" if first else "goes on"
    if first and calls and steps[0].kind != "c":
        through.insert(0, f"`{last_step(calls[0].callee)}`")
    if steps[-1].kind == "w":
        text += f" into `{body.writes[steps[-1].index].path}`"
    elif first:
        text += " here"
    return text + (f" through {' and '.join(through)}" if through else "")


# The fix


def fix(report: Report, context: FixContext) -> Fix | Refusal:
    """Check the value before it is used."""
    use, capacity = report.data
    function = report.place.function
    if not use.taken:
        kept = _kept(function, use, context)
        if kept is not None:
            place, index = kept
            write = context.facts(place).writes[index]
            return raise_after(place, write.statement, _least(write.path, use, context), context)
    amount = _name(use)
    if _is_assigned(function, use, context):
        amount = _stored(function, use, context)
        if not amount:
            return Refusal("what is stored does not stand alone on its line")
    if not use.taken:
        return raise_before(function, use.statement, _least(amount, use, context), context)
    problem = f"{use.origin.text} exceeds {capacity.path}"
    check = Check(amount, f"> {capacity.path}", problem, _may_be_none(use))
    return raise_before(function, use.statement, check, context)


def _least(amount: str, use: Use, context: Context) -> Check:
    """Return the check of an amount that has a least value."""
    named = setting_name(use.origin) or amount
    computed = is_computed(use.origin, context)
    if named != amount and computed:
        named = f"{amount}, made from {named},"
    problem = "must not be negative" if use.least == 0 else f"must be at least {use.least}"
    optional = _may_be_none(use) and not computed
    return Check(amount, f"< {use.least}", f"{named} {problem}", optional)


def _may_be_none(use: Use) -> bool:
    """Say whether an option has no value when it is not set."""
    option = use.origin.option
    return option is not None and option.default in ("", "None")


def _kept(function: FunctionId, use: Use, context: Context) -> tuple[FunctionId, int] | None:
    """Return the write to a variable, kept for other functions, by which a value came to its use.

    What is wrong with a setting is better said there, once and early.
    """
    if not use.origin.steps:
        return None
    place, kind, index = use.origin.steps[-1]
    if kind != "w" or place == function:
        return None
    path = context.facts(place).writes[index].path
    return (place, index) if last_step(path) == last_step(_name(use)) else None


def _obstacle(function: FunctionId, use: Use, capacity: Capacity | None, context: Context) -> str:
    """Return why a check cannot be written, or ''."""
    if use.taken and (capacity is None or not capacity.path):
        return "the capacity is not at hand in this function"
    if not _is_assigned(function, use, context) and not _name(use):
        return "the value has no name here by which it could be checked"
    return ""


def _is_assigned(function: FunctionId, use: Use, context: Context) -> bool:
    """Say whether the amount is the whole of what an assignment stores."""
    kind, index = use.event
    if use.role != "store" or kind != "w":
        return False
    return context.facts(function).writes[index].path == use.target


def _name(use: Use) -> str:
    """Return a path that holds the amount, or its sign at least where that is what matters."""
    names = use.origin.names
    name = use.amount if use.taken else (names[-1] if names else "")
    return name if "[" not in name else ""


def _stored(function: FunctionId, use: Use, context: FixContext) -> str:
    """Return what a simple assignment on one line stores, as source text."""
    body = context.facts(function)
    write = body.writes[use.event[1]]
    lines = context.lines(context.path(function))
    span = context.shifted(function, body.statements[write.statement].span)
    text = slice_text(lines, span)
    target, found, value = text.partition("=")
    if not found or write.mode is not Mode.ASSIGN or "\n" in text or target.strip() != use.target:
        return ""
    return value.strip()
