"""How often two equal models are called different, on simulated test sets.

Utterances of a dialogue are right or wrong together, and trainings of one model may differ.
Prints the share of false alarms at 5 %, for McNemar's test, for the permutation of dialogues, and
for the rule of the tables (permutation and an interval without 0), by number of seeds.
"""

import numpy as np
from ercbench.evaluation.statistics.resampling import (
    bootstrap,
    draw_dialogues,
    draw_seeds,
    draw_swaps,
    permutation_p,
)
from rich.console import Console
from rich.table import Table
from statsmodels.stats.contingency_tables import mcnemar

from ercbench.evaluation.compare.groups import TestSet
from ercbench.evaluation.statistics.analysis import ALPHA
from ercbench.evaluation.statistics.scores import sum_by_dialogue

SETS, DRAWS = 1000, 999
DIALOGUES, LENGTH, CLASSES = 40, 10, 4
# Standard deviation of a training's accuracy around its model's.
TRAINING_NOISE = 0.03


def main() -> None:
    """Prints the table."""
    table = Table(title=f"false alarms in {SETS} simulated test sets, per cent")
    for column in ("trainings differ", "seeds", "McNemar", "permutation", "rule of the tables"):
        table.add_column(column, justify="right")
    for noise in (0.0, TRAINING_NOISE):
        for seeds in (1, 3, 5, 10):
            rates = false_alarms(noise, seeds, np.random.default_rng(0))
            shares = [f"{100 * rate:.1f}" for rate in rates]
            table.add_row(f"sd {100 * noise:.0f} points", str(seeds), *shares)
    Console(width=100).print(table)


def false_alarms(noise: float, seeds: int, rng: np.random.Generator) -> np.ndarray:
    """Returns the rates of the three tests' false alarms, by accuracy."""
    weights, swaps = draw_dialogues(DIALOGUES, DRAWS, rng), draw_swaps(DIALOGUES, DRAWS, rng)
    found = []
    for _ in range(SETS):
        test, said = two_equal_models(noise, seeds, rng)
        sums = [sum_by_dialogue(test, np.eye(CLASSES, dtype=np.float32)[own]) for own in said]
        p = permutation_p(sums[0], sums[1], swaps)["accuracy"]
        one, two = (
            bootstrap(own, weights, draw_seeds(seeds, DRAWS, rng)).mean["accuracy"] for own in sums
        )
        low, high = np.quantile(one - two, [ALPHA / 2, 1 - ALPHA / 2])
        apart = low > 0 or high < 0
        found.append((by_utterance(test, said) <= ALPHA, p <= ALPHA, p <= ALPHA and apart))
    return np.mean(found, axis=0)


def two_equal_models(
    noise: float, seeds: int, rng: np.random.Generator
) -> tuple[TestSet, np.ndarray]:
    """Returns a test set and what two trainings of one model say, [2, S, N].

    Each model has its own luck with a dialogue, the same for all its seeds.
    """
    truth = rng.integers(0, CLASSES, DIALOGUES * LENGTH)
    luck = rng.beta(6, 3, (2, 1, DIALOGUES)) + rng.normal(0, noise, (2, seeds, 1))
    right = rng.random((2, seeds, len(truth))) < np.repeat(luck, LENGTH, axis=2)
    said = np.where(right, truth, (truth + rng.integers(1, CLASSES, right.shape)) % CLASSES)
    nothing, names = np.full(len(truth), ""), np.repeat(np.arange(DIALOGUES), LENGTH).astype(str)
    labels = tuple("abcd")
    test = TestSet("simulated", "s", True, labels, names, nothing, nothing, nothing, truth)
    return test, said


def by_utterance(test: TestSet, said: np.ndarray) -> float:
    """Returns McNemar's p of the majorities over seeds."""
    votes = np.eye(CLASSES, dtype=int)[said].sum(1).argmax(-1)
    one, two = votes == test.truth
    table = np.array([[one & two, one & ~two], [~one & two, ~one & ~two]]).sum(-1)
    return float(mcnemar(table, exact=True).pvalue)


if __name__ == "__main__":
    main()
