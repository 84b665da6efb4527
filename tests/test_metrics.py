"""Every metric agrees with a reference, and sums give what the whole gives."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from torchmetrics.functional.classification import (
    multiclass_calibration_error,
    multiclass_f1_score,
)

from ercbench.metrics import (
    BINS,
    METRICS,
    Metric,
    Predictions,
    class_f1,
    compared,
    label_counts,
    labelled,
    mean_of_sums,
    metrics_of,
    previous_labels,
)


def f1(predictions, average, chosen=slice(None)):
    true, predicted = predictions.truth[chosen], predictions.predicted[chosen]
    if not len(true):
        return np.nan
    return sk.f1_score(true, predicted, average=average, zero_division=0)


def shifts(predictions):
    return (predictions.previous >= 0) & (predictions.previous != predictions.truth)


def stays(predictions):
    return (predictions.previous >= 0) & (predictions.previous == predictions.truth)


def log_loss(predictions):
    classes = range(predictions.classes)
    return sk.log_loss(predictions.truth, predictions.probabilities, labels=classes)


def calibration_error(predictions):
    columns = torch.from_numpy(predictions.probabilities), torch.from_numpy(predictions.truth)
    return multiclass_calibration_error(*columns, predictions.classes, n_bins=BINS).item()


REFERENCES = {
    "accuracy": lambda p: sk.accuracy_score(p.truth, p.predicted),
    "weighted_f1": lambda p: f1(p, "weighted"),
    "macro_f1": lambda p: f1(p, "macro"),
    "balanced_accuracy": lambda p: sk.recall_score(
        p.truth, p.predicted, average="macro", labels=np.unique(p.truth), zero_division=0
    ),
    "shift_f1": lambda p: f1(p, "weighted", shifts(p)),
    "stay_f1": lambda p: f1(p, "weighted", stays(p)),
    "ece": calibration_error,
    "nll": log_loss,
}


@st.composite
def predictions(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    size, classes = draw(st.integers(1, 40)), draw(st.integers(2, 5))
    occurring = rng.choice(classes, rng.integers(1, classes + 1), replace=False)
    probabilities = rng.dirichlet(np.full(classes, rng.choice([0.3, 1, 5])), size)
    previous = rng.integers(-1, classes, size)
    probabilities = 0.98 * probabilities + 0.02 / classes  # torchmetrics bins 1 apart
    return Predictions(rng.choice(occurring, size), probabilities, previous)


def test_every_metric_has_a_reference_here():
    assert set(REFERENCES) == {own.name for own in metrics_of("labels")}
    assert all(name == metric.name for name, metric in METRICS.items())


@pytest.mark.parametrize("name", REFERENCES)
@given(found=predictions())
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_a_metric_is_that_of_its_reference(name, found):
    assert METRICS[name].of(found) == pytest.approx(REFERENCES[name](found), abs=1e-6, nan_ok=True)


@given(found=predictions())
@settings(max_examples=30, deadline=None)
def test_f1_per_class_is_that_of_torchmetrics(found):
    columns = torch.from_numpy(found.predicted), torch.from_numpy(found.truth)
    expected = multiclass_f1_score(*columns, found.classes, average="none")
    own = class_f1(label_counts(found).sum(0))
    np.testing.assert_allclose(own, expected, atol=1e-6)


@given(found=predictions(), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_sums_over_parts_give_what_the_whole_gives(found, seed):
    part = np.random.default_rng(seed).integers(0, 4, len(found.truth))
    for metric in metrics_of("labels"):
        sums = [
            metric.statistics(
                Predictions(found.truth[own], found.probabilities[own], found.previous[own])
            ).sum(0, dtype=np.float64)
            for own in (part == number for number in range(4))
        ]
        whole = metric.score(np.sum(sums, axis=0))
        assert float(whole) == pytest.approx(metric.of(found), abs=1e-9, nan_ok=True)


def test_nothing_labelled_has_no_score():
    nothing = labelled(np.array([-1, -1]), np.full((2, 3), 1 / 3), np.array([-1, -1]))
    assert all(np.isnan(metric.of(nothing)) for metric in metrics_of("labels"))


def test_what_may_choose_and_what_is_compared_is_the_better_the_higher():
    choosing = [own.name for own in metrics_of("labels") if own.selects]
    assert choosing == ["accuracy", "weighted_f1", "macro_f1", "balanced_accuracy"]
    assert compared("labels") == ("accuracy", "weighted_f1", "macro_f1")
    assert all(own.higher_is_better for own in metrics_of("labels") if own.selects or own.compared)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(-1, 2)), min_size=1))
def test_previous_labels_by_walking_back(rows):
    conversations, speakers, truth = (np.array(column) for column in zip(*rows, strict=True))
    found = previous_labels(conversations, speakers, truth)
    for row in range(len(rows)):
        own = [
            truth[before]
            for before in range(row)
            if (conversations[before], speakers[before]) == (conversations[row], speakers[row])
            and truth[before] >= 0
        ]
        assert found[row] == (own[-1] if own else -1)


def test_a_new_metric_is_one_entry():
    def brier(found):
        true = np.eye(found.classes)[found.truth]
        squares = ((found.probabilities - true) ** 2).sum(1)
        return np.stack([squares, np.ones(len(squares))], axis=1)

    metric = Metric("brier", "Brier", brier, mean_of_sums, "number", higher_is_better=False)
    sure = Predictions(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([-1, -1]))
    assert metric.of(sure) == 1
