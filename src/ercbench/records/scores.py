"""The scores of one part of a split, as a record has them and as predictions give them."""

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from ercbench.metrics import Predictions, class_f1, label_counts, metrics_of


@dataclass(frozen=True)
class Scores:
    """Scores on one part of a split.

    Attributes:
        values: Metric to score, None where it is not defined.
        class_f1: [C] F1 of every label.
        confusion: [C, C] numbers of utterances, true by predicted.
    """

    values: dict[str, float | None]
    class_f1: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]

    def __getitem__(self, metric: str) -> float:
        """Returns the score of a metric, NaN where it is not defined.

        Raises:
            KeyError: It was not recorded.
        """
        score = self.values[metric]
        return nan if score is None else score

    def differences(self, other: "Scores", tolerance: float) -> list[str]:
        """Returns the metrics that both have and that are further apart than `tolerance`."""
        found = [
            name
            for name, score in self.values.items()
            if name in other.values and not _alike(score, other.values[name], tolerance)
        ]
        return found + (["confusion"] if self.confusion != other.confusion else [])


def score(predictions: Predictions, labels_only: bool = False) -> Scores | None:
    """Returns every metric of the predictions; None if there is not one labelled utterance.

    Args:
        predictions: Of any part of a split.
        labels_only: Whether nothing but labels was predicted, so that their probabilities, 1
            and 0, mean nothing: metrics that look at them are not defined.
    """
    if not len(predictions.truth):
        return None
    values = {
        own.name: nan if labels_only and own.needs_probabilities else own.of(predictions)
        for own in metrics_of(predictions.target)
    }
    confusion = np.zeros((predictions.classes, predictions.classes), dtype=np.int64)
    np.add.at(confusion, (predictions.truth, predictions.predicted), 1)
    return Scores(
        values={name: value if isfinite(value) else None for name, value in values.items()},
        class_f1=tuple(class_f1(label_counts(predictions).sum(0, dtype=np.float64)).tolist()),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def _alike(one: float | None, two: float | None, tolerance: float) -> bool:
    return one == two if one is None or two is None else abs(one - two) <= tolerance
