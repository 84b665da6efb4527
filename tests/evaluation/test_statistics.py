from dataclasses import replace

import numpy as np
import pytest
from comparisons import make_comparison
from scipy import stats

from ercbench.evaluation.compare.reading import read_comparisons
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.metrics import compared as compared_by
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
        for score in compared_by("labels"):
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


def test_an_interval_is_students_over_dialogues_and_seeds(compared):
    comparison, analysis = compared(("GRU", 1.0, 3))
    (group,) = comparison.groups
    right = group.predictions == comparison.test.truth
    dialogue = np.repeat(np.arange(len(SIZES)), SIZES)
    means = right.mean(1)
    gaps = np.stack([(right[:, dialogue == d].T - means).sum(0) for d in range(len(SIZES))])
    over_dialogues = (gaps.mean(1) ** 2).sum() / (right.shape[1] ** 2)
    parts = [(over_dialogues * 15 / 14, 14), (means.var(ddof=1) / 3, 2)]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / own for part, own in parts)
    estimate = analysis.estimates["GRU"]["accuracy"]
    width = variance**0.5 * stats.t.ppf(0.975, freedom)
    assert estimate.high - estimate.mean == pytest.approx(width, rel=0.05)


def test_a_much_better_model_is_best(compared):
    _, analysis = compared(("GRU", 4.0, 3), ("MLP", 0.5, 3), ("HCAM", 0.5, 3))
    for score in compared_by("labels"):
        assert analysis.best[score] == "GRU"
    pair = pair_of(analysis, "GRU", "MLP")
    assert pair.first == "GRU"
    assert pair.told_apart
    assert pair.p_networks < 0.05
    assert pair.claim.low > 0
    assert pair.claim.probability == 1.0


def test_equal_models_are_not_told_apart(compared):
    _, analysis = compared(("GRU", 1.0, 3), ("MLP", 1.0, 3))
    pair = pair_of(analysis, "GRU", "MLP")
    assert pair.difference >= 0
    assert not pair.told_apart
    assert analysis.best == dict.fromkeys(compared_by("labels"))


def test_told_apart_is_an_interval_without_0(compared):
    _, analysis = compared(*((f"M{n}", 1 + n / 3, 3) for n in range(6)))
    pairs = [pair for own in analysis.pairs.values() for pair in own]
    assert {pair.told_apart for pair in pairs} == {True, False}
    for pair in pairs:
        assert pair.told_apart == (pair.claim.low > 0)


def test_one_seed_claims_nothing_about_trainings(compared):
    _, analysis = compared(("GRU", 4.0, 1), ("MLP", 0.2, 3), ("HCAM", 0.2, 3))
    pair = pair_of(analysis, "GRU", "MLP")
    assert pair.claim is None
    assert not pair.told_apart
    assert pair.p_networks < 0.05
    assert analysis.best["accuracy"] is None
    alone = [("MLP", 0.2, 3), ("HCAM", 0.2, 3)]
    assert (
        pair_of(analysis, "MLP", "HCAM").claim == pair_of(compared(*alone)[1], "MLP", "HCAM").claim
    )


def test_the_same_answers_differ_by_nothing(compared, tmp_path):
    for seed in (0, 1):
        write_run(tmp_path, "GRU", seed, sizes=SIZES, name=f"a{seed}", code="c")
        write_run(tmp_path, "GRU", seed, sizes=SIZES, name=f"b{seed}", code="d")
    (comparison,) = read_comparisons(tmp_path)
    (pair,) = analyse(comparison, 200).pairs["macro_f1"]
    assert (pair.difference, pair.p_networks, pair.claim.p) == (0, 1, 1)
    assert pair.claim.low == -pair.claim.high
    assert pair.claim.probability == pytest.approx(0.5)


def test_two_models_of_many_seeds_are_compared_as_welch_does(compared):
    """With as many dialogues as these seeds need, the trainings are all there is to chance."""
    comparison, analysis = compared(("GRU", 1.0, 4), ("MLP", 1.2, 4))
    scores = [[own["accuracy"] for own in group.scores] for group in comparison.groups]
    pair = pair_of(analysis, "GRU", "MLP")
    assert pair.claim.p >= stats.ttest_ind(*scores, equal_var=False).pvalue


def test_a_models_outputs_are_a_family_of_their_own(compared, tmp_path):
    _, alone = compared(("MLP", 0.2, 3), ("HCAM", 4.0, 3))
    for seed in range(3):
        write_run(tmp_path, "HCAM", seed, skill=4.0, sizes=SIZES, outputs=("text", "ensemble"))
    _, analysis = compared(("MLP", 0.2, 3))
    assert analysis.pairs == alone.pairs
    assert analysis.best["accuracy"] == "HCAM"
    names = {frozenset((pair.first, pair.second)) for pair in analysis.outputs["accuracy"]}
    assert names == {frozenset(("HCAM", f"HCAM: {other}")) for other in ("text", "ensemble")}


def test_outputs_of_the_same_runs_are_compared_seed_by_seed(compared):
    """Or else the luck of a training would seem to tell the two apart."""
    comparison, _ = compared(("GRU", 1.0, 3))
    group = comparison.groups[0]
    twin = replace(group, name="GRU: copy", output="copy")
    analysis = analyse(replace(comparison, groups=(group, twin)), 500)
    (pair,) = analysis.outputs["accuracy"]
    assert (pair.difference, pair.claim.low, pair.claim.high, pair.claim.p) == (0, 0, 0, 1)
    other = replace(group, name="other", folders=group.folders[::-1])
    (pair,) = analyse(replace(comparison, groups=(group, other)), 500).pairs["accuracy"]
    assert pair.claim.low < 0 < pair.claim.high


def test_the_detectable_difference_grows_with_the_family_and_shrinks_with_seeds(compared):
    found = []
    for models, seeds in ((2, 3), (5, 3), (5, 6)):
        comparison = make_comparison(SIZES, [(f"M{n}", 1.0) for n in range(models)], seeds)
        found.append(analyse(comparison, 100).detectable["accuracy"])
    assert found[0] < found[1] > found[2]


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
