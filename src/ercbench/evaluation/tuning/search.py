"""How good the best of n trials is, from the scores of those there were."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ExpectedBest:
    """The best score of n trials, for n = 1 … N.

    Attributes:
        mean: [N] its expected value.
        deviation: [N] its standard deviation.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @property
    def by_trials(self) -> list[tuple[float, float]]:
        """Mean and deviation for one trial, for two, and so on."""
        return list(zip(self.mean.tolist(), self.deviation.tolist(), strict=True))


def expected_best(scores: Sequence[float] | np.ndarray) -> ExpectedBest:
    """Returns the expected best score of n trials, n = 1 … N, and how much it varies.

    The best of n has the distribution function F(v)^n, where F is that of the N scores there are
    (Dodge et al. 2019, section 3): exact, and nothing is drawn. n scores are
    thought of as drawn from those N with replacement, so that even the best of N is expected to
    be below the highest one, unless all are equal.

    Args:
        scores: [N] of the trials, in any order.

    Raises:
        ValueError: There is none.
    """
    ascending = np.sort(np.asarray(scores, np.float64))
    count = len(ascending)
    if count == 0:
        raise ValueError("expected the score of at least one trial")
    share = np.arange(count + 1) / count
    weights = np.diff(share ** np.arange(1, count + 1)[:, None])  # [n, N] P(the best is this one)
    mean = weights @ ascending
    variance = (weights * (ascending - mean[:, None]) ** 2).sum(1)
    return ExpectedBest(mean, np.sqrt(variance))


def best_so_far(scores: Sequence[float | None]) -> np.ndarray:
    """Returns the best score up to each trial, NaN before there is any: [N].

    Args:
        scores: Of N trials in their order, None for one without a score.
    """
    known = np.array([-np.inf if score is None else score for score in scores], np.float64)
    best = np.maximum.accumulate(known)
    return np.where(np.isneginf(best), np.nan, best)
