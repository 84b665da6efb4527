"""Permutation of whole dialogues: whether two trained networks differ on such dialogues."""

from dataclasses import dataclass

import numpy as np

from ercbench.evaluation.statistics.scores import DialogueSums, scores_of, total
from ercbench.metrics import Statistics


@dataclass(frozen=True)
class Swaps:
    """Which dialogues change hands between two models.

    Attributes:
        moved: [B, D], 1 where a dialogue is swapped, else 0.
        exact: Whether these are all the ways there are.
    """

    moved: np.ndarray
    exact: bool


def draw_swaps(dialogues: int, draws: int, rng: np.random.Generator) -> Swaps:
    """Returns every way to swap dialogues if there are no more than `draws`, else a sample."""
    if dialogues < 60 and 2**dialogues <= draws:
        ways = np.arange(2**dialogues)[:, None] >> np.arange(dialogues) & 1
        return Swaps(ways.astype(np.float32), True)
    return Swaps(rng.integers(2, size=(draws, dialogues)).astype(np.float32), False)


def permutation_p(first: DialogueSums, second: DialogueSums, swaps: Swaps) -> dict[str, float]:
    """Tests whether it matters which of two models answered which dialogue.

    A model's answers to a dialogue are swapped as a whole, those of all its seeds together. The
    statistic is the difference of the scores of the sums' means over seeds: that of the mean
    accuracies, and as good as that of the mean F1. So neither model needs the other's seeds.

    Returns:
        Score to two-sided p. A sample counts what was seen as one more way, so that p is
        never 0.
    """
    ours = {own: sums.mean(1) for own, sums in first.sums.items()}
    theirs = {own: sums.mean(1) for own, sums in second.sums.items()}
    moved = {own: total(swaps.moved, theirs[own] - ours[own]) for own in ours}
    one, two = ({own: sums.sum(0) for own, sums in each.items()} for each in (ours, theirs))
    seen = _differences(one, two)
    drawn = _differences(
        {own: one[own] + moved[own] for own in one}, {own: two[own] - moved[own] for own in two}
    )
    extra = 0 if swaps.exact else 1
    return {
        name: float((_as_large(drawn[name], seen[name]) + extra) / (len(swaps.moved) + extra))
        for name in seen
    }


def _differences(
    one: dict[Statistics, np.ndarray], two: dict[Statistics, np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns compared metric to the difference of two models' scores."""
    ours, theirs = scores_of(one), scores_of(two)
    return {name: ours[name] - theirs[name] for name in ours}


def _as_large(differences: np.ndarray, seen: np.ndarray) -> int:
    """Counts differences as far from 0 as the one seen, but for rounding."""
    return int(np.count_nonzero(np.abs(differences) >= np.abs(seen) - 1e-6))
