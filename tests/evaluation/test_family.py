"""Claims of a family, against plain loops and what scipy says where the cases meet."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ercbench.evaluation.statistics.family import (
    ALPHA,
    Sampling,
    adjusted_p,
    critical,
    errors,
)


def sampled(models=4, seeds=3, dialogues=30, seed=0, noise=1.0):
    """Scores [M, S] and influences [D, M] of made-up models."""
    rng = np.random.default_rng(seed)
    influences = rng.normal(size=(dialogues, models)) + rng.normal(size=(dialogues, 1))
    return noise * rng.normal(size=(models, seeds)), influences


def sampling_of(scores, influences):
    covariance = np.cov(influences, rowvar=False) / len(influences)
    seeds = np.full(len(scores), scores.shape[1])
    return Sampling(covariance, scores.var(1, ddof=1), seeds, len(influences))


def test_every_pair_is_what_a_plain_loop_says():
    scores, influences = sampled()
    error, freedom = errors(sampling_of(scores, influences))
    for number, (one, two) in enumerate(combinations(range(4), 2)):
        gaps = influences[:, one] - influences[:, two]
        parts = [(gaps.var(ddof=1) / 30, 29)]
        for model in range(4):
            share = ((model in (one, two)) / 3 + 2 / 3 / 4) / 2
            parts.append((share * scores[model].var(ddof=1), 2))
        variance = sum(part for part, _ in parts)
        assert error[number] == pytest.approx(variance**0.5)
        expected = variance**2 / sum(part**2 / own for part, own in parts)
        assert freedom[number] == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [2, 3, 30])
def test_two_models_without_noise_of_dialogues_are_welchs(seeds):
    scores, influences = sampled(2, seeds)
    error, freedom = errors(sampling_of(scores, 0 * influences))
    ratio = (scores[0].mean() - scores[1].mean()) / error
    expected = stats.ttest_ind(*scores, equal_var=False)
    assert freedom == pytest.approx([expected.df])
    assert adjusted_p(ratio, 2, freedom) == pytest.approx([expected.pvalue])


def test_two_models_without_noise_of_trainings_are_students_of_dialogues():
    scores, influences = sampled(2, noise=0)
    error, freedom = errors(sampling_of(scores, influences))
    gaps = influences[:, 0] - influences[:, 1]
    expected = stats.ttest_1samp(gaps, 0)
    assert freedom == pytest.approx([29])
    p = adjusted_p(np.array([gaps.mean()]) / error, 2, freedom)
    assert p == pytest.approx([expected.pvalue])


def test_a_family_of_steady_models_is_tukeys():
    """Equal variances, no dialogues: the error is Tukey's, and with many seeds so is p."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(3, 400))
    scores = scores / scores.std(1, ddof=1, keepdims=True)
    error, freedom = errors(sampling_of(scores, np.zeros((30, 3))))
    means = scores.mean(1)
    ratios = np.array([means[one] - means[two] for one, two in combinations(range(3), 2)]) / error
    expected = stats.tukey_hsd(*scores).pvalue[np.triu_indices(3, 1)]
    assert adjusted_p(ratios, 3, freedom) == pytest.approx(expected, abs=2e-3)


@given(st.integers(2, 12), st.floats(1, 1e6), st.floats(0, 30))
def test_p_is_below_5_per_cent_beyond_the_quantile_alone(models, freedom, ratio):
    quantile = float(critical(models, np.array([freedom]))[0])
    p = float(adjusted_p(np.array([ratio]), models, np.array([freedom]))[0])
    if abs(ratio / quantile - 1) > 2e-3:
        assert (p < ALPHA) == (ratio > quantile)


def test_p_falls_with_the_difference_and_grows_with_the_family():
    ratios, freedom = np.linspace(0, 9, 12), np.full(12, 7.0)
    p = [adjusted_p(ratios, models, freedom) for models in (2, 3, 6)]
    assert all((np.diff(own) < 0).all() for own in p)
    assert (np.diff(p, axis=0) >= 0).all()
    assert p[1][0] == pytest.approx(1)


def test_the_order_of_models_does_not_matter():
    scores, influences = sampled()
    order = np.array([2, 0, 3, 1])
    shuffled = errors(sampling_of(scores[order], influences[:, order]))
    expected = errors(sampling_of(scores, influences))
    assert np.sort(shuffled, axis=1) == pytest.approx(np.sort(expected, axis=1))


def test_an_erratic_model_is_not_hidden_by_steady_ones():
    scores, influences = sampled()
    scores[0] *= 20
    error, _ = errors(sampling_of(scores, influences))
    assert error[:3].min() > 1.5 * error[3:].max()


def test_models_without_any_noise_have_no_error_and_finite_freedom():
    error, freedom = errors(sampling_of(np.ones((3, 2)), np.zeros((5, 3))))
    assert (error == 0).all()
    assert np.isfinite(critical(3, freedom)).all()
