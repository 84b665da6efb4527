import numpy as np
import pytest
from comparisons import make_test_set
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from ercbench.evaluation.compare.breakdown import (
    doubling_bins,
    lengths,
    places,
    reliability,
    weighted_f1_of,
)
from ercbench.metrics import METRICS, labelled


def test_places_and_lengths_count_within_a_dialogue():
    test = make_test_set([2, 3])
    assert places(test).tolist() == [1, 2, 1, 2, 3]
    assert lengths(test).tolist() == [2, 2, 3, 3, 3]


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
    assert weighted_f1_of(truth, predicted, 5) == pytest.approx(expected)


def test_weighted_f1_passes_over_what_has_no_label():
    truth, predicted = np.array([0, 1, -1]), np.array([0, 1, 0])
    assert weighted_f1_of(truth, predicted, 5) == 1
    assert np.isnan(weighted_f1_of(truth[2:], predicted[2:], 5))


def test_the_bins_of_reliability_give_the_metric_of_calibration():
    rng = np.random.default_rng(0)
    truth, probabilities = rng.integers(0, 3, 500), rng.dirichlet(np.ones(3), 500)
    found = reliability(truth, probabilities)
    gaps = np.abs(found.confidence - found.accuracy)
    expected = METRICS["ece"].of(labelled(truth, probabilities, truth))
    assert np.nansum(found.share * gaps) == pytest.approx(expected)
    assert reliability(truth, probabilities[None]).share.sum() == pytest.approx(1)
