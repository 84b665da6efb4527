"""Intervals over trainings: against formulas, against simulated trainings, and what keeps them."""

from statistics import mean, stdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from ercbench.evaluation.published.trainings import interval_of_best, interval_of_mean

SCORES = (0.61, 0.64, 0.62, 0.66, 0.63)
HALF = float(t.ppf(0.975, 4)) * stdev(SCORES)


@pytest.mark.parametrize(("runs", "factor"), [(None, 0.2), (5, 0.4), (1, 1.2)])
def test_the_interval_of_a_mean_is_students(runs, factor):
    width = HALF * factor**0.5
    expected = (mean(SCORES) - width, mean(SCORES) + width)
    assert interval_of_mean(SCORES, runs) == pytest.approx(expected)


def test_the_best_of_one_run_is_one_run():
    assert interval_of_best(SCORES) == interval_of_mean(SCORES, 1)


@pytest.mark.parametrize(("trainings", "runs"), [(5, 1), (5, 5), (3, 5)])
def test_one_in_twenty_bests_lies_outside_its_interval(trainings, runs):
    rng = np.random.default_rng(0)
    ends = np.array(interval_of_best([-1.0, *[0.0] * (trainings - 2), 1.0], runs))
    ends *= (trainings - 1) ** 0.5 / 2**0.5  # in standard deviations from the mean
    ours = rng.normal(size=(20_000, trainings))
    best = rng.normal(size=(20_000, runs)).max(1)
    distance = (best - ours.mean(1)) / ours.std(1, ddof=1)
    assert (distance < ends[0]).mean() == pytest.approx(0.025, abs=0.005)
    assert (distance > ends[1]).mean() == pytest.approx(0.025, abs=0.005)


@settings(deadline=None, max_examples=20)
@given(
    scores=st.lists(st.integers(0, 100), min_size=2, max_size=6),
    shift=st.integers(-100, 100),
    scale=st.integers(1, 10),
    runs=st.integers(1, 5),
)
def test_an_interval_moves_with_the_scores(scores, shift, scale, runs):
    moved = [shift + scale * score for score in scores]
    for interval in (interval_of_best, interval_of_mean):
        ends = np.array(interval(scores, runs))
        expected = pytest.approx(shift + scale * ends, rel=1e-6, abs=1e-6)
        assert np.array(interval(moved, runs)) == expected


def test_more_runs_have_a_better_best():
    lows, highs = zip(*(interval_of_best(SCORES, runs) for runs in (1, 2, 5, 10)), strict=True)
    assert list(lows) == sorted(lows)
    assert list(highs) == sorted(highs)


def test_one_training_tells_nothing_of_others():
    assert interval_of_best([0.6], 5) is None
    assert interval_of_mean([0.6]) is None
