import numpy as np
import pytest
import torch
from comparisons import make_test_set
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from ercbench.evaluation.compare.breakdown import (
    doubling_bins,
    lengths,
    places,
    reliability,
    shifts_and_stays,
    weighted_f1,
)
from ercbench.models.base.metrics import shifts_and_stays as torch_shifts_and_stays


def test_places_and_lengths_count_within_a_dialogue():
    test = make_test_set([2, 3])
    assert places(test).tolist() == [1, 2, 1, 2, 3]
    assert lengths(test).tolist() == [2, 2, 3, 3, 3]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 99))
def test_shifts_are_those_of_the_recorded_scores(sizes, seed):
    test = make_test_set(sizes, seed=seed, unlabelled=0.2)
    ours = shifts_and_stays(test)
    first = 0
    for size in sizes:
        own = slice(first, first + size)
        _, speakers = np.unique(test.speakers[own], return_inverse=True)
        labels = torch.tensor(np.where(test.truth[own] < 0, -100, test.truth[own]))[None]
        theirs = torch_shifts_and_stays(labels, torch.tensor(speakers)[None])
        for our, their in zip(ours, theirs, strict=True):
            assert our[own].tolist() == their[0].tolist()
        first += size


@given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1), st.integers(1, 9))
def test_every_counted_value_is_in_one_bin_whose_name_says_so(pairs, fewest):
    values, counted = np.array([value for value, _ in pairs]), np.array([own for _, own in pairs])
    bins = doubling_bins(values, counted, fewest)
    assert np.sum([np.zeros(len(values)), *bins.values()], axis=0).tolist() == counted.tolist()
    assert len(bins) <= 1 or min(mask.sum() for mask in bins.values()) >= fewest
    for name, mask in bins.items():
        first, *last = map(int, name.split("-"))
        assert all(first <= value <= (last or [first])[0] for value in values[mask])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_weighted_f1_is_scikit_learns(pairs):
    truth, predicted = np.array(pairs).T
    expected = f1_score(truth, predicted, average="weighted", zero_division=0)
    assert weighted_f1(truth, predicted) == pytest.approx(expected)


def test_weighted_f1_passes_over_what_has_no_label():
    truth, predicted = np.array([0, 1, -1]), np.array([0, 1, 0])
    assert weighted_f1(truth, predicted) == 1
    assert np.isnan(weighted_f1(truth[2:], predicted[2:]))


def test_a_calibrated_model_has_little_calibration_error_and_a_boastful_one_much():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 20_000)
    truth = (rng.random(20_000) > sure).astype(np.int64)
    honest = np.stack([sure, 1 - sure], 1)
    assert reliability(truth, honest).error < 0.02
    boastful = np.tile([1.0, 0.0], (20_000, 1))
    assert reliability(truth, boastful).error == pytest.approx(truth.mean())
    assert reliability(truth, honest[None]).share.sum() == pytest.approx(1)
