"""All pairs of a family of models: simultaneous intervals that know dialogues and trainings.

The mean score of a model over its seeds differs between test sets, since dialogues differ, and
between sets of seeds, since trainings do. Models answer the same dialogues, so that dialogues'
part is that of the difference; each model has trainings of its own. Both parts are estimated and
added, and pairs are compared as Games and Howell (1976) do: Student's t with Welch's and
Satterthwaite's degrees of freedom, against the studentised range of as many models as there are.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import studentized_range, t
from statsmodels.stats.libqsturng import qsturng

ALPHA = 0.05
POWER = 0.8
# Degrees of freedom that are as good as infinitely many.
MANY = 1e6


@dataclass(frozen=True)
class Sampling:
    """What M models' scores depend on, for any number of families at once.

    Attributes:
        covariance: [..., M, M] of the means over seeds, over test sets of D dialogues.
        variances: [..., M] of the scores of single seeds around their model's mean.
        seeds: [M] numbers of seeds, at least two each.
        dialogues: D, at least two.
    """

    covariance: np.ndarray
    variances: np.ndarray
    seeds: np.ndarray
    dialogues: int


def errors(sampling: Sampling) -> tuple[np.ndarray, np.ndarray]:
    """Returns standard error and degrees of freedom of every pair's difference: [..., P] each.

    Pairs are in the order of `itertools.combinations`. The variance over trainings of a model is
    the mean of its own and of the family's: with three seeds the own one alone is close to 0 too
    often, and the family's alone would hide a model whose trainings are erratic. Of two models
    with as many seeds each it is Welch's.
    """
    first, second = np.triu_indices(len(sampling.seeds), 1)
    covariance = sampling.covariance
    own = np.diagonal(covariance, axis1=-2, axis2=-1)
    common = covariance[..., first, second]
    dialogues = np.maximum(own[..., first] + own[..., second] - 2 * common, 0)
    trainings = _shares(sampling.seeds) * sampling.variances[..., None, :]
    return added(dialogues, trainings, sampling.dialogues, sampling.seeds)


def _shares(seeds: np.ndarray) -> np.ndarray:
    """Returns [P, M], the share of each model's variance over seeds in each pair's."""
    first, second = np.triu_indices(len(seeds), 1)
    own = (np.eye(len(seeds))[first] + np.eye(len(seeds))[second]) / seeds
    return (own + own.sum(1, keepdims=True) / len(seeds)) / 2


def added(
    over_dialogues: np.ndarray, over_trainings: np.ndarray, dialogues: int, seeds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns standard errors and Satterthwaite's degrees of freedom of sums of variances.

    Args:
        over_dialogues: [...] variance of a mean over test sets.
        over_trainings: [..., K] its variance over each of K sets of trainings; K may be 0.
        dialogues: Number of dialogues behind the first.
        seeds: [K] numbers of seeds behind the others.
    """
    variance = over_dialogues + over_trainings.sum(-1)
    doubt = over_dialogues**2 / (dialogues - 1) + (over_trainings**2 / (seeds - 1)).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(doubt > 0, variance**2 / doubt, MANY)
    return np.sqrt(variance), np.clip(freedom, 1, MANY)


def critical(models: int, freedom: np.ndarray) -> np.ndarray:
    """Returns how many standard errors of a pair make a difference, in a family of M models."""
    if models == 2:
        return np.asarray(t.ppf(1 - ALPHA / 2, freedom))
    return np.asarray(qsturng(1 - ALPHA, models, freedom)) / np.sqrt(2)


def adjusted_p(ratios: np.ndarray, models: int, freedom: np.ndarray) -> np.ndarray:
    """Returns two-sided p of differences over their standard errors, in a family of M models."""
    if models == 2:
        return np.asarray(2 * t.sf(np.abs(ratios), freedom))
    return np.asarray(studentized_range.sf(np.sqrt(2) * np.abs(ratios), models, freedom))
