"""Where in the test set a model is right: by place, by length of the dialogue, by confidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.compare.test_set import TestSet
from ercbench.metrics import BINS, METRICS, labelled


@dataclass(frozen=True)
class Reliability:
    """How often a model is right where it says it is this sure, in K bins of equal width.

    Attributes:
        confidence: [K] mean probability of the predicted label; NaN in empty bins.
        accuracy: [K] share of correct predictions; NaN in empty bins.
        share: [K] share of all utterances.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    share: np.ndarray


def final_groups(comparison: Comparison) -> list[Group]:
    """Returns the models' own answers, without those of single stages and ensembles, best first."""
    groups = [group for group in comparison.groups if group.output == "final"]
    main = comparison.test.main
    return sorted(groups, key=lambda own: -main.sign * mean(s[main.name] for s in own.scores))


def over_seeds(truth: np.ndarray, group: Group, chosen: np.ndarray | None = None) -> np.ndarray:
    """Returns weighted F1 by seed, of all utterances or of those in an [N] mask: [S]."""
    chosen = np.ones(len(truth), bool) if chosen is None else chosen
    return np.array(
        [weighted_f1_of(truth[chosen], own[chosen], group.classes) for own in group.predictions]
    )


def deviation(over: Sequence[float] | np.ndarray) -> float:
    """Returns the standard deviation over seeds of S scores, 0 where one seed has none."""
    return float(np.std(over, ddof=1)) if len(over) > 1 else 0.0


def weighted_f1_of(truth: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Returns weighted F1 of [N] label indices where the truth is known, NaN if nowhere."""
    certain = np.eye(classes)[predicted]
    return METRICS["weighted_f1"].of(labelled(truth, certain, truth))


def places(test: TestSet) -> np.ndarray:
    """Returns the place of each utterance in its dialogue, from 1: [N]."""
    seen: Counter[str] = Counter()
    found = []
    for conversation in test.conversations.tolist():
        seen[conversation] += 1
        found.append(seen[conversation])
    return np.array(found)


def lengths(test: TestSet) -> np.ndarray:
    """Returns the number of utterances of each utterance's dialogue: [N]."""
    _, dialogue, sizes = np.unique(test.conversations, return_inverse=True, return_counts=True)
    return sizes[dialogue]


def shifts_and_stays(test: TestSet) -> tuple[np.ndarray, np.ndarray]:
    """Finds utterances whose emotion differs from, or equals, their speaker's last one.

    A speaker's first labelled utterance is neither, as in the metric `shift_f1`.

    Returns:
        Two [N] masks: shifts, stays.
    """
    before = test.previous
    both = (before >= 0) & (test.truth >= 0)
    return both & (before != test.truth), both & (before == test.truth)


def doubling_bins(values: np.ndarray, counted: np.ndarray, fewest: int) -> dict[str, np.ndarray]:
    """Sorts positive integers into 1, 2, 3-4, 5-8, 9-16 …, so that each bin doubles.

    Args:
        values: [N].
        counted: [N] mask of those that count.
        fewest: A bin of fewer values is put together with the one before or after it.

    Returns:
        Name of each bin, such as `3-4`, to the [N] mask of the values in it that count.
    """
    exponents = np.ceil(np.log2(values)).astype(int)
    bins: list[tuple[int, int, np.ndarray]] = []
    for exponent in np.unique(exponents[counted]).tolist():
        first, last, mask = 2**exponent // 2 + 1, 2**exponent, (exponents == exponent) & counted
        if bins and min(mask.sum(), bins[-1][2].sum()) < fewest:
            first, _, before = bins.pop()
            mask = mask | before
        bins.append((first, last, mask))
    return {f"{a}-{b}" if a < b else str(a): mask for a, b, mask in bins}


def reliability(truth: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> Reliability:
    """Returns the reliability of the predicted label (Guo et al. 2017).

    Args:
        truth: [N] label index, -1 where there is none.
        probabilities: [..., N, C]; all leading axes (seeds) are put together.
        bins: Number of bins of equal width, K.
    """
    known = truth >= 0
    seen = probabilities[..., known, :]
    confidence = seen.max(-1).ravel().astype(np.float64)
    correct = (seen.argmax(-1) == truth[known]).ravel()
    where = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(where, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            np.bincount(where, confidence, bins) / counts,
            np.bincount(where, correct, bins) / counts,
            counts / counts.sum(),
        )
