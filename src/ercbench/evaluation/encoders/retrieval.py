"""How well vectors tell labels apart: a linear probe, the nearest neighbour, a ranking."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Labelled = tuple[np.ndarray, np.ndarray]
"""Vectors [N, D] and their labels [N]."""


def probe(train: Labelled, test: Labelled) -> dict[str, float]:
    """Returns accuracy, weighted and macro F1 of logistic regression on standardised vectors."""
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    return scores(test[1], regression.fit(*train).predict(test[0]))


def scores(labels: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Returns accuracy, weighted and macro F1."""
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "weighted_f1": float(f1_score(labels, predicted, average="weighted")),
        "macro_f1": float(f1_score(labels, predicted, average="macro")),
    }


def neighbour(vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Returns the same of the label of each vector's nearest other one, by cosine."""
    unit = _unit(vectors)
    nearest = [np.delete(labels, row)[_cosines(unit, row).argmax()] for row in range(len(labels))]
    return scores(labels, np.array(nearest))


def retrieval(vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Returns how near each vector those of its label are, by cosine, within one set.

    Returns:
        `nearest`: how often the nearest other vector has the same label; `average_precision`: the
        mean, over vectors with one of their label, of the precision of the ranking of all others.
        Either is absent where there is nothing to take the mean of.
    """
    if len(labels) < 2:
        return {}
    unit = _unit(vectors)
    nearest, precisions = [], []
    for row in range(len(labels)):
        cosines = _cosines(unit, row)
        same = np.delete(labels, row) == labels[row]
        nearest.append(same[cosines.argmax()])
        if same.any():
            precisions.append(average_precision_score(same, cosines))
    found = {"nearest": nearest, "average_precision": precisions}
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _cosines(unit: np.ndarray, row: int) -> np.ndarray:
    """Returns those of a row with all others; all at once would not fit in memory."""
    return np.delete(unit @ unit[row], row)
