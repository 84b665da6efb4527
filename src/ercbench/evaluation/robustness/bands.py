"""Scores with the chance that is in them: dialogues and trainings, drawn anew together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ercbench.evaluation.compare.test_set import TestSet
from ercbench.evaluation.statistics.results import Estimate
from ercbench.evaluation.statistics.scores import scores_of, sum_by_dialogue, total
from ercbench.metrics import METRICS


@dataclass(frozen=True)
class Resamples:
    """B draws of test dialogues, the same for all that is measured.

    Attributes:
        dialogues: [B, D], how often each dialogue is in each draw of as many with replacement.
        seed: Of the draws of seeds.
    """

    dialogues: np.ndarray
    seed: int = 0

    @classmethod
    def of(cls, test: TestSet, draws: int) -> "Resamples":
        """Draws the dialogues that have labels."""
        count = len(np.unique(test.conversations[test.truth >= 0]))
        random = np.random.default_rng(0)
        drawn = random.multinomial(count, np.full(count, 1 / count), draws)
        return cls(drawn.astype(np.float32))

    def shares(self, seeds: int) -> np.ndarray:
        """Returns [B, S] share of each seed in the mean.

        One fewer is drawn than there are, which makes the variance of their mean unbiased (Rao
        and Wu 1988); with a handful of seeds the usual bootstrap is much too sure.
        """
        fewer, random = max(seeds - 1, 1), np.random.default_rng(self.seed)
        return random.multinomial(fewer, np.full(seeds, 1 / seeds), len(self.dialogues)) / fewer


@dataclass(frozen=True)
class Measured:
    """A score of a model, or a difference of scores, by metric.

    Attributes:
        seeds: Compared metric to [S], by seed.
        drawn: Compared metric to [B], in each resample of dialogues and seeds.
    """

    seeds: Mapping[str, np.ndarray]
    drawn: Mapping[str, np.ndarray]

    def minus(self, other: "Measured") -> "Measured":
        """Returns how much better this is than another, on the same resamples."""
        found = combined([self, other], [1, -1])
        signs = {name: METRICS[name].sign for name in found.seeds}
        return Measured(
            {name: signs[name] * own for name, own in found.seeds.items()},
            {name: signs[name] * own for name, own in found.drawn.items()},
        )

    def estimates(self) -> dict[str, Estimate]:
        """Returns compared metric to mean, deviation over seeds and 95 % percentile interval."""
        return {name: _estimate(own, self.drawn[name]) for name, own in self.seeds.items()}


def measure(test: TestSet, probabilities: np.ndarray, resamples: Resamples) -> Measured:
    """Measures answers to one test part.

    Args:
        test: Of N utterances.
        probabilities: [S, R, N, C] of S seeds in R draws of the damage, whose scores are averaged.
        resamples: Of the dialogues.
    """
    seeds, draws = probabilities.shape[:2]
    sums = sum_by_dialogue(
        test, probabilities.reshape(seeds * draws, *probabilities.shape[2:])
    ).sums
    seen = scores_of({own: values.sum(0) for own, values in sums.items()})
    drawn = scores_of({own: total(resamples.dialogues, values) for own, values in sums.items()})
    shares = resamples.shares(seeds)
    return Measured(
        {name: own.reshape(seeds, draws).mean(1) for name, own in seen.items()},
        {
            name: (own.reshape(-1, seeds, draws).mean(2) * shares).sum(1)
            for name, own in drawn.items()
        },
    )


def combined(measured: Sequence[Measured], weights: Sequence[float]) -> Measured:
    """Returns the weighted sum of scores on the same resamples."""

    def added(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {
            name: np.tensordot(weights, np.stack([part[name] for part in parts]), 1)
            for name in parts[0]
        }

    return Measured(added([own.seeds for own in measured]), added([own.drawn for own in measured]))


def _estimate(seeds: np.ndarray, drawn: np.ndarray) -> Estimate:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    spread = float(seeds.std(ddof=1)) if len(seeds) > 1 else None
    return Estimate(float(seeds.mean()), spread, float(low), float(high))
