"""Scores by how much a modality is damaged, from what the runs answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from ercbench.data.damage import Damage
from ercbench.evaluation.compare.breakdown import final_groups
from ercbench.evaluation.compare.groups import Comparison, Group
from ercbench.evaluation.compare.test_set import TestSet
from ercbench.evaluation.robustness.bands import Measured, Resamples, combined, measure
from ercbench.evaluation.statistics.results import Estimate
from ercbench.metrics import metrics_of
from ercbench.records.robustness import Answers, DamagedScores, damages_of, read_answers
from ercbench.records.scores import score


@dataclass(frozen=True)
class Point:
    """What a model scores at one level of damage.

    Attributes:
        level: Rate, or ratio in dB.
        missing: Share of the test utterances that lacked the modality.
        scores: Metric to its mean over draws and seeds, None where not defined.
        estimates: Compared metric to the same, with its interval.
        losses: Compared metric to what is lost against the clean test part.
    """

    level: float
    missing: float
    scores: dict[str, float | None]
    estimates: dict[str, Estimate]
    losses: dict[str, Estimate]


@dataclass(frozen=True)
class Curve:
    """A model's scores by level of damage.

    Attributes:
        group: The model's runs.
        points: From the least damage to the most, the clean one first.
        areas: Compared metric to its mean over the levels, by the trapezoidal rule; None where
            there are fewer than two.
        blind: Whether the modality is the only one that it reads.
    """

    group: Group
    points: tuple[Point, ...]
    areas: dict[str, Estimate] | None
    blind: bool


@dataclass(frozen=True)
class Robustness:
    """What a damage costs every model of a comparison.

    Attributes:
        comparison: The models.
        damage: How their test part was damaged.
        levels: From the least damage to the most; the clean one first.
        draws: Most draws behind a point.
        curves: Best model first.
        left_out: Names of the models that have no curve.
    """

    comparison: Comparison
    damage: Damage
    levels: tuple[float, ...]
    draws: int
    curves: tuple[Curve, ...]
    left_out: tuple[str, ...]


def stored_robustness(comparison: Comparison, resamples: int) -> list[Robustness]:
    """Returns what lies beside the runs of a comparison: every damage that any has answered to.

    Args:
        comparison: The models.
        resamples: As in `robustness`.

    Raises:
        ErcbenchError: A record is damaged or of another version.
    """
    folders = [folder for group in final_groups(comparison) for folder in group.folders]
    damages = dict.fromkeys(damage for folder in folders for damage in damages_of(folder))
    found = [robustness(comparison, damage, resamples) for damage in damages]
    return [own for own in found if own.curves]


def robustness(
    comparison: Comparison,
    damage: Damage,
    resamples: int,
    levels: Iterable[float] | None = None,
    draws: int | None = None,
) -> Robustness:
    """Returns the curves of all models of which every seed has answered, on the same draws.

    Args:
        comparison: The models.
        damage: How their test part was damaged.
        resamples: Of the bootstrap over dialogues and seeds.
        levels: That are shown; None for all that were answered.
        draws: Of each level; None for as many as all models have.

    Raises:
        ErcbenchError: A record is damaged or of another version.
    """
    test, groups = comparison.test, final_groups(comparison)
    found = {group.name: _answers(group, damage, test) for group in groups}
    kept = [group for group in groups if found[group.name]]
    by_level = _shared([own for group in kept for own in found[group.name]], damage, levels, draws)
    drawn = Resamples.of(test, resamples)
    curves = [_curve(test, group, found[group.name], by_level, drawn, damage) for group in kept]
    return Robustness(
        comparison,
        damage,
        tuple(by_level),
        max(map(len, by_level.values()), default=0),
        tuple(curves),
        tuple(group.name for group in groups if group not in kept),
    )


def _answers(group: Group, damage: Damage, test: TestSet) -> list[Answers]:
    """Returns the answers of every seed; none if one of them has none."""
    if len(group.folders) != len(group.runs):
        return []
    found = [
        read_answers(folder, damage, run.results.checkpoint_sha256)
        for folder, run in zip(group.folders, group.runs, strict=True)
    ]
    known = [own for own in found if own is not None]
    if len(known) < len(found):
        return []
    if test.folds:
        count = len(test.folds)
        by_seed = [known[first : first + count] for first in range(0, len(known), count)]
        known = [pooled for own in by_seed if (pooled := _pooled(own, test))]
    whole = [own for own in known if own.utterances == len(test.truth)]
    return whole if len(whole) == len(group.seeds) else []


def _pooled(folds: Sequence[Answers], test: TestSet) -> Answers | None:
    """Returns a seed's answers in all folds as those to their test parts together."""
    alike = [key for key in folds[0].probabilities if all(key in own.scores for own in folds)]
    found = {key: np.concatenate([own.probabilities[key] for own in folds]) for key in alike}
    if not found or any(len(own) != len(test.truth) for own in found.values()):
        return None
    told = [_scored(key, folds, test, own) for key, own in found.items()]
    return Answers(replace(folds[0].record, answers=tuple(told)), found)


def _scored(
    key: tuple[float, int], folds: Sequence[Answers], test: TestSet, answers: np.ndarray
) -> DamagedScores:
    scores = score(test.answered(answers))
    missing = np.average(
        [own.scores[key].missing for own in folds], weights=[own.utterances for own in folds]
    )
    return replace(
        folds[0].scores[key], missing=float(missing), scores=dict(scores.values) if scores else {}
    )


def _shared(
    answers: Sequence[Answers],
    damage: Damage,
    levels: Iterable[float] | None,
    draws: int | None,
) -> dict[float, list[int]]:
    """Returns the levels that all answers have, from the least damage on, with their draws."""
    if not answers:
        return {}
    pairs = set.intersection(*(set(own.probabilities) for own in answers))
    chosen = damage.in_order(levels if levels is not None else (level for level, _ in pairs))
    found = {
        level: sorted(n for own, n in pairs if own == level and (draws is None or n < draws))
        for level in chosen
    }
    return {level: own for level, own in found.items() if own}


def _curve(
    test: TestSet,
    group: Group,
    answers: Sequence[Answers],
    by_level: Mapping[float, Sequence[int]],
    resamples: Resamples,
    damage: Damage,
) -> Curve:
    measured, told = {}, {}
    for level, draws in by_level.items():
        every = [[own.probabilities[level, draw] for draw in draws] for own in answers]
        measured[level] = measure(test, np.array(every), resamples)
        told[level] = [own.scores[level, draw] for own in answers for draw in draws]
    clean = measured[damage.clean]
    names = [own.name for own in metrics_of(test.target)]
    points = tuple(
        _point(level, names, told[level], found, clean.minus(found))
        for level, found in measured.items()
    )
    modalities = {key.split(":")[0] for key in group.features}
    return Curve(group, points, _areas(measured), modalities == {damage.modality})


def _point(
    level: float,
    metrics: Sequence[str],
    told: Sequence[DamagedScores],
    found: Measured,
    lost: Measured,
) -> Point:
    return Point(
        level=level,
        missing=mean(own.missing for own in told),
        scores={name: _mean([own.scores.get(name) for own in told]) for name in metrics},
        estimates=found.estimates(),
        losses=lost.estimates(),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else None


def _areas(measured: Mapping[float, Measured]) -> dict[str, Estimate] | None:
    """Returns the mean scores over finite levels by the trapezoidal rule."""
    levels = np.array([level for level in measured if np.isfinite(level)])
    if len(levels) < 2:
        return None
    steps = np.abs(np.diff(levels)) / abs(levels[-1] - levels[0])
    weights = (np.append(steps, 0) + np.append(0, steps)) / 2
    return combined([measured[level] for level in levels], weights.tolist()).estimates()
