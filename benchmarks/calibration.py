"""How often two equal models are called different, on simulated test sets.

Utterances of a dialogue are right or wrong together, and trainings of one model differ. Prints
the share of false alarms at 5 %, for McNemar's test, for the permutation of dialogues, and for
the rule of the tables (permutation and an interval without 0), by number of seeds.
"""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from ercbench.evaluation.groups import Comparison, Group, TestSet
from ercbench.evaluation.statistics import ALPHA, analyse

SETS, DRAWS = 1000, 999
DIALOGUES, LENGTH, CLASSES = 40, 10, 4
# Standard deviation of a training's accuracy around its model's.
TRAINING_NOISE = 0.01


def main() -> None:
    """Prints the table."""
    table = Table(title=f"false alarms in {SETS} simulated test sets, per cent")
    for column in ("trainings differ", "seeds", "McNemar", "permutation", "rule of the tables"):
        table.add_column(column, justify="right")
    for noise in (0.0, TRAINING_NOISE):
        for seeds in (1, 3, 5, 10):
            rates = false_alarms(noise, seeds, np.random.default_rng(0))
            shares = [f"{100 * rate:.1f}" for rate in rates]
            table.add_row(f"sd {100 * noise:.0f} point", str(seeds), *shares)
    Console(width=100).print(table)


def false_alarms(noise: float, seeds: int, rng: np.random.Generator) -> np.ndarray:
    """Returns the rates of the three tests' false alarms."""
    found = []
    for _ in range(SETS):
        (pair,) = analyse(two_equal_models(noise, seeds, rng), DRAWS).pairs["accuracy"]
        found.append((pair.p_mcnemar <= ALPHA, pair.p <= ALPHA, pair.significant))
    return np.mean(found, axis=0)


def two_equal_models(noise: float, seeds: int, rng: np.random.Generator) -> Comparison:
    """Returns trainings of one model under two names, each with its own luck per dialogue."""
    truth = rng.integers(0, CLASSES, DIALOGUES * LENGTH)
    luck = rng.beta(6, 3, (2, 1, DIALOGUES)) + rng.normal(0, noise, (2, seeds, 1))
    right = rng.random((2, seeds, len(truth))) < np.repeat(luck, LENGTH, axis=2)
    said = np.where(right, truth, (truth + rng.integers(1, CLASSES, right.shape)) % CLASSES)
    nothing, dialogues = (
        np.full(len(truth), ""),
        np.repeat(np.arange(DIALOGUES), LENGTH).astype(str),
    )
    labels = tuple("abcd")
    test = TestSet("simulated", "s", True, labels, dialogues, nothing, nothing, nothing, truth)
    return Comparison(test, tuple(map(group, ("one", "two"), said)), ())


def group(name: str, said: np.ndarray) -> Group:
    """Returns a group that is sure of what it says, [S, N]."""
    probabilities = np.eye(CLASSES, dtype=np.float32)[said]
    runs = tuple({"seed": seed} for seed in range(len(said)))
    folders = tuple(Path(f"{name}-{seed}") for seed in range(len(said)))
    return Group(name, name, "final", (), {}, runs, probabilities, folders)


if __name__ == "__main__":
    main()
