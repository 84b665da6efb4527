"""Where another training would come out: intervals over trainings, the test dialogues being given.

The paper's runs and ours are scored on the same test dialogues, so that only the luck of training
stands between them. Scores of m trainings are taken for independent draws of one normal
distribution, with mean x and standard deviation s over ours.
"""

from collections.abc import Sequence
from functools import cache
from math import inf
from statistics import mean, stdev

import numpy as np
from scipy.optimize import brentq
from scipy.stats import multivariate_t, t

LEVEL = 0.95
# Standard deviations within which an end is sought.
FARTHEST = 1e4
# Of the quasi-random integration; with five seeds an end is exact to a thousandth of an s.
POINTS = 20_000

Interval = tuple[float, float]


def interval_of_mean(scores: Sequence[float], runs: int | None = None) -> Interval | None:
    """Returns the 95 % interval of the mean of further trainings.

    x ± t s √(1/m + 1/n), with t the quantile of Student's distribution of m - 1 degrees of
    freedom.

    Args:
        scores: Of m trainings.
        runs: Number n of the further ones; None for infinitely many, which gives the usual
            t-interval of the expected score.

    Returns:
        Its ends, or None of a single training, which tells nothing of others.
    """
    if len(scores) < 2:
        return None
    trainings = len(scores)
    quantile = float(t.ppf((1 + LEVEL) / 2, trainings - 1))
    width = quantile * stdev(scores) * (1 / trainings + 1 / (runs or inf)) ** 0.5
    return mean(scores) - width, mean(scores) + width


def interval_of_best(scores: Sequence[float], runs: int = 1) -> Interval | None:
    """Returns the 95 % prediction interval of the best of further trainings.

    The further scores, less x and divided by s, have the multivariate t distribution of m - 1
    degrees of freedom and scale matrix I + 1/m; the ends are the 2.5 % and 97.5 % quantiles of
    their maximum. Of one training this is x ± t s √(1 + 1/m).

    Args:
        scores: Of m trainings.
        runs: Number of the further ones.

    Returns:
        Its ends, or None of a single training, which tells nothing of others.
    """
    if runs == 1 or len(scores) < 2:
        return interval_of_mean(scores, runs)
    shares = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    low, high = (_quantile(share, len(scores), runs) for share in shares)
    return mean(scores) + low * stdev(scores), mean(scores) + high * stdev(scores)


@cache
def _quantile(share: float, trainings: int, runs: int) -> float:
    """Returns the quantile of the maximum, in standard deviations from the mean."""
    shape = np.eye(runs) + 1 / trainings

    def exceeds(end: float) -> float:
        below = multivariate_t.cdf(
            np.full(runs, end), shape=shape, df=trainings - 1, maxpts=POINTS, random_state=0
        )
        return float(below) - share

    return float(brentq(exceeds, -FARTHEST, FARTHEST, xtol=1e-6))
