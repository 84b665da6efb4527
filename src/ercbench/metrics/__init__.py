"""The metrics, each one entry: it serves a run's score, resampling, tables and validation alike.

A metric is computed from statistics that are added up over utterances. So the sum over a test
part gives a score, sums over dialogues give intervals and the permutation, and old runs have
a new metric from their predictions.
"""

from functools import partial

import numpy as np

from ercbench.metrics.metric import Metric, Score, Statistics, Written, number
from ercbench.metrics.of_labels import (
    BINS,
    accuracy,
    balanced_accuracy,
    bin_counts,
    calibration_error,
    class_f1,
    counts_on_shifts,
    counts_on_stays,
    label_counts,
    log_losses,
    macro_f1,
    weighted_f1,
)
from ercbench.metrics.of_scores import (
    class_counts,
    correlation,
    counts_of_signs,
    counts_without_zero,
    score_errors,
    score_moments,
)
from ercbench.metrics.predictions import (
    SCALE,
    SCORE_CLASSES,
    Predictions,
    Target,
    labelled,
    likeliest,
    previous_labels,
    score_class,
)
from ercbench.metrics.sums import mean_of_sums

__all__ = [
    "BINS",
    "MAIN",
    "METRICS",
    "SCALE",
    "SCORE_CLASSES",
    "SELECTION_METRICS",
    "Metric",
    "Predictions",
    "Score",
    "Statistics",
    "Target",
    "Written",
    "accuracy",
    "balanced_accuracy",
    "bin_counts",
    "calibration_error",
    "class_counts",
    "class_f1",
    "compared",
    "correlation",
    "counts_of_signs",
    "counts_on_shifts",
    "counts_on_stays",
    "counts_without_zero",
    "label_counts",
    "labelled",
    "likeliest",
    "log_losses",
    "macro_f1",
    "mean_of_sums",
    "metrics_of",
    "number",
    "previous_labels",
    "score_class",
    "score_errors",
    "score_moments",
    "weighted_f1",
]


_of_score = partial(Metric, selects=True, compared=True, target="score")
# Of scores: Acc-7, and both Acc-2, as MMSA and MulT (Tsai et al. 2019) have them.
_ENTRIES = (
    Metric("accuracy", "accuracy", label_counts, accuracy, selects=True, compared=True),
    Metric("weighted_f1", "weighted F1", label_counts, weighted_f1, selects=True, compared=True),
    Metric("macro_f1", "macro F1", label_counts, macro_f1, selects=True, compared=True),
    Metric("balanced_accuracy", "UAR", label_counts, balanced_accuracy, selects=True),
    Metric("shift_f1", "shift F1", counts_on_shifts, weighted_f1),
    Metric("stay_f1", "stay F1", counts_on_stays, weighted_f1),
    Metric(
        "ece",
        "ECE",
        bin_counts,
        calibration_error,
        higher_is_better=False,
        needs_probabilities=True,
    ),
    Metric(
        "nll",
        "NLL",
        log_losses,
        mean_of_sums,
        kind="number",
        higher_is_better=False,
        needs_probabilities=True,
        bounds=(0.0, np.inf),
    ),
    _of_score(
        "mae",
        "MAE",
        score_errors,
        mean_of_sums,
        kind="decimal",
        higher_is_better=False,
        bounds=(0.0, np.inf),
    ),
    _of_score("corr", "corr", score_moments, correlation, kind="decimal", bounds=(-1.0, 1.0)),
    _of_score("acc7", "Acc-7", class_counts, accuracy),
    _of_score("acc2_has0", "Acc-2 has0", counts_of_signs, accuracy),
    _of_score("f1_has0", "F1 has0", counts_of_signs, weighted_f1),
    _of_score("acc2_non0", "Acc-2 non0", counts_without_zero, accuracy),
    _of_score("f1_non0", "F1 non0", counts_without_zero, weighted_f1),
)
METRICS = {metric.name: metric for metric in _ENTRIES}
SELECTION_METRICS = tuple(metric.name for metric in _ENTRIES if metric.selects)
# By which models are ranked, and the epoch is chosen unless a setting says otherwise.
MAIN: dict[Target, str] = {"labels": "weighted_f1", "score": "mae"}


def metrics_of(target: Target) -> tuple[Metric, ...]:
    """Returns the metrics of labels or of scores."""
    return tuple(metric for metric in _ENTRIES if metric.target == target)


def compared(target: Target) -> tuple[str, ...]:
    """Returns the names of those by which models are compared."""
    return tuple(metric.name for metric in metrics_of(target) if metric.compared)
