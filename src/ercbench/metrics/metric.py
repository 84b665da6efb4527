"""What a metric is: a statistic per utterance, and a score of its sums."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ercbench.metrics.predictions import Predictions, Target

Written = Literal["percent", "number", "decimal"]
"""How a number is shown: a share of 1 in per cent; with two decimals; with three."""


def number(value: float, kind: Written) -> str:
    """Returns a number as tables show it."""
    if kind == "percent":
        return f"{100 * value:.1f}"
    return f"{value:.2f}" if kind == "number" else f"{value:.3f}"


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
        kind: How it is written.
        higher_is_better: Its direction.
        selects: Whether it may choose the epoch on validation; the best wins.
        compared: Whether models are compared by it in pairs, with intervals.
        needs_probabilities: Whether it looks at more than the likeliest label.
        target: Of what it is a metric.
        bounds: The least and the most that it can be.
    """

    name: str
    title: str
    statistics: Statistics
    score: Score
    kind: Written = "percent"
    higher_is_better: bool = True
    selects: bool = False
    compared: bool = False
    needs_probabilities: bool = False
    target: Target = "labels"
    bounds: tuple[float, float] = (0.0, 1.0)

    @property
    def sign(self) -> int:
        """1 where the highest is best, -1 where the lowest is."""
        return 1 if self.higher_is_better else -1

    @property
    def scale(self) -> float:
        """What it is multiplied with in figures."""
        return 100.0 if self.kind == "percent" else 1.0

    @property
    def axis(self) -> str:
        """What an axis of it is called."""
        return f"{self.title}, %" if self.kind == "percent" else self.title

    def written(self, score: float) -> str:
        """Returns a score as tables show it: shares in per cent."""
        return number(score, self.kind)

    def of(self, predictions: Predictions) -> float:
        """Returns the score of predictions, NaN where it is not defined."""
        return float(self.score(self.statistics(predictions).sum(0, dtype=np.float64)))
