"""Which model is better, by how much, and how sure that is.

Every method resamples whole dialogues: utterances of one dialogue depend on each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from ercbench.evaluation.compare.groups import Comparison, Group, TestSet
from ercbench.evaluation.statistics.resampling import (
    Draws,
    Swaps,
    bootstrap,
    draw_dialogues,
    draw_seeds,
    draw_swaps,
    permutation_p,
)
from ercbench.evaluation.statistics.scores import DialogueSums, sum_by_dialogue
from ercbench.metrics import COMPARED

DRAWS = 10_000
ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True)
class Estimate:
    """A score of a group.

    Attributes:
        mean: Over seeds.
        deviation: Standard deviation over seeds, None with one seed.
        low: Lower end of the 95 % percentile interval over dialogues and seeds.
        high: Its upper end.
    """

    mean: float
    deviation: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """Two groups compared by one score, shares of 1 throughout.

    Attributes:
        first: Name of the group with the higher mean.
        second: Name of the other.
        difference: Of their means over seeds, at least 0.
        low: Lower end of its 95 % percentile interval over dialogues and seeds.
        high: Its upper end.
        p: Two-sided, by permutation of whole dialogues.
        p_holm: The same, corrected over all pairs of the comparison (Holm 1979).
        p_mcnemar: McNemar's exact test of the utterances that only one of them gets right,
            each answering with its mean probabilities over seeds. It takes utterances for
            independent, which they are not.
        effect: Cohen's d of pairs, dialogues being the units: the difference in standard
            deviations between dialogues. Unlike p it does not grow with the test set, and
            unlike d over seeds it needs no more than one.
        probability: Of improvement: how often a single run of `first` beats a single run of
            `second` on the same draw of dialogues; ties count half.
        detectable: The smallest difference that a test at 5 % would find in 80 % of test sets
            of this size, by the normal approximation.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    p_mcnemar: float
    effect: float
    probability: float
    detectable: float

    @property
    def significant(self) -> bool:
        """Whether the difference is more than the choice of dialogues and of seeds."""
        return self.p_holm < ALPHA and self.low > 0


@dataclass(frozen=True)
class Analysis:
    """All that is said of a comparison.

    Attributes:
        estimates: Group name to score to its estimate.
        pairs: Score to every pair of groups.
        best: Score to the group that is significantly better than every other one, its own
            other outputs aside; None where there is no such group, or where budgets differ.
        detectable: Score to the median over pairs of the smallest detectable difference, None
            without a pair.
        equal_budgets: Whether all models had the same tuning budget, without which nothing is bold.
        draws: Number of draws of the bootstrap, and of the permutation if it is not exact.
        exact: Whether the permutation went through all ways there are.
        dialogues: Number of test dialogues with labels.
    """

    estimates: dict[str, dict[str, Estimate]]
    pairs: dict[str, tuple[Pair, ...]]
    best: dict[str, str | None]
    detectable: dict[str, float | None]
    equal_budgets: bool
    draws: int
    exact: bool
    dialogues: int

    def is_bold(self, pair: Pair) -> bool:
        """Whether tables and figures claim that the first of a pair is better."""
        return self.equal_budgets and pair.significant

    @property
    def smallest_p(self) -> float:
        """The smallest p that the permutation can have, before Holm."""
        return 2 / 2**self.dialogues if self.exact else 1 / (self.draws + 1)


def analyse(comparison: Comparison, draws: int = DRAWS, seed: int = 0) -> Analysis:
    """Estimates every group and compares every pair.

    Args:
        comparison: The groups.
        draws: Of the bootstrap, and of the permutation where there are more ways than that.
        seed: Of the draws; the same one gives the same analysis.
    """
    rng = np.random.default_rng(seed)
    sampled = _sample(comparison, draws, rng)
    dialogues = sampled[0].sums.dialogues
    swaps = draw_swaps(dialogues, draws, rng)
    found = [_compare(comparison.test, *two, swaps) for two in combinations(sampled, 2)]
    pairs = {score: _holm([own[score] for own in found]) for score in COMPARED}
    return Analysis(
        estimates={own.group.name: _estimates(own) for own in sampled},
        pairs=pairs,
        best={score: _best(comparison, own) for score, own in pairs.items()},
        detectable={score: _median(own) for score, own in pairs.items()},
        equal_budgets=not comparison.fewer_trials,
        draws=draws,
        exact=swaps.exact,
        dialogues=dialogues,
    )


@dataclass(frozen=True)
class _Sampled:
    """A group with its sums per dialogue, its scores by seed and its draws."""

    group: Group
    sums: DialogueSums
    scores: dict[str, np.ndarray]
    draws: Draws


def _trainings(group: Group) -> tuple[Path, ...] | str:
    """Returns what outputs of the same trained networks have in common."""
    return group.folders or group.name


def _sample(comparison: Comparison, draws: int, rng: np.random.Generator) -> list[_Sampled]:
    """Draws the same dialogues for all groups, and the same seeds for all outputs of a run."""
    sums = [sum_by_dialogue(comparison.test, group.probabilities) for group in comparison.groups]
    weights = draw_dialogues(sums[0].dialogues, draws, rng)
    seeds = {_trainings(g): draw_seeds(len(g.seeds), draws, rng) for g in comparison.groups}
    return [
        _Sampled(group, own, own.scores(), bootstrap(own, weights, seeds[_trainings(group)]))
        for group, own in zip(comparison.groups, sums, strict=True)
    ]


def _estimates(own: _Sampled) -> dict[str, Estimate]:
    return {
        score: Estimate(
            float(values.mean()),
            float(values.std(ddof=1)) if len(values) > 1 else None,
            *_interval(own.draws.mean[score]),
        )
        for score, values in own.scores.items()
    }


def _compare(test: TestSet, one: _Sampled, two: _Sampled, swaps: Swaps) -> dict[str, Pair]:
    """Compares two groups by every score, not yet corrected."""
    p = permutation_p(one.sums, two.sums, swaps)
    p_mcnemar = _mcnemar(test, one.group, two.group)
    return {score: _pair(one, two, score, p[score], p_mcnemar) for score in COMPARED}


def _pair(one: _Sampled, two: _Sampled, score: str, p: float, p_mcnemar: float) -> Pair:
    ours, theirs = sorted((one, two), key=lambda own: -own.scores[score].mean())
    difference = float(ours.scores[score].mean() - theirs.scores[score].mean())
    low, high = _interval(ours.draws.mean[score] - theirs.draws.mean[score])
    error = float((ours.draws.dialogues[score] - theirs.draws.dialogues[score]).std(ddof=1))
    ahead = ours.draws.single[score] - theirs.draws.single[score]
    return Pair(
        first=ours.group.name,
        second=theirs.group.name,
        difference=difference,
        low=low,
        high=high,
        p=p,
        p_holm=p,
        p_mcnemar=p_mcnemar,
        effect=difference / (error * ours.sums.dialogues**0.5) if error else 0.0,
        probability=float((ahead > 0).mean() + (ahead == 0).mean() / 2),
        detectable=float(norm.ppf(1 - ALPHA / 2) + norm.ppf(POWER)) * error,
    )


def _mcnemar(test: TestSet, one: Group, two: Group) -> float:
    """Returns McNemar's exact p of two models' mean probabilities over seeds."""
    known = test.truth >= 0
    right, other = (
        group.probabilities[:, known].mean(0).argmax(-1) == test.truth[known]
        for group in (one, two)
    )
    table = [
        [np.count_nonzero(right & other), np.count_nonzero(right & ~other)],
        [np.count_nonzero(~right & other), np.count_nonzero(~right & ~other)],
    ]
    return float(mcnemar(table, exact=True).pvalue)


def _holm(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    if not pairs:
        return ()
    corrected = multipletests([pair.p for pair in pairs], method="holm")[1]
    return tuple(replace(pair, p_holm=float(p)) for pair, p in zip(pairs, corrected, strict=True))


def _interval(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(draws, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def _median(pairs: Sequence[Pair]) -> float | None:
    return float(np.median([pair.detectable for pair in pairs])) if pairs else None


def _best(comparison: Comparison, pairs: Sequence[Pair]) -> str | None:
    if comparison.fewer_trials:
        return None
    runs = {group.name: _trainings(group) for group in comparison.groups}
    for name in runs.keys() - {pair.second for pair in pairs}:
        rivals = [pair for pair in pairs if pair.first == name and runs[pair.second] != runs[name]]
        if rivals and all(pair.significant for pair in rivals):
            return name
    return None
