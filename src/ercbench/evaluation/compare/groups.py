"""Runs put together: a model's seeds to a group, groups on one test part to a comparison."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ercbench.evaluation.compare.comparable import (
    apart,
    by_test_part,
    by_variant,
    one_per_seed,
    same_utterances,
    versions,
)
from ercbench.evaluation.compare.crossing import crossing
from ercbench.evaluation.compare.naming import differences, names
from ercbench.evaluation.tables.wording import corpus_title
from ercbench.evaluation.tuning.budget import (
    BY_HAND,
    UNKNOWN,
    Budget,
    budget_of,
)
from ercbench.metrics import (
    MAIN,
    METRICS,
    SCORE_CLASSES,
    Metric,
    Predictions,
    Target,
    labelled,
    likeliest,
    previous_labels,
)
from ercbench.records.evaluation_record import EvaluationRecord
from ercbench.records.reading import StoredRun, read_runs, true_scores
from ercbench.records.run_record import RunRecord, RunSetup
from ercbench.records.scores import Scores, score
from ercbench.records.study import StudyRecord


@dataclass(frozen=True)
class TestSet:
    """The test part of a comparison: N utterances in the corpus' order.

    Attributes:
        corpus: Its name.
        split: Name of the split whose test part this is.
        simulated: Whether the corpus is simulated.
        labels: C label names.
        conversations: [N] id of each utterance's conversation.
        utterances: [N] id of each utterance.
        speakers: [N] speaker of each utterance.
        texts: [N] what was said, empty where the records do not have it.
        truth: [N] index of the true label, -1 where there is none.
        trained_on: Title of what the models were trained on, if it is something else.
        notes: What every table has to say of that.
        folds: Names of the splits whose test parts were put together; none for one split.
        scores: [N] the true score, NaN where there is none, if scores are predicted; labels are
            then their classes. None where labels are.
    """

    corpus: str
    split: str
    simulated: bool
    labels: tuple[str, ...]
    conversations: np.ndarray
    utterances: np.ndarray
    speakers: np.ndarray
    texts: np.ndarray
    truth: np.ndarray
    trained_on: str = ""
    notes: tuple[str, ...] = ()
    folds: tuple[str, ...] = ()
    scores: np.ndarray | None = None

    __test__ = False  # for pytest, no class of tests

    @cached_property
    def previous(self) -> np.ndarray:
        """[N] label of the speaker's last labelled utterance in the dialogue, or -1."""
        return previous_labels(self.conversations, self.speakers, self.truth)

    @property
    def target(self) -> Target:
        """Whether labels or scores are predicted."""
        return "labels" if self.scores is None else "score"

    @property
    def main(self) -> Metric:
        """The metric by which models are ranked."""
        return METRICS[MAIN[self.target]]

    def answered(self, answers: np.ndarray) -> Predictions:
        """Returns [N, C] or [N, 1] answers to its labelled utterances, beside the truth."""
        return labelled(self.truth, answers, self.previous, self.scores)

    @property
    def title(self) -> str:
        """What the corpus is called in tables and figures."""
        own = corpus_title(self.corpus, len(self.labels), self.simulated, self.target)
        return f"{self.trained_on} → {own}" if self.trained_on else own

    @property
    def part(self) -> str:
        """Which part of the corpus it is, in words."""
        return f"{len(self.folds)} folds pooled" if self.folds else f"split {self.split}"


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
    """

    test: TestSet
    groups: tuple[Group, ...]
    warnings: tuple[str, ...]
    studies: tuple[StudyRecord, ...] = ()

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


def read_comparisons(folder: Path) -> list[Comparison]:
    """Reads the runs of a folder and puts together what can be compared.

    Runs are compared if they have the same data, split and labels, and averaged only if nothing
    but the seed tells them apart. Whether an epoch was also chosen on test beside the honest
    choice (`protocol.as_released`) does not tell them apart: the honest numbers are the same.

    Raises:
        ErcbenchError: The folder is not there or holds no run that can be used.
    """
    return comparisons_of(*read_runs(folder))


def comparisons_of(runs: Sequence[StoredRun], warnings: Sequence[str]) -> list[Comparison]:
    """Puts together what can be compared, as `read_comparisons` does.

    Args:
        runs: Any finished runs.
        warnings: Of what was left out, for every comparison.
    """
    parts = by_test_part(list(runs))
    return [_comparison(part, [*warnings, *apart(part, parts)]) for part in parts]


def _trainings(run: StoredRun) -> list[RunRecord]:
    """Returns the record of the training that the answers come from, if it was ours."""
    if isinstance(run.record, EvaluationRecord):
        return [run.record.setup.trained]
    return [run.record] if isinstance(run.record, RunRecord) else []


def _comparison(runs: Sequence[StoredRun], warnings: Sequence[str]) -> Comparison:
    runs, refused = same_utterances(runs)
    chosen = [one_per_seed(variant) for variant in by_variant(runs)]
    kept = [seeds for seeds, _ in chosen]
    said = [warning for _, own in chosen for warning in own]
    groups = tuple(sorted(_groups(kept), key=lambda group: group.name))
    comparison = Comparison(test_set_of(runs), groups, ())
    notes = [*warnings, *refused, *said, *versions(runs), *_seeds(comparison)]
    return replace(comparison, warnings=tuple(notes))


def test_set_of(runs: Sequence[StoredRun]) -> TestSet:
    """Returns the test part that runs were tested on."""
    setup = runs[0].record.setup
    table = max((run.utterances for run in runs), key=lambda utterances: utterances.num_columns)
    index = {label: number for number, label in enumerate(setup.labels)}
    texts = table["text"].to_pylist() if "text" in table.column_names else [""] * len(table)

    def column(name: str) -> np.ndarray:
        return np.array(table[name].to_pylist(), dtype=str)

    return TestSet(
        corpus=setup.corpus,
        split=setup.split,
        simulated=setup.simulated,
        labels=setup.labels,
        conversations=column("conversation"),
        utterances=column("utterance"),
        speakers=column("speaker"),
        texts=np.array([text or "" for text in texts], dtype=str),
        truth=np.array([index.get(label, -1) for label in table["label"].to_pylist()], np.int64),
        scores=true_scores(table) if setup.target == "score" else None,
        **crossing(setup),
    )


def _groups(variants: Sequence[Sequence[StoredRun]]) -> Iterable[Group]:
    setups = [variant[0].record.setup for variant in variants]
    for variant, setup, name in zip(variants, setups, names(setups), strict=True):
        for output in variant[0].probabilities:
            yield Group.of_runs(name.of(output), variant, output, differences(setup, setups))


def _seeds(comparison: Comparison) -> list[str]:
    warnings = []
    for group in (group for group in comparison.groups if group.output == "final"):
        missing = comparison.missing_seeds(group)
        if missing:
            listed = ", ".join(map(str, missing))
            warnings.append(f"{group.name}: no run of seed {listed}, which other models have.")
    return warnings
