"""The arithmetic of the corpus scorer, and the corpus itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corpus.scorer.cases import CONCERNS, Case, Corpus, Selection, Silence, Source, read_corpus
from corpus.scorer.report import as_json, listing, table
from corpus.scorer.results import Outcome
from corpus.scorer.scoring import Score, Slack, judge_case, judge_silence, score
from corpus.scorer.tools import Diagnostic

CORPUS = read_corpus(Path(__file__).parent)

RULES = {"race": 1, "swallowed": 2, "style": 0}


def case(name="C1-1", **changes) -> Case:
    fields = {
        "id": name,
        "repo": "owner/name",
        "fix_sha": "fixed",
        "parent_sha": "parent",
        "path": f"{name}.py",
        "functions": ("forget",),
        "concern": 1,
        "kind": "missing-lock",
        "parent_ranges": ((10, 12),),
        "fixed_ranges": ((20, 22),),
        "decidable": "function",
        "why": "the pool is changed without the lock",
        "fix": "takes the lock",
        "near_duplicate": False,
        "strength": "core",
    }
    return Case(**{**fields, **changes})


def silence(**changes) -> Silence:
    fields = {
        "id": "N1-1",
        "repo": "owner/name",
        "sha": "parent",
        "path": "calm.py",
        "function": "add",
        "lines": (5, 6),
        "concern": 1,
        "why": "the caller holds the lock",
    }
    return Silence(**{**fields, **changes})


def said(*rows: tuple, lines: int = 100) -> Outcome:
    return Outcome(tuple(Diagnostic(*row) for row in rows), lines)


def verdict(before: Outcome, after: Outcome, slack: int = 3, **changes):
    one = case(**changes)
    return judge_case(one, {one.before: before, one.after: after}, RULES.__getitem__, slack)


def judged(corpus: Corpus, outcomes: dict[Source, Outcome]) -> Score:
    return score(corpus, outcomes, RULES.__getitem__, Slack())


@pytest.mark.parametrize(
    ("first", "last", "slack", "hit"),
    [
        (11, 11, 0, True),
        (1, 10, 0, True),
        (12, 40, 0, True),
        (1, 40, 0, True),
        (1, 9, 0, False),
        (13, 40, 0, False),
        (1, 7, 3, True),
        (15, 15, 3, True),
        (1, 6, 3, False),
        (16, 16, 3, False),
    ],
)
def test_a_hit_overlaps_the_place_of_the_bug(first, last, slack, hit):
    assert verdict(said(("race", first, last)), said(), slack).hit == hit


def test_any_of_several_places_will_do():
    places = {"parent_ranges": ((10, 12), (50, 50))}
    assert verdict(said(("race", 52, 52)), said(), **places).hit
    assert not verdict(said(("race", 30, 30)), said(), **places).hit


def test_only_rules_of_the_concern_count():
    found = verdict(said(("swallowed", 11, 11), ("style", 11, 11)), said())
    assert not found.hit
    assert found.chance == 0


def test_a_report_that_goes_with_the_fix_is_sharp():
    found = verdict(said(("race", 11, 11)), said(("race", 60, 60)))
    assert (found.hit, found.new, found.sharp) == (True, True, True)


def test_a_report_that_stays_is_only_a_hit():
    found = verdict(said(("race", 11, 11)), said(("race", 21, 21)))
    assert (found.hit, found.new, found.sharp) == (True, False, False)


def test_one_report_fewer_is_new_but_not_sharp():
    found = verdict(said(("race", 10, 10), ("race", 11, 11)), said(("race", 21, 21)))
    assert (found.hit, found.new, found.sharp) == (True, True, False)


def test_other_rules_at_the_fixed_place_do_not_matter():
    found = verdict(said(("race", 11, 11)), said(("swallowed", 21, 21)))
    assert found.sharp


def test_a_miss_is_neither_new_nor_sharp():
    found = verdict(said(), said(("race", 21, 21)))
    assert (found.hit, found.new, found.sharp) == (False, False, False)


def test_what_is_reported_elsewhere_is_ordered_by_distance():
    found = verdict(said(("race", 70, 70), ("race", 30, 30), ("style", 16, 16)), said())
    assert [row.first for row in found.elsewhere] == [30, 70]


def test_what_goes_elsewhere_is_remembered():
    before = said(("race", 70, 70, "on `pool`"), ("race", 80, 80, "on `slots`"))
    found = verdict(before, said(("race", 71, 71, "on `slots`")))
    assert not found.hit
    assert [row.message for row in found.mended] == ["on `pool`"]


def test_chance_is_that_of_random_lines():
    # Three lines and three on both sides, of a hundred.
    one, two = said(("race", 80, 80)), said(("race", 80, 80), ("race", 90, 90))
    assert verdict(one, said()).chance == pytest.approx(0.09)
    assert verdict(two, said()).chance == pytest.approx(1 - 0.91**2)
    assert verdict(said(("race", 1, 1), lines=4), said()).chance == 1


@pytest.mark.parametrize("version", ["before", "after"])
def test_a_failure_on_either_version_is_a_miss(version):
    good, bad = said(("race", 11, 11)), Outcome(None, 100, "it crashed")
    found = verdict(*((bad, said()) if version == "before" else (good, bad)))
    assert found.failed
    assert not found.hit


def test_an_alarm_is_on_the_silent_lines():
    calm = silence()

    def alarms(outcome: Outcome, slack: int = 0):
        return judge_silence(calm, {calm.source: outcome}, RULES.__getitem__, slack).alarms

    assert [row.first for row in alarms(said(("race", 6, 9), ("style", 5, 5)))] == [6]
    assert not alarms(said(("race", 7, 7)))
    assert alarms(said(("race", 7, 7)), slack=1)
    assert not alarms(Outcome(None, 100, "it crashed"))


@pytest.fixture
def example() -> Score:
    """Return the score of a sharp case, a hit, two misses (one a failure) and a broken silence."""
    sharp = case("C1-1")
    stays = case("C1-2", decidable="file")
    missed = case("C2-1", concern=2)
    failed = case("C2-2", concern=2, decidable="other-files")
    corpus = Corpus((sharp, stays, missed, failed), (silence(), silence(id="N1-2", lines=(90, 90))))
    outcomes = {
        sharp.before: said(("race", 11, 11), ("style", 50, 50), lines=1000),
        sharp.after: said(),
        stays.before: said(("race", 11, 11), lines=2000),
        stays.after: said(("race", 21, 21)),
        missed.before: said(("swallowed", 80, 80), ("swallowed", 99, 99), lines=1000),
        missed.after: said(),
        failed.before: said(lines=4000),
        failed.after: Outcome(None, 4000, "it crashed"),
        silence().source: said(("race", 5, 5)),
    }
    return judged(corpus, outcomes)


def test_a_tally_counts_the_cases_of_its_concern(example):
    races = example.concerns[1]
    assert (races.hit, races.new, races.sharp) == ((2, 2), (1, 2), (1, 2))
    assert races.cleared == (1, 2)
    assert races.alarms == (1, 2)
    assert races.by_decidability == {"function": (1, 1), "file": (1, 1), "other-files": (0, 0)}
    assert races.chance.percent == pytest.approx(100 * (0.009 + 0.0045) / 2)


def test_nothing_of_nothing_is_no_percentage(example):
    swallowed = example.concerns[2]
    assert swallowed.hit.percent == 0
    assert swallowed.cleared.percent is None
    assert swallowed.alarms.percent is None


def test_the_total_is_that_of_all_cases(example):
    total = example.total
    assert (total.hit, total.sharp, total.alarms) == ((2, 4), (1, 4), (1, 2))
    assert total.density == sum(row.density for row in example.concerns.values())


def test_density_is_per_thousand_lines_of_the_parents(example):
    assert (example.files, example.lines, example.diagnostics) == (4, 8000, 5)
    assert example.concerns[1].density == pytest.approx(2 / 8)
    assert example.concerns[2].density == pytest.approx(2 / 8)


def test_a_file_of_two_cases_counts_once():
    first, second = case("C1-1", path="pool.py"), case("C1-2", path="pool.py")
    outcomes = {first.before: said(("race", 11, 11), lines=1000), first.after: said()}
    found = judged(Corpus((first, second), ()), outcomes)
    assert (found.files, found.lines) == (1, 1000)
    assert found.concerns[1].hit == (2, 2)
    assert found.concerns[1].density == 1


def test_an_empty_corpus_scores_nothing():
    found = judged(Corpus((), ()), {})
    assert found.total.hit.percent is None
    assert not found.concerns


def test_the_table_shows_the_figures(example):
    lines = list(table("fake", example))
    assert lines[0] == "fake"
    synchronization, errors, total, summary = (" ".join(line.split()) for line in lines[3:7])
    assert synchronization == (
        "1 synchronization 2 | 100% 50% 50% 50% 1% | 2 50% | 0.25 | 1/1 1/1 0/0"
    )
    assert errors.startswith("2 errors 2 | 0% 0% - 0%")
    assert total.startswith("all 4 | 50% 25% 50% 25%")
    assert "failures: 1" in summary
    assert lines[7] == "  owner/name@fixed:C2-2.py: it crashed"


def test_the_listing_tells_hits_from_misses(example):
    lines = list(listing(example))
    heads = [line.split()[:2] for line in lines if re.match(r"[CN]\d", line)]
    assert heads == [
        ["C1-1", "sharp"],
        ["C1-2", "hit"],
        ["C2-1", "missed"],
        ["C2-2", "failed"],
        ["N1-1", "alarm"],
        ["N1-2", "silent"],
    ]
    assert "    11 race:  (goes with the fix)" in lines
    assert "    11 race:  (stays)" in lines
    assert "    elsewhere, 2 of this concern; the nearest:" in lines
    assert "      80 swallowed:  (goes with the fix)" in lines


def test_json_has_all_figures_and_cases(example):
    found = as_json("fake", example)
    assert found["concerns"]["synchronization"]["sharp"] == {"count": 1, "of": 2}
    assert found["concerns"]["all"]["negatives_hit"] == {"count": 1, "of": 2}
    assert [row["verdict"] for row in found["cases"]] == ["sharp", "hit", "missed", "failed"]
    assert found["cases"][0]["hits"][0]["first"] == 11
    assert [bool(row["alarms"]) for row in found["negatives"]] == [True, False]


def test_a_selection_takes_a_part():
    corpus = Corpus(
        (
            case("C1-1"),
            case("C1-2", repo="owner/other", strength="soft"),
            case("C2-1", concern=2, decidable="file", near_duplicate=True),
        ),
        (silence(), silence(id="N1-2", repo="owner/other")),
    )

    def ids(**wanted) -> str:
        part = Selection(**wanted).of(corpus)
        return " ".join(row.id for row in (*part.cases, *part.silences))

    assert ids() == "C1-1 C1-2 C2-1 N1-1 N1-2"
    assert ids(repositories=("owner/other",)) == "C1-2 N1-2"
    assert ids(excluded=("owner/other",)) == "C1-1 C2-1 N1-1"
    assert ids(concerns=(2,)) == "C2-1"
    assert ids(ids=("C1-2", "N1-1")) == "C1-2 N1-1"
    assert ids(strength="soft") == "C1-2 N1-1 N1-2"
    assert ids(decidable="file") == "C2-1 N1-1 N1-2"
    assert ids(near_duplicates=False) == "C1-1 C1-2 N1-1 N1-2"


def test_every_row_of_the_corpus_has_a_name_of_its_own():
    ids = [row.id for row in (*CORPUS.cases, *CORPUS.silences)]
    assert len(ids) == len(set(ids)) > 100


def test_the_corpus_is_well_formed():
    for row in (*CORPUS.cases, *CORPUS.silences):
        ranges = [row.lines] if isinstance(row, Silence) else row.parent_ranges + row.fixed_ranges
        assert row.concern in CONCERNS, row.id
        assert all(1 <= first <= last for first, last in ranges), row.id
    assert all(case.parent_ranges and case.fixed_ranges for case in CORPUS.cases)
    assert all(re.fullmatch("[0-9a-f]{40}", source.sha) for source in CORPUS.sources)
