"""Statistics of scores that are added up over utterances, and scores of their sums.

Acc-7 and both Acc-2 are those of MulT (Tsai et al. 2019) and MMSA.
"""

import numpy as np

from ercbench.metrics.of_labels import label_counts
from ercbench.metrics.predictions import Predictions
from ercbench.metrics.sums import ratio

# A variance below this share of the mean square is rounding.
LEAST_VARIANCE = 1e-12


def score_errors(predictions: Predictions) -> np.ndarray:
    """Returns how far the predicted score is from the true one, and 1: [N, 2]."""
    true, predicted = predictions.score_pairs
    return np.stack([np.abs(predicted - true), np.ones(len(true))], axis=1)


def score_moments(predictions: Predictions) -> np.ndarray:
    """Returns 1, x, y, xx, yy and xy of true and predicted scores: [N, 6]."""
    x, y = predictions.score_pairs
    return np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)


def correlation(sums: np.ndarray) -> np.ndarray:
    """Returns Pearson's correlation of the sums of moments; 0 where one side does not vary."""
    count = sums[..., 0]
    x, y, xx, yy, xy = (ratio(sums[..., own], count) for own in range(1, 6))
    variances = (xx - x * x) * (yy - y * y)
    varies = (xx - x * x > LEAST_VARIANCE * xx) & (yy - y * y > LEAST_VARIANCE * yy)
    found = ratio(xy - x * y, np.sqrt(np.where(varies, variances, 1.0)))
    return np.where(count > 0, np.where(varies, found, 0.0), np.nan)


def class_counts(predictions: Predictions) -> np.ndarray:
    """Returns label counts of the classes of scores, for Acc-7: [N, 21]."""
    return label_counts(predictions)


def counts_of_signs(predictions: Predictions) -> np.ndarray:
    """Returns label counts of negative and non-negative scores: [N, 6]."""
    true, predicted = predictions.score_pairs
    return _two_counts(true >= 0, predicted >= 0)


def counts_without_zero(predictions: Predictions) -> np.ndarray:
    """Returns label counts of negative and positive scores, but for true zeros: [N, 6]."""
    true, predicted = predictions.score_pairs
    return _two_counts(true > 0, predicted > 0) * (true != 0)[:, None]


def _two_counts(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    certain = np.eye(2, dtype=np.float32)[predicted.astype(int)]
    return label_counts(Predictions(true.astype(int), certain, true))
