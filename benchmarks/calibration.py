"""How often claims are false, and how often true differences are found, on simulated test sets.

    python benchmarks/calibration.py [--sets 400] [--old 120] [--out docs/calibration]

A large family of equal models, ten trainings each, answers a test set; smaller families and fewer
seeds are parts of it. Utterances of a dialogue are right or wrong together, some are hard for
everybody, models err alike, and trainings of a model differ. Written as csv: the share of families
with any two equal models told apart, and how often one better model is told apart from another, by
the rule of the tables and by the old one: Holm's p of the permutation of dialogues, and a
percentile interval over dialogues and seeds without 0.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ercbench.evaluation.figures.style import BLUE, GREY, VERMILLION, panels, save, styled
from ercbench.evaluation.statistics.family import ALPHA, MANY, Sampling, critical, errors
from ercbench.evaluation.statistics.scores import DialogueSums
from ercbench.files import replacing
from ercbench.metrics import label_counts

DIALOGUES, MODELS, SEEDS = (31, 93, 280), (2, 5, 10), (3, 5, 10)
# Standard deviations over trainings, and true differences, in points of weighted F1.
NOISES, DIFFERENCES = (0.0, 1.0, 2.4), (0, 1, 2, 3, 4, 5, 6)
# Of the labels; IEMOCAP's, about.
PRIOR = (0.09, 0.15, 0.24, 0.11, 0.18, 0.23)
UTTERANCES = 2000
# Points of weighted F1 that a standard deviation of what utterances are liked by is worth.
POINTS = 33.0
OLD_DRAWS = 999
LOOKS: dict[str, dict[str, Any]] = {
    "tables": {"color": BLUE, "marker": "o", "markersize": 4},
    "before": {"color": VERMILLION, "marker": "d", "markersize": 4},
}


@dataclass(frozen=True)
class Drawn:
    """What is known of M models with S seeds each on one test set of D dialogues.

    Attributes:
        scores: [M, S] weighted F1.
        influences: [D, M, S] of the dialogues on it.
    """

    scores: np.ndarray
    influences: np.ndarray

    def part(self, models: slice, seeds: slice) -> "Drawn":
        """Returns some models with some of their seeds."""
        return Drawn(self.scores[models, seeds], self.influences[:, models, seeds])

    def parts(self, models: int, seeds: int) -> Iterator["Drawn"]:
        """Yields families of this size that have no training in common."""
        every = self.scores.shape
        for first in range(0, every[0] - models + 1, models):
            for seed in range(0, every[1] - seeds + 1, seeds):
                yield self.part(slice(first, first + models), slice(seed, seed + seeds))


def draw(
    dialogues: int,
    noise: float,
    rng: np.random.Generator,
    models: int = 10,
    utterances: int = UTTERANCES,
) -> Drawn:
    """Draws a test set and the answers of equal models, ten trainings each."""
    seeds, classes = 10, len(PRIOR)
    lengths = np.maximum(rng.gamma(3, utterances / dialogues / 3, dialogues).round(), 1).astype(int)
    own = np.repeat(np.arange(dialogues), lengths)
    truth = rng.choice(classes, len(own), p=PRIOR)

    def normal(scale: float, *shape: int) -> np.ndarray:
        return scale * rng.standard_normal(shape, dtype=np.float32)

    easy = 0.45 + normal(0.3, dialogues)[own] + normal(0.6, len(own)) + normal(0.3, classes)[truth]
    liked = easy + normal(0.15, models, dialogues)[:, own] + normal(0.35, models, len(own))
    trained = normal(noise / POINTS, models, seeds, 1)
    trained = trained + normal(0.1, models, seeds, dialogues)[..., own]
    right = liked[:, None] + trained + normal(0.65, models, seeds, len(own)) > 0
    said = np.where(right, truth, (truth + rng.integers(1, classes, right.shape)) % classes)
    sums = DialogueSums({label_counts: _counts(truth, said.reshape(-1, len(own)), own)})
    shape = (models, seeds)
    return Drawn(
        sums.scores()["weighted_f1"].reshape(shape),
        sums.influences()["weighted_f1"].reshape(dialogues, *shape),
    )


def _counts(truth: np.ndarray, said: np.ndarray, dialogue: np.ndarray) -> np.ndarray:
    """Returns label counts [D, R, 3 C] of [R, N] answers."""
    runs, classes, dialogues = len(said), len(PRIOR), dialogue.max() + 1
    cells = (dialogue * runs + np.arange(runs)[:, None]) * classes

    def counted(labels: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        places = (cells + labels).ravel()
        found = np.bincount(places, mask, dialogues * runs * classes)
        return found.reshape(dialogues, runs, classes)

    hits = counted(said, (said == truth).ravel())
    return np.concatenate([hits, counted(said), counted(truth)], axis=-1)


def compared(families: Sequence[Drawn]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the differences of R families' pairs, and beyond what the tables tell apart: [R, P].

    The quantile of thousands of pairs is interpolated between 500 degrees of freedom.

    Args:
        families: Of one size.
    """
    scores = np.stack([own.scores for own in families])
    models, seeds = scores.shape[1:]
    dialogues = len(families[0].influences)
    covariance = [np.cov(own.influences.mean(2), rowvar=False) / dialogues for own in families]
    sampling = Sampling(
        np.stack(covariance), scores.var(2, ddof=1), np.full(models, seeds), dialogues
    )
    error, freedom = errors(sampling)
    nodes = np.geomspace(1, MANY, 500)
    quantiles = np.interp(np.log(freedom), np.log(nodes), critical(models, nodes))
    return _gaps(scores.mean(2)), quantiles * error


def compared_as_before(family: Drawn, rng: np.random.Generator) -> np.ndarray:
    """Returns [differences, P], what the old rule tells apart if the first model is that better.

    F1 is taken for the sum of its dialogues' influences.
    """
    dialogues, models, seeds = family.influences.shape
    parts = family.influences + family.scores
    gaps = _gaps(parts.mean(2)) / dialogues
    signs = rng.choice((-1.0, 1.0), (OLD_DRAWS, dialogues))
    weights = rng.multinomial(dialogues, np.full(dialogues, 1 / dialogues), OLD_DRAWS) / dialogues
    drawn = np.tensordot(weights, parts, 1)
    shares = rng.multinomial(seeds - 1, np.full(seeds, 1 / seeds), (OLD_DRAWS, models))
    low, high = np.quantile(
        _gaps((drawn * shares).sum(2) / (seeds - 1)), (ALPHA / 2, 1 - ALPHA / 2), axis=0
    )
    swapped, ahead = signs @ gaps, signs.mean(1, keepdims=True) * _of_first(models)
    found = []
    for points in DIFFERENCES:
        shift = points / 100 * _of_first(models)
        as_large = np.abs(swapped + points / 100 * ahead) >= np.abs(gaps.sum(0) + shift)
        p = (as_large.sum(0) + 1) / (OLD_DRAWS + 1)
        found.append((_holm(p) < ALPHA) & ((low + shift > 0) | (high + shift < 0)))
    return np.array(found)


def _holm(p: np.ndarray) -> np.ndarray:
    """Returns p corrected over a family (Holm 1979); statsmodels' collects garbage each time."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order])
    return np.asarray(stepped[np.argsort(order)])


def _gaps(means: np.ndarray) -> np.ndarray:
    """Returns the differences [..., P] of every pair of [..., M]."""
    first, second = np.triu_indices(means.shape[-1], 1)
    return means[..., first] - means[..., second]


def _of_first(models: int) -> np.ndarray:
    """Returns [P], 1 for pairs of the first model and 0 for others."""
    return (np.triu_indices(models, 1)[0] == 0).astype(float)


@dataclass(frozen=True)
class Rate:
    """A row of the results.

    Attributes:
        dialogues: Of the test set.
        noise: Standard deviation over trainings in points.
        models: Of the family.
        seeds: Of each model.
        rule: `tables`, or `before`.
        difference: By how many points one model is better than all others.
        families: That were drawn.
        told_apart: Per cent of families with any false claim where the difference is 0, else per
            cent of the better model's pairs that are told apart.
    """

    dialogues: int
    noise: float
    models: int
    seeds: int
    rule: str
    difference: int
    families: int
    told_apart: float


def rates(
    dialogues: int, noise: float, sets: int, old: int, rng: np.random.Generator
) -> Iterator[Rate]:
    """Yields the rows of all family sizes and numbers of seeds."""
    every = [draw(dialogues, noise, rng) for _ in range(sets)]
    for models, seeds in product(MODELS, SEEDS):
        families = [part for own in every for part in own.parts(models, seeds)]
        gaps, limits = compared(families)
        shifts = np.array(DIFFERENCES)[:, None, None] / 100 * _of_first(models)
        some = families[:: max(len(families) // old, 1)]
        before = np.stack([compared_as_before(own, rng) for own in some], axis=1)
        for rule, found in (("tables", np.abs(gaps + shifts) > limits), ("before", before)):
            for points, told in zip(DIFFERENCES, found, strict=True):
                share = told[:, : models - 1].mean() if points else told.any(1).mean()
                percent = round(100 * float(share), 1)
                yield Rate(dialogues, noise, models, seeds, rule, points, len(told), percent)


def draw_figures(rows: Sequence[Rate], folder: Path) -> None:
    """Draws false claims and power, a panel for each number of dialogues and noise of trainings."""
    figures = {
        "false-claims": (_false_claims, "seeds of each model", "tables with a false claim, %"),
        "power": (_power, "true difference, points of weighted F1", "told apart, %"),
    }
    for name, (plot, x, y) in figures.items():
        with styled():
            figure, every = panels(len(DIALOGUES) * len(NOISES), (2.6, 2.0), columns=3)
            cells = product(DIALOGUES, NOISES)
            for axes, (dialogues, noise) in zip(every, cells, strict=True):
                own = [r for r in rows if (r.dialogues, r.noise) == (dialogues, noise)]
                plot(axes, own)
                axes.set_title(f"{dialogues} dialogues, trainings ± {noise:g}")
            every[0].legend(loc="upper left")
            figure.supxlabel(x, fontsize=9)
            figure.supylabel(y, fontsize=9)
        save(figure, folder / name)


def _false_claims(axes: Axes, rows: Sequence[Rate]) -> None:
    """Draws five equal models, by seeds."""
    axes.axhline(100 * ALPHA, color=GREY, linewidth=0.8, linestyle="--")
    for rule, look in LOOKS.items():
        found = [r for r in rows if (r.rule, r.models, r.difference) == (rule, 5, 0)]
        x, y = [str(r.seeds) for r in found], [r.told_apart for r in found]
        axes.plot(x, y, label=rule, **look)
    axes.set_ylim(0, 40)


def _power(axes: Axes, rows: Sequence[Rate]) -> None:
    """Draws one better model among five, by the true difference."""
    axes.axhline(80, color=GREY, linewidth=0.8, linestyle="--")
    for seeds, style in zip(SEEDS, (":", "--", "-"), strict=True):
        found = [r for r in rows if (r.rule, r.models, r.seeds) == ("tables", 5, seeds)]
        x, y = [r.difference for r in found[1:]], [r.told_apart for r in found[1:]]
        axes.plot(x, y, color=BLUE, linestyle=style, label=f"{seeds} seeds")
    axes.set_ylim(0, 100)


def main() -> None:
    """Writes the rates and draws them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--old", type=int, default=120)
    parser.add_argument("--out", type=Path, default=Path("docs/calibration"))
    arguments = parser.parse_args()
    rows: list[Rate] = []
    for number, (dialogues, noise) in enumerate(product(DIALOGUES, NOISES)):
        rng = np.random.default_rng(number)
        rows += rates(dialogues, noise, arguments.sets, arguments.old, rng)
        print(f"{dialogues} dialogues, sd {noise}: done", flush=True)
    with replacing(arguments.out / "calibration.csv") as path, path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(own.name for own in fields(Rate))
        writer.writerows(astuple(row) for row in rows)
    draw_figures(rows, arguments.out)


if __name__ == "__main__":
    main()
