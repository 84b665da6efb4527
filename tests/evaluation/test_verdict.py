"""Verdicts on published numbers: what is compared with what, and what cannot be."""

import csv
from dataclasses import replace
from importlib.resources import files
from statistics import mean

import pytest
from comparisons import make_comparison

from ercbench.corpora.registry import CORPORA
from ercbench.evaluation.published.table import for_terminal, verdict_table
from ercbench.evaluation.published.trainings import interval_of_best, interval_of_mean
from ercbench.evaluation.published.values import Published, published
from ercbench.evaluation.published.verdict import Attempt, Trainings, Verdict, exit_code, verdicts
from ercbench.evaluation.tables.render import to_markdown
from ercbench.models.registry import MODELS
from ercbench.records.run_record import ChosenOnTest

OWN = Published(
    *("gru", "several", "made-up", 4, "accuracy", 0.6),
    *("unknown", None, "unknown", "standard", "GRU", "a board"),
)
SCORES = (0.61, 0.64, 0.62, 0.66, 0.63)


def compared(own, features=("text:x", "audio:x"), seeds=5, claimed=()):
    """The verdicts on one number, with runs whose epoch chosen on test would claim so much."""
    comparison = make_comparison(skills=[("GRU", 2.0)], seeds=seeds)
    (group,) = comparison.groups
    group = replace(group, features=features)
    if claimed:
        chosen = [ChosenOnTest(3, _scored(group.scores[0], value)) for value in claimed]
        runs = zip(group.runs, chosen, strict=True)
        group = replace(group, runs=tuple(_claiming(run, own) for run, own in runs))
    attempt = Attempt("row", "corpus", (own,), [folder.name for folder in group.folders], "", "")
    found = verdicts([attempt], [replace(comparison, groups=(group,))])
    return found, tuple(scores["accuracy"] for scores in group.scores)


def _scored(scores, accuracy):
    return replace(scores, values={**scores.values, "accuracy": accuracy})


def _claiming(run, chosen):
    return replace(run, results=replace(run.results, as_released=chosen))


@pytest.mark.parametrize("kind", ["single", "unknown"])
def test_a_run_is_held_against_one_more_run(kind):
    (verdict,), scores = compared(replace(OWN, kind=kind))
    assert verdict.ours.interval == interval_of_best(scores, 1)
    assert verdict.ours.statistic == "one more run"


def test_a_mean_is_held_against_a_mean():
    (verdict,), scores = compared(replace(OWN, kind="mean", runs=3))
    assert verdict.ours.interval == interval_of_mean(scores, 3)
    assert verdict.ours.statistic == "mean"


def test_a_best_is_held_against_the_best_of_as_many_and_beside_it_against_the_mean():
    found, scores = compared(replace(OWN, kind="best", runs=5))
    best, beside = found
    assert (best.ours.statistic, beside.ours.statistic) == ("best of 5 runs", "mean")
    assert best.ours.interval == interval_of_best(scores, 5)
    assert beside.ours.interval == interval_of_mean(scores)
    assert (best.decides, beside.decides) == (True, False)
    rows = to_markdown(verdict_table(found, "GRU")).splitlines()[4:6]
    assert f"| {100 * max(scores):.1f} [" in rows[0]
    assert f"| {100 * mean(scores):.1f} ± " in rows[1]


def test_a_terminal_says_what_departs_from_the_paper_once_below_the_table():
    found, _ = compared(replace(OWN, kind="best", runs=5))
    told = [replace(own, attempt=replace(own.attempt, deviations="no visual")) for own in found]
    table = for_terminal(verdict_table(told, "GRU"))
    assert table.columns[-1].title == "chosen on test"
    assert table.notes.count("row on corpus: no visual") == 1


def test_a_number_chosen_on_test_is_held_against_runs_chosen_on_test():
    (verdict,), _ = compared(replace(OWN, selection="test"), claimed=SCORES)
    assert verdict.ours.scores == SCORES
    assert verdict.ours.selection == "test"
    assert verdict.on_test == pytest.approx(mean(SCORES))


@pytest.mark.parametrize("selection", ["validation", "unknown"])
def test_any_other_number_is_held_against_the_honest_runs(selection):
    (verdict,), scores = compared(replace(OWN, selection=selection), claimed=SCORES)
    assert verdict.ours.scores == scores
    assert verdict.ours.selection == "validation"


def test_another_split_and_a_smaller_model_are_not_comparable():
    (elsewhere,), _ = compared(replace(OWN, split="hcam"))
    assert elsewhere.word == "not comparable: other split (standard, not hcam)"
    (reduced,), _ = compared(OWN, features=("text:x",))
    assert reduced.word == "not comparable: other modalities (text, not several)"
    assert exit_code([elsewhere]) == exit_code([reduced]) == 3


def test_one_seed_has_no_interval():
    (verdict,), _ = compared(OWN, seeds=1)
    assert verdict.word == "no interval: one seed"
    assert exit_code([verdict]) == 3


def test_runs_that_cannot_be_found_are_not_run():
    attempt = Attempt("row", "corpus", (OWN,), ("lost",), "", "")
    (verdict,) = verdicts([attempt], [make_comparison()])
    assert verdict.word == "not run"
    assert "cannot be put together" in verdict.attempt.reason


def verdict_on(value, decides=True):
    """A verdict on a value, against the interval from 0.6 to 0.7."""
    own = None if value is None else replace(OWN, value=value)
    ours = Trainings((0.64, 0.66), "standard", "validation", None, (0.6, 0.7))
    return Verdict(
        Attempt("row", "corpus", (), ("run",), "", ""), "accuracy", own, ours, "", decides
    )


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (0.65, "inside"),
        (0.6, "inside"),
        (0.701, "above"),
        (0.59, "below"),
        (None, "nothing published"),
    ],
)
def test_a_published_number_lies_inside_above_or_below_our_interval(value, word):
    assert verdict_on(value).word == word
    assert replace(verdict_on(value), ours=None).word == "not run"


@pytest.mark.parametrize(
    ("values", "code"), [((0.65,), 0), ((0.65, None), 0), ((0.65, 0.9), 1), ((), 0)]
)
def test_the_exit_code_tells(values, code):
    found = [verdict_on(value) for value in values]
    assert exit_code(found) == code
    assert exit_code([*found, verdict_on(0.9, decides=False)]) == code
    assert exit_code([*found, replace(verdict_on(0.9), ours=None)]) == 3


def test_every_published_number_is_of_a_split_that_is_here_and_says_its_kind():
    text = (files("ercbench.evaluation.published") / "published.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert rows
    for row in rows:
        features = [f"{m}:x" for m in ("text", "audio")[: 1 + (row["modalities"] == "several")]]
        entries = published(row["model"], features, row["corpus"], int(row["classes"]))
        assert row["model"] in MODELS
        assert row["split"] in {counts.split for counts in CORPORA[row["corpus"]].counts}
        assert any(own.value == pytest.approx(float(row["value"]) / 100) for own in entries)
        assert {own.kind for own in entries} <= {"mean", "best", "single", "unknown"}
        assert {own.selection for own in entries} <= {"validation", "test", "unknown"}
        assert all(own.runs for own in entries if own.kind == "best")
        assert all(0 < own.value < 1 and own.source for own in entries)
