"""Statistics of metrics per dialogue, which can be added, weighted and swapped."""

from dataclasses import dataclass

import numpy as np

from ercbench.evaluation.compare.test_set import TestSet
from ercbench.metrics import METRICS, Statistics, compared


@dataclass(frozen=True)
class DialogueSums:
    """All that the compared metrics need to know of S runs on D dialogues.

    Attributes:
        sums: Statistics to [D, S, K], added up over the utterances of each dialogue.
    """

    sums: dict[Statistics, np.ndarray]

    @property
    def dialogues(self) -> int:
        """D."""
        return len(next(iter(self.sums.values())))

    def scores(self) -> dict[str, np.ndarray]:
        """Returns metric to [S], over the whole test set."""
        return scores_of({own: sums.sum(0) for own, sums in self.sums.items()})

    def influences(self) -> dict[str, np.ndarray]:
        """Returns metric to [D, S], how far each dialogue moves each run's score.

        They are the jackknife's: (D - 1) times what the score loses without the dialogue, around
        their mean. Their variance divided by D is that of the score over test sets of D dialogues
        (Efron and Stein 1981).
        """
        exact = {own: sums.astype(np.float64) for own, sums in self.sums.items()}
        without = scores_of({own: sums.sum(0) - sums for own, sums in exact.items()})
        return {
            name: (self.dialogues - 1) * (scores.mean(0) - scores)
            for name, scores in without.items()
        }


def sum_by_dialogue(test: TestSet, probabilities: np.ndarray) -> DialogueSums:
    """Adds up [S, N, C] predictions by dialogue; utterances without a label do not count."""
    known = test.truth >= 0
    names, dialogue = np.unique(test.conversations[known], return_inverse=True)
    runs = [test.answered(own) for own in probabilities]

    def added(statistics: Statistics) -> np.ndarray:
        rows = np.stack([statistics(run) for run in runs], axis=1)
        sums = np.zeros((len(names), *rows.shape[1:]), rows.dtype)
        np.add.at(sums, dialogue, rows)
        return sums

    needed = dict.fromkeys(METRICS[name].statistics for name in compared(test.target))
    return DialogueSums({statistics: added(statistics) for statistics in needed})


def total(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Adds up [D, …] sums with [B, D] weights, to [B, …]."""
    flat = weights @ sums.reshape(len(sums), -1)
    return flat.reshape(len(weights), *sums.shape[1:])


def scores_of(sums: dict[Statistics, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns compared metric to [...], of statistics to [..., K] sums."""
    return {
        metric.name: metric.score(sums[metric.statistics])
        for metric in METRICS.values()
        if metric.compared and metric.statistics in sums
    }
