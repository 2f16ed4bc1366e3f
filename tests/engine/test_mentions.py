"""Who uses a name: what surveys say, and what open files say in their place."""

from __future__ import annotations

import random

import pytest

from review_checks.engine.files import File
from review_checks.engine.keeping import FactsMemo, NoShelf
from review_checks.engine.mentions import Mentions, survey
from review_checks.engine.source import MemorySource
from review_checks.engine.workspace import Workspace
from review_checks.facts.lower import lower_unit
from review_checks.facts.naming import names_in
from review_checks.model import Span
from review_checks.options import Options
from review_checks.summaries.incremental import Database, query
from review_checks.summaries.index import mentioned_in

FIRST = "def save():\n    pass\n\n\ndef store():\n    save()\n"
SECOND = "import first\n\nfirst.save()\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("self.pool.close()\n", {"self", "pool", "close"}),
        ("table[key].count += 1\n", {"table", "key", "count"}),
        ("from pack.module import name as other\n", {"pack", "module", "name"}),
        ("import one.two\n", {"one", "two"}),
        ("run(target=work, note='word')  # comment\n", {"run", "work"}),
        ("class A(base.B):\n    x: int = 1\n", {"base", "B", "x"}),
        ("@app.task(bind=True)\ndef f(a: T) -> R:\n    '''Doc.'''\n", {"app", "task", "def f", "T", "R"}),
        ("try:\n    f()\nexcept (E, p.Other):\n    raise Last from None\n",
         {"f", "E", "p", "Other", "Last"}),
        ("del größe.änderung\n", {"größe", "änderung"}),
    ],
)  # fmt: skip
def test_names_of_a_unit(text: str, names: set[str]) -> None:
    found = names_in(lower_unit(text, 0))
    assert names <= found
    assert not {"word", "comment", "Doc"} & found


def workspace(**files: str) -> Workspace:
    return Workspace(MemorySource({f"{name}.py": text for name, text in files.items()}))


def users(made: Workspace, name: str) -> tuple[str, ...]:
    return mentioned_in(made.db, name)


def test_only_open_files_count_before_a_survey() -> None:
    made = workspace(first=FIRST, second=SECOND)
    made.open("first.py", FIRST)
    assert users(made, "save") == ("first.py",)
    assert users(made, "unheard_of") == ()


def test_a_survey_counts_when_it_is_announced() -> None:
    made = workspace(first=FIRST, second=SECOND)
    made.open("first.py", FIRST)
    assert users(made, "save") == ("first.py",)
    made.note([("second.py", survey(SECOND, NoShelf()))])
    assert users(made, "save") == ("first.py",)
    assert made.announce()
    assert users(made, "save") == ("first.py", "second.py")
    assert not made.announce()
    made.note([("third.py", ("unrelated",))])
    assert not made.announce(), "nobody asked for that name"
    made.forget("second.py")
    assert made.announce()
    assert users(made, "save") == ("first.py",)


def test_an_open_text_stands_in_the_place_of_the_survey() -> None:
    made = workspace(first=FIRST, second=SECOND)
    made.note([("second.py", ("save",)), ("first.py", ("save",))])
    made.open("second.py", "def other():\n    first.load()\n")
    assert users(made, "save") == ("first.py",)
    assert users(made, "load") == ("second.py",)
    made.note([("second.py", ("save",))])
    made.announce()
    assert users(made, "save") == ("first.py",), "what is on disk does not matter meanwhile"
    made.change("second.py", [(Span(1, 10, 1, 14), "save")])
    assert users(made, "save") == ("first.py", "second.py")
    assert users(made, "load") == ()
    made.close("second.py")
    assert users(made, "first") == ("second.py",)
    assert users(made, "other") == ()
    made.note([("second.py", ())])
    made.announce()
    assert users(made, "first") == ()


def test_a_name_that_two_units_use_stays_until_both_are_gone() -> None:
    made = workspace()
    made.open("a.py", "def f():\n    x()\n\n\ndef g():\n    x()\n")
    assert users(made, "x") == ("a.py",)
    made.change("a.py", [(Span(1, 4, 1, 5), "y")])
    assert users(made, "x") == ("a.py",)
    made.change("a.py", [(Span(4, 0, 6, 0), "")])
    assert users(made, "x") == ()
    assert users(made, "y") == ("a.py",)


def test_a_deleted_file_uses_nothing() -> None:
    source = MemorySource({"first.py": FIRST})
    made = Workspace(source)
    made.open("first.py", FIRST)
    made.close("first.py")
    assert users(made, "save") == ("first.py",)
    del source.files["first.py"]
    made.refresh("first.py")
    assert users(made, "save") == ()


def test_files_that_are_no_members_do_not_count() -> None:
    made = Workspace(
        MemorySource({}), is_member=lambda path, lines: path != "test.py" and "#" not in lines[0]
    )
    for path in ("a.py", "test.py"):
        made.open(path, FIRST)
    made.open("made.py", f"# by a program\n{FIRST}")
    assert users(made, "save") == ("a.py",)


def test_membership_follows_the_options() -> None:
    chosen = Options()
    made = Workspace(MemorySource({}), is_member=lambda path, _: path not in chosen.exclude)
    made.open("a.py", FIRST)
    assert users(made, "save") == ("a.py",)
    chosen = Options(exclude=("a.py",))
    made.configure(chosen)
    made.note([("a.py", ())])
    made.announce()
    assert users(made, "save") == ()


def test_a_survey_is_made_when_somebody_asks_and_once() -> None:
    made = workspace()
    made.open("first.py", FIRST)
    surveys = []

    def rows() -> list[tuple[str, tuple[str, ...]]]:
        surveys.append(1)
        return [("first.py", ("old",)), ("second.py", ("save",))]

    made.survey_with(rows)
    assert not surveys
    assert users(made, "save") == ("first.py", "second.py")
    assert users(made, "old") == ()
    assert len(surveys) == 1


def test_only_who_asked_for_a_name_is_disturbed() -> None:
    made = workspace()
    computed = []

    @query
    def count(db: Database, name: str) -> int:
        computed.append(name)
        return len(mentioned_in(db, name))

    made.open("a.py", FIRST)
    assert (count(made.db, "save"), count(made.db, "store")) == (1, 0)
    made.open("b.py", "save()\n")
    assert (count(made.db, "save"), count(made.db, "store")) == (2, 0)
    assert computed == ["save", "store", "save"]


@pytest.mark.parametrize("seed", range(20))
def test_counting_equals_counting_anew(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- not for secrets
    lines = [f"def f{number}():\n    n{number % 5}.m{number % 3}()\n\n\n" for number in range(8)]
    file = File("a.py", "".join(lines), FactsMemo(), [0])
    mentions = Mentions()
    known = {name: mentions.users(name) for name in ("n1",)}
    mentions.note("a.py", ("stale",))
    mentions.follow("a.py", file.states)
    assert known == {"n1": ()}
    for _ in range(12):
        line = chance.randrange(len(file.lines) - 1)
        text = chance.choice(["", "def g():\n    new()\n\n", "x = n1.other\n", "    broken(\n"])
        span = Span(line, 0, line + chance.randrange(2), 0)
        before = {name: mentions.users(name) for name in ("new", "n1", "other", "m2", "stale")}
        touched = mentions.follow("a.py", *file.edit([(span, text)]))
        fresh = Mentions()
        fresh.follow("a.py", file.states)
        for name, users_before in before.items():
            assert mentions.users(name) == fresh.users(name)
            assert (name in touched) == (mentions.users(name) != users_before)
