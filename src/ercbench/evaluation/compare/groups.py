"""A model's seeds as a group; groups on one test part as a comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ercbench.evaluation.compare.test_set import TestSet
from ercbench.evaluation.tuning.budget import (
    BY_HAND,
    UNKNOWN,
    Budget,
    budget_of,
)
from ercbench.metrics import SCORE_CLASSES, Target, likeliest
from ercbench.records.evaluation_record import EvaluationRecord
from ercbench.records.reading import StoredRun
from ercbench.records.run_record import RunRecord, RunSetup
from ercbench.records.scores import Scores, score
from ercbench.records.study import StudyRecord


@dataclass(frozen=True)
class Group:
    """Runs that nothing but the seed tells apart, and one of their outputs.

    Attributes:
        name: Unique in its comparison, short and readable.
        model: Name of the model's class.
        output: `final`, or the name of another output: a stage, or the ensemble.
        features: Names of the feature sets.
        differences: Settings in which it differs from its model's other groups.
        seeds: The seeds, ascending.
        scores: Of this output on test, computed from the predictions, by seed.
        probabilities: [S, N, C] float32; or [S, N, 1], where scores are predicted.
        runs: Their records, by seed; none if the answers were brought along.
        folders: Where the runs lie, by seed.
        labels_only: Whether the answers are labels, whose probabilities are set to 1.
        budget: What was tried before its settings were chosen.
        target: Whether labels or scores are predicted.
    """

    name: str
    model: str
    output: str
    features: tuple[str, ...]
    differences: dict[str, str]
    seeds: tuple[int, ...]
    scores: tuple[Scores, ...]
    probabilities: np.ndarray
    runs: tuple[RunRecord, ...] = ()
    folders: tuple[Path, ...] = ()
    labels_only: bool = False
    budget: Budget = BY_HAND
    target: Target = "labels"

    @classmethod
    def of_runs(
        cls,
        name: str,
        runs: Sequence[StoredRun],
        output: str = "final",
        differences: dict[str, str] | None = None,
    ) -> "Group":
        """Returns one output of runs that nothing but the seed tells apart, given by seed."""
        setup = runs[0].record.setup
        records = tuple(own for run in runs for own in _trainings(run))
        return cls(
            name=name,
            model=setup.model,
            output=output,
            features=setup.feature_keys,
            differences=differences or {},
            seeds=tuple(run.record.setup.seed for run in runs),
            scores=tuple(run.scores[output] for run in runs),
            probabilities=np.stack([run.probabilities[output] for run in runs]),
            runs=records,
            folders=tuple(run.folder for run in runs),
            labels_only=any(run.labels_only for run in runs),
            budget=budget_of(records[0].setup) if records else UNKNOWN,
            target=setup.target,
        )

    @property
    def setups(self) -> list[RunSetup]:
        """What its runs were asked."""
        return [run.setup for run in self.runs]

    @property
    def brought_along(self) -> bool:
        """Whether no run of ours gave these answers."""
        return not self.runs

    @property
    def predictions(self) -> np.ndarray:
        """[S, N] index of the likeliest label, or of the score's class."""
        return likeliest(self.probabilities, self.target)

    @property
    def has_probabilities(self) -> bool:
        """Whether its answers are probabilities, and neither labels alone nor scores."""
        return not self.labels_only and self.target == "labels"

    @property
    def classes(self) -> int:
        """Number of labels, or of classes of scores."""
        scored = self.target == "score"
        return len(SCORE_CLASSES) if scored else self.probabilities.shape[-1]


@dataclass(frozen=True)
class Comparison:
    """Groups on the same test part, whatever features they were given.

    Attributes:
        test: The test part.
        groups: By name.
        warnings: What to know before believing any of it, in plain words.
        studies: Tuning studies on the same corpus and split.
        ladder: Names of groups, each of which adds something to the one before; none asked for.
    """

    test: TestSet
    groups: tuple[Group, ...]
    warnings: tuple[str, ...]
    studies: tuple[StudyRecord, ...] = ()
    ladder: tuple[str, ...] = ()

    @property
    def fewer_trials(self) -> tuple[Group, ...]:
        """The groups with a smaller tuning budget than another one's, or one that nobody knows."""
        tuned = [group for group in self.groups if group.budget.tunable]
        had = [(group.budget.trials, not group.budget.changed) for group in tuned]
        most = max(((trials or 0, whole) for trials, whole in had), default=None)
        return tuple(group for group, own in zip(tuned, had, strict=True) if own != most)

    def marked(self, name: str) -> str:
        """Returns a group's name, with ‡ if it was brought along and § if it had fewer trials."""
        short = {own.name: "‡" if own.brought_along else "§" for own in self.fewer_trials}
        return f"{name} {short[name]}" if name in short else name

    def missing_seeds(self, group: Group) -> tuple[int, ...]:
        """Returns the seeds that other groups have and this one has not, ascending."""
        every = {seed for other in self.groups for seed in other.seeds}
        return tuple(sorted(every - set(group.seeds)))


def brought_along(name: str, probabilities: np.ndarray, test: TestSet) -> Group:
    """Returns the answers [S, N, C] of somebody else's model as a group."""
    seeds = tuple(range(len(probabilities)))
    scores = scores_by_seed(probabilities, test)
    return Group(
        name,
        *(name, "final", (), {}, seeds, scores, probabilities),
        budget=UNKNOWN,
        target=test.target,
    )


def scores_by_seed(
    probabilities: np.ndarray, test: TestSet, labels_only: bool = False
) -> tuple[Scores, ...]:
    """Returns the scores of [S, N, C] answers to a test part that has labels."""
    found = (score(test.answered(own), labels_only) for own in probabilities)
    return tuple(own for own in found if own is not None)


def _trainings(run: StoredRun) -> list[RunRecord]:
    """Returns the record of the training that the answers come from, if it was ours."""
    if isinstance(run.record, EvaluationRecord):
        return [run.record.setup.trained]
    return [run.record] if isinstance(run.record, RunRecord) else []
