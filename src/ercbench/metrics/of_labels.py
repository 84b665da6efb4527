"""Statistics of labels that are added up over utterances, and scores of their sums."""

import numpy as np

from ercbench.metrics.predictions import Predictions
from ercbench.metrics.sums import parts, ratio

BINS = 15
# A label that was said to be impossible and is true costs -log of this.
LEAST_PROBABILITY = 1e-12


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
    hits, _, true = parts(sums, 3)
    return ratio(hits.sum(-1), true.sum(-1, dtype=np.float64))


def class_f1(sums: np.ndarray) -> np.ndarray:
    """Returns [..., C], F1 of every label of label counts, 0 where it has no utterance."""
    hits, predicted, true = parts(sums, 3)
    return 2 * hits / np.maximum(true + predicted, 1)


def weighted_f1(sums: np.ndarray) -> np.ndarray:
    """Returns the mean F1 of label counts, weighted by how often each label is true."""
    true = parts(sums, 3)[2]
    return ratio((class_f1(sums) * true).sum(-1), true.sum(-1, dtype=np.float64))


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """Returns the mean F1 of label counts over labels that occur or are predicted."""
    _, predicted, true = parts(sums, 3)
    return ratio(class_f1(sums).sum(-1), np.count_nonzero(true + predicted, axis=-1))


def balanced_accuracy(sums: np.ndarray) -> np.ndarray:
    """Returns the mean recall of label counts over labels that occur (unweighted average)."""
    hits, _, true = parts(sums, 3)
    recall = hits / np.maximum(true, 1)
    return ratio(recall.sum(-1), np.count_nonzero(true, axis=-1))


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
    counts, confidence, right = parts(sums, 3)
    return ratio(np.abs(confidence - right).sum(-1), counts.sum(-1))


def log_losses(predictions: Predictions) -> np.ndarray:
    """Returns the negative log of the true label's probability, and 1: [N, 2]."""
    rows = np.arange(len(predictions.truth))
    own = predictions.probabilities[rows, predictions.truth].astype(np.float64)
    return np.stack([-np.log(np.maximum(own, LEAST_PROBABILITY)), np.ones(len(own))], axis=1)
