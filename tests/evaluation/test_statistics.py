from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from ercbench.evaluation.compare.groups import read_comparisons
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.metrics import COMPARED
from records import write_run

SIZES = (6, 4, 9, 3, 7, 5, 8, 6, 4, 9, 3, 7, 5, 8, 6)


@pytest.fixture
def compared(tmp_path):
    """Writes runs, given as (model, skill, seeds), and returns comparison and analysis."""

    def compare(*models, draws=2000, **options):
        for model, skill, seeds in models:
            for seed in range(seeds):
                write_run(tmp_path, model, seed, skill=skill, sizes=SIZES, **options)
        (comparison,) = read_comparisons(tmp_path)
        return comparison, analyse(comparison, draws)

    return compare


def pair_of(analysis, *names, score="accuracy"):
    (pair,) = (p for p in analysis.pairs[score] if {p.first, p.second} == set(names))
    return pair


def test_estimates_are_the_recorded_scores_with_an_interval_around_them(compared):
    comparison, analysis = compared(("GRU", 1.0, 3), ("MLP", 0.5, 3))
    for group in comparison.groups:
        for score in COMPARED:
            recorded = [scores[score] for scores in group.scores]
            estimate = analysis.estimates[group.name][score]
            assert estimate.mean == pytest.approx(np.mean(recorded))
            assert estimate.deviation == pytest.approx(np.std(recorded, ddof=1), abs=1e-6)
            assert estimate.low < estimate.mean < estimate.high


def test_one_seed_has_no_deviation_but_an_interval_over_dialogues(compared):
    _, analysis = compared(("GRU", 1.0, 1))
    estimate = analysis.estimates["GRU"]["weighted_f1"]
    assert estimate.deviation is None
    assert estimate.low < estimate.mean < estimate.high
    assert analysis.pairs["accuracy"] == ()
    assert analysis.best["accuracy"] is None
    assert analysis.detectable["accuracy"] is None


def test_a_much_better_model_is_significantly_best(compared):
    _, analysis = compared(("GRU", 4.0, 2), ("MLP", 0.5, 2), ("HCAM", 0.5, 2))
    for score in COMPARED:
        assert analysis.best[score] == "GRU"
    pair = pair_of(analysis, "GRU", "MLP")
    assert pair.first == "GRU"
    assert pair.low > 0
    assert pair.p_holm < 0.05
    assert pair.p_mcnemar < 0.05
    assert pair.probability == 1.0
    assert pair.effect > 0.8


def test_equal_models_are_not_told_apart(compared):
    _, analysis = compared(("GRU", 1.0, 3), ("MLP", 1.0, 3))
    pair = pair_of(analysis, "GRU", "MLP")
    assert pair.difference >= 0
    assert pair.p_holm > 0.05
    assert not pair.significant
    assert analysis.best == dict.fromkeys(COMPARED)


def test_the_same_answers_differ_by_nothing(compared, tmp_path):
    write_run(tmp_path, "GRU", 0, sizes=SIZES, name="a", code="c")
    write_run(tmp_path, "GRU", 0, sizes=SIZES, name="b", code="d")
    (comparison,) = read_comparisons(tmp_path)
    (pair,) = analyse(comparison, 200).pairs["macro_f1"]
    assert (pair.difference, pair.low, pair.high, pair.effect) == (0, 0, 0, 0)
    assert (pair.p, pair.p_holm, pair.p_mcnemar, pair.probability) == (1, 1, 1, 0.5)


def test_holm_is_the_step_down_of_the_smallest_p(compared):
    _, analysis = compared(("GRU", 2.0, 2), ("MLP", 1.0, 2), ("HCAM", 1.4, 2))
    pairs = sorted(analysis.pairs["accuracy"], key=lambda pair: pair.p)
    stepped = np.maximum.accumulate([(3 - rank) * pair.p for rank, pair in enumerate(pairs)])
    assert [pair.p_holm for pair in pairs] == pytest.approx(np.minimum(stepped, 1))


def test_mcnemar_is_the_binomial_test_of_what_one_model_alone_gets_right(compared):
    comparison, analysis = compared(("GRU", 1.2, 1), ("MLP", 0.8, 1))
    first, second = (g.predictions[0] == comparison.test.truth for g in comparison.groups)
    only = int((first & ~second).sum()), int((~first & second).sum())
    expected = binomtest(only[0], sum(only)).pvalue
    assert pair_of(analysis, "GRU", "MLP").p_mcnemar == pytest.approx(expected)


def test_outputs_of_the_same_runs_share_their_seeds(compared):
    """Or else the luck of a training would seem to tell the two apart."""
    comparison, _ = compared(("GRU", 1.0, 3))
    group = comparison.groups[0]
    output = replace(group, name="GRU: copy", output="copy")
    other = replace(output, folders=group.folders[::-1])
    for twin, interval in ((output, (0, 0)), (other, None)):
        analysis = analyse(replace(comparison, groups=(group, twin)), 500)
        pair = pair_of(analysis, "GRU", "GRU: copy")
        if interval:
            assert (pair.low, pair.high) == interval
        else:
            assert pair.low < 0 < pair.high


def test_a_models_own_outputs_do_not_keep_it_from_being_best(compared, tmp_path):
    for seed in (0, 1):
        write_run(tmp_path, "HCAM", seed, skill=4.0, sizes=SIZES, outputs=("ensemble",))
    _, analysis = compared(("MLP", 0.2, 2))
    assert analysis.best["accuracy"] in ("HCAM", "HCAM: ensemble")


def test_the_detectable_difference_shrinks_with_the_root_of_the_test_set(tmp_path):
    found = []
    for times in (1, 4):
        for model in ("GRU", "MLP"):
            write_run(tmp_path / str(times), model, sizes=SIZES * 10 * times)
        (comparison,) = read_comparisons(tmp_path / str(times))
        found.append(analyse(comparison, 2000).detectable["accuracy"])
    assert found[0] / found[1] == pytest.approx(2, rel=0.15)


def test_few_dialogues_are_swapped_in_every_way(tmp_path):
    for model in ("GRU", "MLP"):
        write_run(tmp_path, model)
    (comparison,) = read_comparisons(tmp_path)
    assert analyse(comparison, 1000).exact
    assert not analyse(comparison, 10).exact


def test_the_same_records_give_the_same_analysis(compared):
    comparison, analysis = compared(("GRU", 1.0, 2), ("MLP", 0.5, 2))
    assert analyse(comparison, 2000) == analysis


def test_a_class_that_never_occurs_does_no_harm(tmp_path):
    labels = ("neutral", "joy", "anger")
    for model in ("GRU", "MLP"):
        write_run(tmp_path, model, labels=labels, unlabelled=range(3, 22))
    (comparison,) = read_comparisons(tmp_path)
    assert len(set(comparison.test.truth.tolist()) - {-1}) < 3
    for estimates in analyse(comparison, 200).estimates.values():
        assert all(np.isfinite([e.mean, e.low, e.high]).all() for e in estimates.values())
