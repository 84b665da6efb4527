"""Which model is better, by how much, and how sure that is.

Utterances of one dialogue depend on each other, and trainings of one model differ. So whole
dialogues are the units, and trainings are a second source of chance.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import t

from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.statistics.family import (
    ALPHA,
    POWER,
    Sampling,
    added,
    adjusted_p,
    critical,
    errors,
)
from ercbench.evaluation.statistics.permutation import Swaps, draw_swaps, permutation_p
from ercbench.evaluation.statistics.results import Analysis, Claim, Estimate, Pair
from ercbench.evaluation.statistics.scores import DialogueSums, sum_by_dialogue
from ercbench.metrics import METRICS

DRAWS = 10_000


def analyse(comparison: Comparison, draws: int = DRAWS, seed: int = 0) -> Analysis:
    """Estimates every group and compares every pair.

    Args:
        comparison: The groups.
        draws: Of the permutation where there are more ways than that.
        seed: Of the draws; the same one gives the same analysis.
    """
    measured = [_measure(comparison, group) for group in comparison.groups]
    dialogues = measured[0].sums.dialogues
    swaps = draw_swaps(dialogues, draws, np.random.default_rng(seed))
    final = [own for own in measured if own.group.output == "final"]
    pairs = _family(final, swaps)
    return Analysis(
        estimates={own.group.name: _estimates(own) for own in measured},
        pairs=pairs,
        outputs=_families_of_outputs(final, measured, swaps),
        best={score: _best(comparison, own) for score, own in pairs.items()},
        detectable={score: _median(own) for score, own in pairs.items()},
        equal_budgets=not comparison.fewer_trials,
        draws=draws,
        exact=swaps.exact,
        dialogues=dialogues,
    )


@dataclass(frozen=True)
class _Measured:
    """A group with its sums per dialogue, its scores by seed [S] and their influences [D, S]."""

    group: Group
    sums: DialogueSums
    scores: dict[str, np.ndarray]
    influences: dict[str, np.ndarray]

    @property
    def trainings(self) -> tuple[Path, ...] | str:
        """What outputs of the same trained networks have in common."""
        return self.group.folders or self.group.name

    @property
    def repeated(self) -> bool:
        """Whether it has several seeds and several dialogues, to know the chance in both."""
        return len(self.group.seeds) > 1 and self.sums.dialogues > 1


def _measure(comparison: Comparison, group: Group) -> _Measured:
    sums = sum_by_dialogue(comparison.test, group.probabilities)
    return _Measured(group, sums, sums.scores(), sums.influences())


def _estimates(own: _Measured) -> dict[str, Estimate]:
    found = {}
    for score, values in own.scores.items():
        mean = float(values.mean())
        error, freedom = _error(own.influences[score], values)
        width = error * float(t.ppf(1 - ALPHA / 2, freedom))
        deviation = float(values.std(ddof=1)) if len(values) > 1 else None
        least, most = METRICS[score].bounds
        found[score] = Estimate(mean, deviation, max(mean - width, least), min(mean + width, most))
    return found


def _error(influences: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Returns standard error and degrees of freedom of a mean over seeds.

    Args:
        influences: [D, S].
        scores: [S]; a single one tells nothing of other trainings.
    """
    dialogues, seeds = influences.shape
    if dialogues < 2:
        return 0.0, 1.0
    over_dialogues = influences.mean(1).var(ddof=1) / dialogues
    known = [scores.var(ddof=1) / seeds] if seeds > 1 else []
    error, freedom = added(over_dialogues, np.array(known), dialogues, np.full(len(known), seeds))
    return float(error), float(freedom)


def _family(final: Sequence[_Measured], swaps: Swaps) -> dict[str, tuple[Pair, ...]]:
    """Compares all final outputs with each other."""
    pairs = list(combinations(final, 2))
    networks = [permutation_p(one.sums, two.sums, swaps) for one, two in pairs]
    found = {}
    for score in final[0].scores if final else ():
        claims = _claims([own for own in final if own.repeated], score)
        found[score] = tuple(
            _pair(one, two, score, p[score], claims.get((one.group.name, two.group.name)))
            for (one, two), p in zip(pairs, networks, strict=True)
        )
    return found


def _claims(models: Sequence[_Measured], score: str) -> dict[tuple[str, str], Claim]:
    """Returns the claims of a family of models, by the names of their pairs."""
    if len(models) < 2:
        return {}
    dialogues = models[0].sums.dialogues
    influences = np.stack([own.influences[score].mean(1) for own in models], axis=1)
    error, freedom = errors(
        Sampling(
            covariance=np.cov(influences, rowvar=False) / dialogues,
            variances=np.array([own.scores[score].var(ddof=1) for own in models]),
            seeds=np.array([len(own.group.seeds) for own in models]),
            dialogues=dialogues,
        )
    )
    pairs = list(combinations(models, 2))
    p = adjusted_p(_ratios(pairs, score, error), len(models), freedom)
    quantiles = critical(len(models), freedom)
    return {
        (one.group.name, two.group.name): _claim(one, two, score, *numbers)
        for (one, two), *numbers in zip(pairs, p, error, freedom, quantiles, strict=True)
    }


def _ratios(
    pairs: Iterable[tuple[_Measured, _Measured]], score: str, error: np.ndarray
) -> np.ndarray:
    """Returns differences over their standard errors; 0 where both are 0."""
    found = np.array([one.scores[score].mean() - two.scores[score].mean() for one, two in pairs])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(found == 0, 0.0, found / error)


def _claim(
    one: _Measured,
    two: _Measured,
    score: str,
    p: float,
    error: float,
    freedom: float,
    quantile: float,
) -> Claim:
    ours, theirs = one.scores[score], two.scores[score]
    difference = abs(float(ours.mean() - theirs.mean()))
    ahead = np.sign(ours[:, None] - theirs) * np.sign(ours.mean() - theirs.mean() or 1)
    return Claim(
        p=float(p),
        low=difference - float(quantile * error),
        high=difference + float(quantile * error),
        probability=float((ahead.mean() + 1) / 2),
        detectable=float((quantile + t.ppf(POWER, freedom)) * error),
    )


def _pair(one: _Measured, two: _Measured, score: str, p: float, claim: Claim | None) -> Pair:
    sign = METRICS[score].sign
    ours, theirs = sorted((one, two), key=lambda own: -sign * own.scores[score].mean())
    difference = sign * float(ours.scores[score].mean() - theirs.scores[score].mean())
    return Pair(ours.group.name, theirs.group.name, difference, p, claim)


def _families_of_outputs(
    final: Sequence[_Measured], measured: Sequence[_Measured], swaps: Swaps
) -> dict[str, tuple[Pair, ...]]:
    """Compares every model's other outputs with its final one."""
    found: dict[str, list[Pair]] = {score: [] for score in measured[0].scores}
    for own in final:
        others = [o for o in measured if o is not own and o.trainings == own.trainings]
        for other in others:
            p = permutation_p(own.sums, other.sums, swaps)
            for score in found:
                claim = _paired_claim(own, other, score, len(others))
                found[score].append(_pair(own, other, score, p[score], claim))
    return {score: tuple(pairs) for score, pairs in found.items()}


def _paired_claim(one: _Measured, two: _Measured, score: str, family: int) -> Claim | None:
    """Compares two outputs of the same trainings seed by seed, corrected by Bonferroni."""
    if not one.repeated:
        return None
    error, freedom = _error(
        one.influences[score] - two.influences[score], one.scores[score] - two.scores[score]
    )
    (ratio,) = np.abs(_ratios([(one, two)], score, np.array([error])))
    p = min(1.0, family * 2 * float(t.sf(ratio, freedom)))
    return _claim(one, two, score, p, error, freedom, float(t.isf(ALPHA / 2 / family, freedom)))


def _median(pairs: Sequence[Pair]) -> float | None:
    known = [pair.claim.detectable for pair in pairs if pair.claim]
    return float(np.median(known)) if known else None


def _best(comparison: Comparison, pairs: Sequence[Pair]) -> str | None:
    if comparison.fewer_trials:
        return None
    for name in (group.name for group in comparison.groups):
        own = [pair for pair in pairs if name in (pair.first, pair.second)]
        if own and all(pair.first == name and pair.told_apart for pair in own):
            return name
    return None
