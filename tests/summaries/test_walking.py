"""The walk over all paths finds what running all paths finds."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from review_checks.facts.lower import lower_unit
from review_checks.facts.schema import Exit, Function
from review_checks.summaries.owning.walking import Act, Catch, Course, Step, ways_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACTS = {"acquire": Act.ACQUIRE, "release": Act.RELEASE, "work": Act.RAISE, "stop": Act.STOP}

MOST_CHOICES = 12
"""After so many, all answers are no, so that loops end."""


class FailureError(Exception):
    """What `work` may raise."""


def course(body: Function) -> Course:
    steps: dict[int, list[Step]] = {}
    for index, call in enumerate(body.calls):
        if call.callee in ACTS:
            step = Step(call.at, ACTS[call.callee], ("c", index))
            steps.setdefault(call.statement, []).append(step)
    suppressing = frozenset(call.statement for call in body.calls if call.callee == "suppress")
    return Course(
        body,
        {key: tuple(rows) for key, rows in steps.items()},
        lambda _: None,
        lambda _: False,
        lambda _event, _handler: Catch.YES,
        suppressing,
        frozenset(),
    )


def leaks_by_walk(text: str) -> bool:
    return bool(ways_out(course(lower_unit(text, 0).functions[0])))


class Suppress:
    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is FailureError


def leaks_by_running(text: str, limit: int = 4000) -> bool:
    """Run a function for all answers of its choices, and say whether one run ends with it held."""
    space: dict[str, Any] = {"FailureError": FailureError, "suppress": Suppress}
    exec(compile(text, "case", "exec"), space)  # noqa: S102 -- the text is our own
    pending: list[list[bool]] = [[]]
    for _ in range(limit):
        if not pending:
            return False
        answers = pending.pop()
        asked, leaked = run(space["case"], answers)
        if leaked:
            return True
        pending += [[*asked[:index], not asked[index]] for index in range(len(answers), len(asked))]
    return False


def run(case: Callable[[Any], None], answers: list[bool]) -> tuple[list[bool], bool]:
    """Run once with the given first answers, all others false; return all answers and the outcome."""
    script = Script(answers)
    with contextlib.suppress(FailureError):
        case(script)
    return script.asked, script.held or script.lost


class Script:
    def __init__(self, answers: list[bool]) -> None:
        self.answers = answers
        self.asked: list[bool] = []
        self.held = False
        self.lost = False

    def choice(self) -> bool:
        position = len(self.asked)
        if position >= MOST_CHOICES:
            return False
        answer = self.answers[position] if position < len(self.answers) else False
        self.asked.append(answer)
        return answer

    def acquire(self) -> None:
        self.lost = self.lost or self.held
        self.held = True

    def release(self) -> None:
        self.held = False

    def work(self) -> None:
        if self.choice():
            raise FailureError

    def times(self) -> Iterator[int]:
        while self.choice():
            yield 0


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


SIMPLE = st.sampled_from(
    ["acquire()", "release()", "work()", "pass", "return", "raise FailureError"]
)
LOOPED = st.sampled_from(["break", "continue"])


def blocks(depth: int, *, looped: bool) -> st.SearchStrategy[list[str]]:
    simple = st.one_of(SIMPLE, LOOPED) if looped else SIMPLE
    row = simple.map(lambda line: [line])
    if depth:
        row = st.one_of(row, compound(depth - 1, looped=looped))
    return st.lists(row, min_size=1, max_size=2).map(
        lambda rows: [line for part in rows for line in part]
    )


def compound(depth: int, *, looped: bool) -> st.SearchStrategy[list[str]]:
    inner = blocks(depth, looped=looped)
    branch = st.tuples(inner, inner).map(
        lambda parts: ["if choice():", *indented(parts[0]), "else:", *indented(parts[1])]
    )
    loop = st.tuples(blocks(depth, looped=True), inner).map(
        lambda parts: [
            "for _ in script.times():",
            *indented(parts[0]),
            "else:",
            *indented(parts[1]),
        ]
    )
    attempt = st.tuples(inner, inner, inner).map(
        lambda parts: [
            "try:", *indented(parts[0]), "except FailureError:", *indented(parts[1]), "else:", *indented(parts[2]),
        ]
    )  # fmt: skip
    final = st.tuples(inner, blocks(0, looped=False)).map(
        lambda parts: ["try:", *indented(parts[0]), "finally:", *indented(parts[1])]
    )
    quiet = inner.map(lambda lines: ["with suppress():", *indented(lines)])
    return st.one_of(branch, loop, attempt, final, quiet)


@settings(max_examples=300, deadline=None)
@given(blocks(2, looped=False))
def test_walking_finds_what_running_finds(lines: list[str]) -> None:
    text = "def case(script):\n" + "\n".join(indented(lines)) + "\n"
    for name in ("acquire", "release", "work", "choice"):
        text = text.replace(f"{name}()", f"script.{name}()")
    walked, ran = leaks_by_walk(text.replace("script.", "")), leaks_by_running(text)
    assert walked >= ran
    if "except" not in text:
        # A handler may be entered although no known call raises.
        assert walked == ran


def walked(*lines: str) -> list[tuple[Exit, str, str]]:
    body = lower_unit("def case():\n" + "\n".join(indented(list(lines))) + "\n", 0).functions[0]

    def named(event: tuple[str, int] | None) -> str:
        if event is None or event[0] == "n":
            return "-"
        rows = body.calls if event[0] == "c" else body.statements
        return f"{event[0]}{rows[event[1]].span.line}"

    return [(way.exit, named(way.event), named(way.origin)) for way in ways_out(course(body))]


def test_a_call_between_acquiring_and_releasing_leaks() -> None:
    assert walked("acquire()", "work()", "release()") == [(Exit.RAISE, "c2", "-")]


def test_a_finally_releases_on_every_path() -> None:
    assert (
        walked("acquire()", "try:", "    work()", "    return", "finally:", "    release()") == []
    )


def test_what_led_into_a_handler_is_remembered() -> None:
    ways = walked(
        "acquire()", "try:", "    work()", "except FailureError:", "    return", "release()"
    )
    assert ways == [(Exit.RETURN, "s5", "c3")]


def test_the_end_of_the_process_leaks_nothing() -> None:
    assert walked("acquire()", "stop()") == []


def test_a_condition_that_only_guards_the_release_is_trusted() -> None:
    assert walked("acquire()", "if choice():", "    release()") == []
    assert walked("acquire()", "if choice():", "    release()", "    return") != []


def test_acquiring_anew_in_a_loop_loses_the_last_one() -> None:
    assert walked("for _ in rows():", "    acquire()")[0][:2] == (Exit.NONE, "c2")


def test_very_deep_nesting_is_given_up() -> None:
    lines = ["acquire()", "if choice():", "    release()", "    return"]
    for _ in range(90):
        lines = ["if choice():", *indented(lines)]
    assert walked(*lines) != []
    chain = ["if choice():", "    acquire()"]
    for _ in range(2000):
        chain += ["elif choice():", "    work()"]
    assert walked(*chain) == []
