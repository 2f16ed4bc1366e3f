"""Two locks are taken in one order here and in the opposite order elsewhere.

## Why it matters

One thread holds the first lock and waits for the second while another holds the second and waits for
the first: both hang for good. It takes an unlucky moment, so that no test finds it and production
does.

## Example

```python bad
import threading

accounts_lock = threading.Lock()
journal_lock = threading.Lock()


def transfer(journal, accounts, amount):
    with accounts_lock:
        accounts.apply(amount)
        with journal_lock:
            journal.append(amount)


def replay(journal, accounts):
    with journal_lock:
        for amount in journal:
            with accounts_lock:
                accounts.apply(amount)
```

```python good
import threading

accounts_lock = threading.Lock()
journal_lock = threading.Lock()


def transfer(journal, accounts, amount):
    with accounts_lock:
        accounts.apply(amount)
        with journal_lock:
            journal.append(amount)


def replay(journal, accounts):
    with accounts_lock, journal_lock:
        for amount in journal:
            accounts.apply(amount)
```

## When it stays silent

- One of the acquisitions does not block or has a time limit: it gives up, and the other goes on.
- A third lock is held around both orders, also by all callers, so that the two never meet.
- One of the orders is followed only while an object is made, which nobody else knows yet.
- The second lock is held already, and merely taken again.
- A lock depends on a computed key, or is one of several objects of the same class: which ones meet is
  not known.

The order that is followed at fewer places is reported; of equals the one further down.

## Fix

None: which order is the right one is a matter of design.

## Options

None.

## References

- Infer: starvation analysis (DEADLOCK, lock order).
- CERT: LCK07-J, CON35-C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.model import Severity, Tier
from review_checks.rule import Context, Over, Place, Report, rule
from review_checks.rules.synchronization._chains import chain_of, short_name, symbol_of
from review_checks.summaries.locking.orders import Order, contradiction, order_of, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.summaries.inputs import FunctionId
    from review_checks.summaries.locking.nesting import Nesting


@rule(severity=Severity.WARNING, tier=Tier.DEFAULT, over=Over.FUNCTION)
def check(function: FunctionId, context: Context) -> Iterator[Report]:
    """Report each pair of locks that the function takes in an order which others contradict."""
    seen = set()
    for nesting in ordered(context.db, function):
        mine = order_of(function, nesting)
        if (mine.first, mine.second) in seen:
            continue
        seen.add((mine.first, mine.second))
        back = contradiction(context.db, mine)
        report = _report(context, function, nesting, back) if back else None
        if report is not None:
            yield report


def _report(
    context: Context, function: FunctionId, nesting: Nesting, back: tuple[Order, ...]
) -> Report | None:
    chain = chain_of(context, function, nesting)
    if chain is None:
        return None
    evidence = list(chain.evidence)
    others = []
    for order in back:
        other = next(
            row
            for row in ordered(context.db, order.function)
            if order_of(order.function, row) == order
        )
        found = chain_of(context, order.function, other)
        if found is None:
            return None
        others.append(short_name(context, order.function))
        evidence += found.evidence
        if found.place not in [place for place, _ in found.evidence]:
            evidence.append(
                (found.place, f"`{found.inner.label}` is taken here, in the other order")
            )
    outer = nesting.outer.held.guard
    return Report(
        chain.place,
        _message(
            context, function, chain.last, outer.label, chain.inner.label, others, chain.place
        ),
        " and ".join(sorted({symbol_of(outer), symbol_of(chain.inner)})),
        tuple(evidence),
    )


def _message(
    context: Context,
    function: FunctionId,
    last: FunctionId,
    first: str,
    second: str,
    others: list[str],
    place: Place,
) -> str:
    names = " and ".join(f"`{name}`" for name in dict.fromkeys(others))
    order = "takes them in the opposite order" if len(others) == 1 else "close the circle"
    if last == function:
        return f"`{second}` is taken while `{first}` is held; {names} {order}"
    holder = short_name(context, function)
    if place.function == function:
        taker = short_name(context, last)
        return f"`{taker}` takes `{second}` while `{first}` is held here; {names} {order}"
    return f"`{second}` is taken while `{holder}` holds `{first}`; {names} {order}"
