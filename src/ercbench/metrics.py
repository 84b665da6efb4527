"""The metrics, each one entry: it serves a run's score, resampling, tables and validation alike.

A metric is computed from statistics that are added up over utterances. So the sum over a test
part gives a score, sums over dialogues give intervals and the permutation, and old runs have
a new metric from their predictions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

BINS = 15
# A label that was said to be impossible and is true costs -log of this.
LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Predictions:
    """What was predicted of N labelled utterances with C labels.

    Attributes:
        truth: [N] index of the true label.
        probabilities: [N, C].
        previous: [N] index of the speaker's last label in the dialogue, -1 where there is none.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    previous: np.ndarray

    @cached_property
    def predicted(self) -> np.ndarray:
        """[N] index of the likeliest label, the first of equals."""
        return self.probabilities.argmax(-1)

    @property
    def classes(self) -> int:
        """Number of labels, C."""
        return self.probabilities.shape[-1]


def labelled(truth: np.ndarray, probabilities: np.ndarray, previous: np.ndarray) -> Predictions:
    """Returns the predictions of those utterances whose label, an index, is not negative."""
    known = truth >= 0
    return Predictions(truth[known], probabilities[known], previous[known])


def previous_labels(
    conversations: np.ndarray, speakers: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Returns the label of the speaker's last labelled utterance in the dialogue, or -1: [N].

    Args:
        conversations: [N] whose utterances stand in their order.
        speakers: [N] unique in a conversation.
        truth: [N] indices of labels, negative where there is none.
    """
    last: dict[tuple[object, object], int] = {}
    found = np.full(len(truth), -1)
    columns = (conversations.tolist(), speakers.tolist(), truth.tolist())
    for row, (conversation, speaker, label) in enumerate(zip(*columns, strict=True)):
        found[row] = last.get((conversation, speaker), -1)
        if label >= 0:
            last[conversation, speaker] = label
    return found


Statistics = Callable[[Predictions], np.ndarray]
"""Predictions to [N, K], what each utterance adds to the sums."""
Score = Callable[[np.ndarray], np.ndarray]
"""Sums [..., K] to scores [...]; NaN where nothing was counted."""


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: In settings and records.
        title: In tables.
        statistics: What each utterance adds.
        score: What becomes of the sums.
        kind: How it is written: a share of 1 in per cent, or a plain number.
        higher_is_better: Its direction.
        selects: Whether it may choose the epoch on validation; the highest wins.
        compared: Whether models are compared by it in pairs, with intervals.
        needs_probabilities: Whether it looks at more than the likeliest label.
    """

    name: str
    title: str
    statistics: Statistics
    score: Score
    kind: Literal["percent", "number"] = "percent"
    higher_is_better: bool = True
    selects: bool = False
    compared: bool = False
    needs_probabilities: bool = False

    def of(self, predictions: Predictions) -> float:
        """Returns the score of predictions, NaN where it is not defined."""
        return float(self.score(self.statistics(predictions).sum(0, dtype=np.float64)))


def label_counts(predictions: Predictions) -> np.ndarray:
    """Returns whether each label was recognised, predicted and true: [N, 3 C]."""
    eye = np.eye(predictions.classes, dtype=np.float32)
    true, predicted = eye[predictions.truth], eye[predictions.predicted]
    return np.concatenate([true * predicted, predicted, true], axis=1)


def counts_on_shifts(predictions: Predictions) -> np.ndarray:
    """Returns label counts where a speaker's emotion differs from the last own one: [N, 3 C]."""
    shifts = (predictions.previous >= 0) & (predictions.previous != predictions.truth)
    return label_counts(predictions) * shifts[:, None]


def counts_on_stays(predictions: Predictions) -> np.ndarray:
    """Returns label counts where a speaker's emotion equals the last own one: [N, 3 C]."""
    stays = predictions.previous == predictions.truth
    return label_counts(predictions) * stays[:, None]


def accuracy(sums: np.ndarray) -> np.ndarray:
    """Returns accuracy of label counts."""
    hits, _, true = _parts(sums, 3)
    return _ratio(hits.sum(-1), true.sum(-1, dtype=np.float64))


def class_f1(sums: np.ndarray) -> np.ndarray:
    """Returns [..., C], F1 of every label of label counts, 0 where it has no utterance."""
    hits, predicted, true = _parts(sums, 3)
    return 2 * hits / np.maximum(true + predicted, 1)


def weighted_f1(sums: np.ndarray) -> np.ndarray:
    """Returns the mean F1 of label counts, weighted by how often each label is true."""
    true = _parts(sums, 3)[2]
    return _ratio((class_f1(sums) * true).sum(-1), true.sum(-1, dtype=np.float64))


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """Returns the mean F1 of label counts over labels that occur or are predicted."""
    _, predicted, true = _parts(sums, 3)
    return _ratio(class_f1(sums).sum(-1), np.count_nonzero(true + predicted, axis=-1))


def balanced_accuracy(sums: np.ndarray) -> np.ndarray:
    """Returns the mean recall of label counts over labels that occur (unweighted average)."""
    hits, _, true = _parts(sums, 3)
    recall = hits / np.maximum(true, 1)
    return _ratio(recall.sum(-1), np.count_nonzero(true, axis=-1))


def bin_counts(predictions: Predictions) -> np.ndarray:
    """Returns in the bin of its confidence 1, the confidence and whether it is right: [N, 3 B]."""
    confidence = predictions.probabilities.max(-1).astype(np.float64)
    edges = np.linspace(0, 1, BINS + 1)
    own = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, BINS - 1)
    inside = np.eye(BINS)[own]
    right = predictions.predicted == predictions.truth
    return np.concatenate([inside, inside * confidence[:, None], inside * right[:, None]], axis=1)


def calibration_error(sums: np.ndarray) -> np.ndarray:
    """Returns the expected calibration error (Naeini et al. 2015), bins of equal width."""
    counts, confidence, right = _parts(sums, 3)
    return _ratio(np.abs(confidence - right).sum(-1), counts.sum(-1))


def log_losses(predictions: Predictions) -> np.ndarray:
    """Returns the negative log of the true label's probability, and 1: [N, 2]."""
    rows = np.arange(len(predictions.truth))
    own = predictions.probabilities[rows, predictions.truth].astype(np.float64)
    return np.stack([-np.log(np.maximum(own, LEAST_PROBABILITY)), np.ones(len(own))], axis=1)


def mean_of_sums(sums: np.ndarray) -> np.ndarray:
    """Returns the first of two sums divided by the second."""
    return _ratio(sums[..., 0], sums[..., 1])


def _parts(sums: np.ndarray, parts: int) -> tuple[np.ndarray, ...]:
    return tuple(np.split(sums, parts, axis=-1))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.divide(above, below))


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
    ),
)
METRICS = {metric.name: metric for metric in _ENTRIES}
SELECTION_METRICS = tuple(metric.name for metric in _ENTRIES if metric.selects)
COMPARED = tuple(metric.name for metric in _ENTRIES if metric.compared)
