"""Models beside each other, ours or anybody's, with the statistics of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ercbench.api.groups import group_of_runs, same_test_part
from ercbench.api.run import Run
from ercbench.console import wide_console
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.groups import Comparison, Group, brought_along
from ercbench.evaluation.compare.studies import with_studies
from ercbench.evaluation.compare.test_set import TestSet
from ercbench.evaluation.statistics.analysis import analyse
from ercbench.evaluation.statistics.results import Analysis, Pair
from ercbench.evaluation.tables.conclusion import conclusion
from ercbench.evaluation.tables.table import Table
from ercbench.evaluation.tables.tables import tables
from ercbench.evaluation.tables.terminal import print_table
from ercbench.files import expanded
from ercbench.records.adding.fitting import checked_probabilities
from ercbench.records.adding.scores import checked_scores
from ercbench.records.scores import score
from ercbench.records.study import read_studies

Answers = Run | Sequence[Run] | np.ndarray
"""A run, its seeds, or probabilities: [N, C], or [S, N, C] of S seeds."""


@dataclass(frozen=True)
class Compared:
    """What a comparison comes to.

    Attributes:
        comparison: Who was compared, on which test part.
        analysis: Estimates with intervals, and every pair.
    """

    comparison: Comparison
    analysis: Analysis

    @property
    def conclusion(self) -> str:
        """Which model is better, or that none is, in a sentence."""
        return conclusion(self.comparison, self.analysis)

    @property
    def tables(self) -> list[Table]:
        """All tables, as in the report."""
        return tables(self.comparison, self.analysis)

    def pairs(self, metric: str | None = None) -> tuple[Pair, ...]:
        """Returns every pair of models, compared by a metric; by default the main one."""
        return self.analysis.pairs[metric or self.comparison.test.main.name]

    def show(self) -> None:
        """Prints the tables and the conclusion."""
        console = wide_console()
        for table in self.tables:
            print_table(console, table)
        console.print(self.conclusion)


def compare(
    models: Mapping[str, Answers],
    test: TestSet | None = None,
    studies: str | Path = "studies",
) -> Compared:
    """Compares answers to the same test part, whole dialogues resampled.

    Runs of all folds of a corpus are pooled: each conversation is tested once.

    Args:
        models: Name to the model's runs or probabilities. What is no run of ours is marked as
            brought along: how its epoch was chosen is unknown.
        test: The test part, such as `run.test_set`; None for that of the first runs, or for
            that of their folds together.
        studies: Folder of the tuning studies, which say how large a model's tuning budget was;
            it may be absent.

    Raises:
        ErcbenchError: Runs are of another test part, or lack a fold, or probabilities do not fit.
    """
    if not models:
        raise ErcbenchError("models: found none; expected at least one. Give a name and a run.")
    test = test or _test_set(models)
    groups = [_group(name, answers, test) for name, answers in models.items()]
    comparison = Comparison(test, tuple(sorted(groups, key=lambda group: group.name)), ())
    comparison = with_studies(comparison, read_studies(expanded(studies)))
    return Compared(comparison, analyse(comparison))


def evaluate(probabilities: np.ndarray, test: TestSet) -> dict[str, float | None]:
    """Returns metric to score of [N, C] probabilities on a test part, None where not defined.

    Raises:
        ErcbenchError: They do not fit it, or it has no labels.
    """
    own = _checked("probabilities", probabilities, test)[0]
    scores = score(test.answered(own))
    if scores is None:
        raise ErcbenchError(f"{test.corpus}: the test part has no labels, so there are no scores.")
    return dict(scores.values)


def _group(name: str, answers: Answers, test: TestSet) -> Group:
    if isinstance(answers, np.ndarray):
        return brought_along(name, _checked(name, answers, test), test)
    group, own = group_of_runs(name, _runs(answers))
    if not same_test_part(own, test):
        raise ErcbenchError(
            f"{name}: {group.folders[0]} was tested on other utterances or labels than the test "
            "part given. Compare runs on the same split of the same corpus."
        )
    return group


def _test_set(models: Mapping[str, Answers]) -> TestSet:
    """Returns the test part of the first runs among the answers."""
    for name, answers in models.items():
        if not isinstance(answers, np.ndarray):
            return group_of_runs(name, _runs(answers))[1]
    raise ErcbenchError("test: not given, and no model has runs. Give the test part.")


def _runs(answers: Run | Sequence[Run]) -> list[Run]:
    return [answers] if isinstance(answers, Run) else list(answers)


def _checked(name: str, given: np.ndarray, test: TestSet) -> np.ndarray:
    """Returns [S, N, C] probabilities that fit the test part."""
    found, scored = np.asarray(given, np.float32), test.target == "score"
    if scored and found.shape[-1:] == (len(test.utterances),):
        found = found[..., None]
    found = found[None] if found.ndim == 2 else found
    expected = (len(test.utterances), 1 if scored else len(test.labels))
    if found.ndim != 3 or found.shape[1:] != expected:
        raise ErcbenchError(
            f"{name}: probabilities have shape {list(np.shape(given))}; expected "
            f"{list(expected)}, a row per utterance of the test part and a column per label. Order "
            "them as test.utterances and test.labels."
        )
    if scored:
        return checked_scores(name, found, test.utterances.tolist())
    return checked_probabilities(name, found, test.utterances.tolist())
