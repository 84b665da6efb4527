"""The benchmark's calibration, in miniature."""

import numpy as np
import pytest

from calibration import compared, compared_as_before, draw


@pytest.fixture(scope="module")
def families():
    """Five equal models with five seeds each, whose trainings differ by 2.4 points."""
    rng = np.random.default_rng(0)
    drawn = [draw(60, 2.4, rng, models=5, utterances=500) for _ in range(60)]
    return [part for own in drawn for part in own.parts(5, 5)]


def test_of_five_equal_models_hardly_any_two_are_told_apart(families):
    gaps, limits = compared(families)
    assert (np.abs(gaps) > limits).any(1).mean() <= 0.06 + 0.04


def test_the_permutation_with_holm_would_tell_them_apart_far_too_often(families):
    rng = np.random.default_rng(0)
    false = [compared_as_before(own, rng)[0].any() for own in families[:60]]
    assert np.mean(false) > 0.1


def test_one_better_model_is_found(families):
    gaps, limits = compared(families)
    assert (np.abs(gaps[:, :4] + 0.2) > limits[:, :4]).mean() > 0.9
