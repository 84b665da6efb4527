"""Metrics of scores are those that MulT and MMSA compute, and sums give what the whole gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ercbench.metrics import METRICS, labelled, likeliest, metrics_of, score_class

SCORES = st.floats(-3, 3).map(lambda score: round(score, 1))


def said(pairs):
    true, predicted = (np.array(own, np.float64) for own in zip(*pairs, strict=True))
    unknown = np.full(len(true), -1)
    return labelled(score_class(true), predicted[:, None], unknown, true)


def mmsa(true, predicted):
    """The field's own formulas, written out: numpy's and scikit-learn's."""
    seven = [np.round(np.clip(own, -3, 3)) for own in (true, predicted)]
    has0 = true >= 0, predicted >= 0
    non0 = true[true != 0] > 0, predicted[true != 0] > 0
    found = {"mae": np.mean(np.abs(true - predicted)), "acc7": np.mean(seven[0] == seven[1])}
    for name, (own, answer) in {"has0": has0, "non0": non0}.items():
        counted = len(own) > 0
        found[f"acc2_{name}"] = sk.accuracy_score(own, answer) if counted else np.nan
        found[f"f1_{name}"] = (
            sk.f1_score(own, answer, average="weighted", zero_division=0) if counted else np.nan
        )
    return found


@given(st.lists(st.tuples(SCORES, st.floats(-4, 4)), min_size=1, max_size=40))
@settings(deadline=None)
def test_scores_are_those_of_the_field(pairs):
    found, (true, predicted) = said(pairs), map(np.array, zip(*pairs, strict=True))
    for name, expected in mmsa(true, predicted).items():
        assert METRICS[name].of(found) == pytest.approx(expected, abs=1e-9, nan_ok=True), name


@given(st.lists(st.tuples(SCORES, st.floats(-3, 3)), min_size=3, max_size=40))
def test_correlation_is_numpys_and_0_where_nothing_varies(pairs):
    true, predicted = map(np.array, zip(*pairs, strict=True))
    varies = min(np.ptp(true), np.ptp(predicted)) > 0.05
    if varies:
        expected = np.corrcoef(true, predicted)[0, 1]
        assert METRICS["corr"].of(said(pairs)) == pytest.approx(expected, abs=1e-6)
    constant = [(own, 0.3) for own in true.tolist()]
    assert METRICS["corr"].of(said(constant)) == 0


@given(st.lists(st.tuples(SCORES, st.floats(-3, 3)), min_size=2, max_size=30), st.integers(0, 9))
def test_sums_over_dialogues_give_what_the_whole_gives(pairs, seed):
    found = said(pairs)
    half = np.random.default_rng(seed).integers(0, 2, len(pairs)).astype(bool)
    for metric in metrics_of("score"):
        sums = [metric.statistics(found)[own].sum(0, dtype=np.float64) for own in (half, ~half)]
        together = float(metric.score(np.sum(sums, axis=0)))
        assert together == pytest.approx(metric.of(found), abs=1e-9, nan_ok=True)


def test_what_has_no_score_does_not_count_and_nothing_has_no_metric():
    truth, answers = np.array([5, -1]), np.array([[2.0], [9.0]])
    found = labelled(truth, answers, truth, np.array([1.8, np.nan]))
    assert METRICS["mae"].of(found) == pytest.approx(0.2)
    nothing = labelled(truth[1:], answers[1:], truth[1:], np.array([np.nan]))
    assert all(np.isnan(metric.of(nothing)) for metric in metrics_of("score"))


def test_a_rounded_score_is_the_class_in_tables_and_pages():
    answers = np.array([[-3.7], [0.4], [2.5], [2.6]])
    assert likeliest(answers, "score").tolist() == [0, 3, 5, 6]


def test_the_lowest_error_and_the_highest_of_all_else_is_best():
    signs = {own.name: own.sign for own in metrics_of("score")}
    assert signs.pop("mae") == -1
    assert set(signs.values()) == {1}
