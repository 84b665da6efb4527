"""Bootstrap and permutation over whole dialogues, since utterances of one are not independent."""

from dataclasses import dataclass

import numpy as np

from ercbench.evaluation.statistics.scores import DialogueSums, scores_of, total
from ercbench.metrics import COMPARED, Statistics


@dataclass(frozen=True)
class Draws:
    """What one group scored in B draws of test dialogues; score to [B] each.

    Attributes:
        mean: Over its seeds, drawn too.
        dialogues: Over its seeds as they are, so that only the dialogues vary.
        single: Of one seed, drawn anew each time.
    """

    mean: dict[str, np.ndarray]
    dialogues: dict[str, np.ndarray]
    single: dict[str, np.ndarray]


def draw_dialogues(dialogues: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Returns [B, D], how often each dialogue is in each draw of as many with replacement."""
    return rng.multinomial(dialogues, np.full(dialogues, 1 / dialogues), draws).astype(np.float32)


@dataclass(frozen=True)
class Seeds:
    """Which of S seeds are in each of B draws.

    Attributes:
        shares: [B, S] share of each seed in the mean.
        single: [B] index of one seed.
    """

    shares: np.ndarray
    single: np.ndarray


def draw_seeds(seeds: int, draws: int, rng: np.random.Generator) -> Seeds:
    """Draws seeds with replacement.

    One fewer than there are, which makes the variance of their mean unbiased (Rao and Wu 1988);
    with a handful of seeds the usual bootstrap is much too sure.
    """
    fewer = max(seeds - 1, 1)
    shares = rng.multinomial(fewer, np.full(seeds, 1 / seeds), draws) / fewer
    return Seeds(shares, rng.integers(seeds, size=draws))


def bootstrap(sums: DialogueSums, weights: np.ndarray, seeds: Seeds) -> Draws:
    """Scores a group on every draw of dialogues and of seeds.

    Seeds and dialogues are crossed: all seeds of a draw, and all models, answer the same ones.

    Args:
        sums: Of S runs.
        weights: [B, D] of `draw_dialogues`, the same for all models that are compared.
        seeds: Of `draw_seeds`, the same for all outputs of the same runs.
    """
    drawn, every = sums.weighted(weights), np.arange(len(weights))
    return Draws(
        mean={name: (own * seeds.shares).sum(1) for name, own in drawn.items()},
        dialogues={name: own.mean(1) for name, own in drawn.items()},
        single={name: own[every, seeds.single] for name, own in drawn.items()},
    )


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
        for name in COMPARED
    }


def _differences(
    one: dict[Statistics, np.ndarray], two: dict[Statistics, np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns compared metric to the difference of two models' scores."""
    ours, theirs = scores_of(one), scores_of(two)
    return {name: ours[name] - theirs[name] for name in COMPARED}


def _as_large(differences: np.ndarray, seen: np.ndarray) -> int:
    """Counts differences as far from 0 as the one seen, but for rounding."""
    return int(np.count_nonzero(np.abs(differences) >= np.abs(seen) - 1e-6))
