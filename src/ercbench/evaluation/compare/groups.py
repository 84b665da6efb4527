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
from ercbench.evaluation.compare.naming import differences, names
from ercbench.evaluation.tables.wording import corpus_title
from ercbench.metrics import previous_labels
from ercbench.records.reading import StoredRun, read_runs
from ercbench.records.run_record import RunRecord
from ercbench.records.scores import Scores


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

    __test__ = False  # for pytest, no class of tests

    @cached_property
    def previous(self) -> np.ndarray:
        """[N] label of the speaker's last labelled utterance in the dialogue, or -1."""
        return previous_labels(self.conversations, self.speakers, self.truth)

    @property
    def title(self) -> str:
        """What the corpus is called in tables and figures."""
        return corpus_title(self.corpus, len(self.labels), self.simulated)


@dataclass(frozen=True)
class Group:
    """Runs that nothing but the seed tells apart, and one of their outputs.

    Attributes:
        name: Unique in its comparison, short and readable.
        model: Name of the model's class.
        output: `final`, or the name of another output: a stage, or the ensemble.
        features: Names of the feature sets.
        differences: Settings in which it differs from its model's other groups.
        runs: Their records, by seed.
        scores: Of this output on test, computed from the predictions, by seed.
        probabilities: [S, N, C] float32.
        folders: Where the runs lie, by seed.
    """

    name: str
    model: str
    output: str
    features: tuple[str, ...]
    differences: dict[str, str]
    runs: tuple[RunRecord, ...]
    scores: tuple[Scores, ...]
    probabilities: np.ndarray
    folders: tuple[Path, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, ascending."""
        return tuple(run.setup.seed for run in self.runs)

    @property
    def predictions(self) -> np.ndarray:
        """[S, N] index of the likeliest label."""
        return self.probabilities.argmax(-1)


@dataclass(frozen=True)
class Comparison:
    """Groups on the same test part, whatever features they were given.

    Attributes:
        test: The test part.
        groups: By name.
        warnings: What to know before believing any of it, in plain words.
    """

    test: TestSet
    groups: tuple[Group, ...]
    warnings: tuple[str, ...]

    def missing_seeds(self, group: Group) -> tuple[int, ...]:
        """Returns the seeds that other groups have and this one has not, ascending."""
        every = {seed for other in self.groups for seed in other.seeds}
        return tuple(sorted(every - set(group.seeds)))


def read_comparisons(folder: Path) -> list[Comparison]:
    """Reads the runs of a folder and puts together what can be compared.

    Runs are compared if they have the same data, split and labels, and averaged only if nothing
    but the seed tells them apart. Whether an epoch was also chosen on test beside the honest
    choice (`protocol.as_released`) does not tell them apart: the honest numbers are the same.

    Raises:
        ErcbenchError: The folder is not there or holds no run that can be used.
    """
    runs, warnings = read_runs(folder)
    parts = by_test_part(runs)
    return [_comparison(part, warnings + apart(part, parts)) for part in parts]


def _comparison(runs: Sequence[StoredRun], warnings: Sequence[str]) -> Comparison:
    runs, refused = same_utterances(runs)
    chosen = [one_per_seed(variant) for variant in by_variant(runs)]
    kept = [seeds for seeds, _ in chosen]
    said = [warning for _, own in chosen for warning in own]
    groups = tuple(sorted(_groups(kept), key=lambda group: group.name))
    comparison = Comparison(_test_set(runs), groups, ())
    notes = [*warnings, *refused, *said, *versions(runs), *_seeds(comparison)]
    return replace(comparison, warnings=tuple(notes))


def _test_set(runs: Sequence[StoredRun]) -> TestSet:
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
    )


def _groups(variants: Sequence[Sequence[StoredRun]]) -> Iterable[Group]:
    setups = [variant[0].record.setup for variant in variants]
    for variant, setup, name in zip(variants, setups, names(setups), strict=True):
        for output in variant[0].probabilities:
            yield Group(
                name=name.of(output),
                model=setup.model,
                output=output,
                features=setup.feature_keys,
                differences=differences(setup, setups),
                runs=tuple(run.record for run in variant),
                scores=tuple(run.scores[output] for run in variant),
                probabilities=np.stack([run.probabilities[output] for run in variant]),
                folders=tuple(run.folder for run in variant),
            )


def _seeds(comparison: Comparison) -> list[str]:
    warnings = []
    for group in (group for group in comparison.groups if group.output == "final"):
        missing = comparison.missing_seeds(group)
        if missing:
            listed = ", ".join(map(str, missing))
            warnings.append(f"{group.name}: no run of seed {listed}, which other models have.")
    return warnings
