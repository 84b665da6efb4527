"""Accuracy and F1 from counts per dialogue, which can be added, weighted and swapped."""

from dataclasses import dataclass

import numpy as np

from ercbench.evaluation.compare.groups import TestSet

SCORES = ("accuracy", "weighted_f1", "macro_f1")


@dataclass(frozen=True)
class Counts:
    """All that accuracy and F1 need to know of S runs on D dialogues.

    Attributes:
        hits: [D, S, C] utterances of each class that were recognised.
        predicted: [D, S, C] utterances of which each class was said.
        support: [D, C] utterances of each class.
    """

    hits: np.ndarray
    predicted: np.ndarray
    support: np.ndarray

    @property
    def dialogues(self) -> int:
        """D."""
        return len(self.support)

    def scores(self) -> dict[str, np.ndarray]:
        """Returns score to [S], over the whole test set."""
        return scores(self.hits.sum(0), self.predicted.sum(0), self.support.sum(0))

    def weighted(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Returns score to [B, S], where dialogue d counts `weights[b, d]` times."""
        support = (weights @ self.support)[:, None]
        return scores(total(weights, self.hits), total(weights, self.predicted), support)


def count(test: TestSet, predictions: np.ndarray) -> Counts:
    """Counts predictions [S, N] per dialogue; utterances without a label do not count."""
    known = test.truth >= 0
    names, dialogue = np.unique(test.conversations[known], return_inverse=True)
    truth, said = test.truth[known], predictions[:, known]
    shape = (len(names), len(said), len(test.labels))
    hits, predicted = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for run, answers in enumerate(said):
        np.add.at(hits[:, run], (dialogue, truth), answers == truth)
        np.add.at(predicted[:, run], (dialogue, answers), 1)
    support = np.zeros(shape[::2], np.float32)
    np.add.at(support, (dialogue, truth), 1)
    return Counts(hits, predicted, support)


def total(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Adds up [D, …] counts with [B, D] weights, to [B, …]."""
    flat = weights @ counts.reshape(len(counts), -1)
    return flat.reshape(len(weights), *counts.shape[1:])


def scores(hits: np.ndarray, predicted: np.ndarray, support: np.ndarray) -> dict[str, np.ndarray]:
    """Returns accuracy, weighted and macro F1 of counts whose last axis is the class.

    A class that neither occurs nor is predicted does not count in macro F1, as in scikit-learn.
    """
    either = support + predicted
    f1 = 2 * hits / np.maximum(either, 1)
    size = support.sum(-1, dtype=np.float64)
    return {
        "accuracy": hits.sum(-1) / size,
        "weighted_f1": np.einsum("...c,...c->...", f1, np.broadcast_to(support, f1.shape)) / size,
        "macro_f1": f1.sum(-1) / np.count_nonzero(either, axis=-1),
    }
