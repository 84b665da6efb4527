from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ercbench.evaluation.tuning.search import best_so_far, expected_best

shares = st.floats(0, 1, allow_subnormal=False)
scores = st.lists(shares, min_size=1, max_size=60)


@pytest.mark.parametrize("found", [[0.3], [0.1, 0.9], [0.5, 0.2, 0.5], [0.7, 0.1, 0.4, 0.4]])
def test_every_draw_of_n_trials_gives_the_same_mean_and_deviation(found):
    best = expected_best(found)
    for n in range(1, len(found) + 1):
        every = [max(draw) for draw in product(found, repeat=n)]
        assert best.mean[n - 1] == pytest.approx(np.mean(every))
        assert best.deviation[n - 1] == pytest.approx(np.std(every), abs=1e-12)


def test_a_simulation_agrees():
    rng = np.random.default_rng(0)
    found = rng.normal(0.6, 0.1, 40)
    best = expected_best(found)
    for n in (1, 7, 40):
        drawn = rng.choice(found, (20_000, n)).max(1)
        assert best.mean[n - 1] == pytest.approx(drawn.mean(), abs=0.003)
        assert best.deviation[n - 1] == pytest.approx(drawn.std(), abs=0.003)


@given(scores)
def test_more_trials_are_never_expected_to_be_worse(found):
    best = expected_best(found)
    assert len(best.mean) == len(found)
    assert best.mean[0] == pytest.approx(np.mean(found))
    assert (np.diff(best.mean) >= -1e-12).all()
    assert (best.mean <= max(found) + 1e-12).all()


@given(scores, st.randoms())
def test_the_order_of_trials_does_not_matter(found, random):
    shuffled = random.sample(found, len(found))
    np.testing.assert_array_equal(expected_best(found).mean, expected_best(shuffled).mean)


@given(scores, st.floats(0.1, 10), st.floats(-1, 1))
def test_another_scale_scales_mean_and_deviation(found, factor, offset):
    best, scaled = expected_best(found), expected_best(factor * np.array(found) + offset)
    np.testing.assert_allclose(scaled.mean, factor * best.mean + offset, atol=1e-9)
    np.testing.assert_allclose(scaled.deviation, factor * best.deviation, atol=1e-7)


@given(shares, st.integers(1, 60))
def test_of_equal_scores_every_number_of_trials_has_the_same_best(score, count):
    best = expected_best([score] * count)
    np.testing.assert_allclose(best.mean, score)
    np.testing.assert_allclose(best.deviation, 0, atol=1e-12)


def test_one_trial_is_its_own_best_and_none_has_no_best():
    best = expected_best([0.4])
    assert (best.mean, best.deviation) == ([0.4], [0])
    with pytest.raises(ValueError, match="at least one trial"):
        expected_best([])


def test_a_thousand_trials_are_exact():
    best = expected_best(np.arange(1000) / 1000)
    assert best.mean[0] == pytest.approx(0.4995)
    # of the numbers 0 … N-1 the highest of N draws is expected near N - 1 - 1/(e - 1)
    assert best.mean[-1] == pytest.approx((999 - 1 / (np.e - 1)) / 1000, abs=1e-5)


def test_the_best_so_far_waits_for_a_first_score():
    found = best_so_far([None, 0.2, 0.1, None, 0.5])
    np.testing.assert_array_equal(found, [np.nan, 0.2, 0.2, 0.2, 0.5])
    assert len(best_so_far([])) == 0
