"""Runs put together: the seeds of one model to a group, groups asked the same to a comparison."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ercbench.evaluation.compare.comparable import (
    apart,
    asked_the_same,
    by_questions,
    by_variant,
    one_per_seed,
    versions,
)
from ercbench.evaluation.compare.naming import differences, names
from ercbench.evaluation.tables.wording import corpus_title
from ercbench.records.reading import Record, Result, read_records, scores_of


@dataclass(frozen=True)
class TestSet:
    """What every model of a comparison was asked: N utterances in the corpus' order.

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
        runs: The contents of `result.json`, by seed.
        probabilities: [S, N, C] float32.
        folders: Where the runs lie, by seed.
    """

    name: str
    model: str
    output: str
    features: tuple[str, ...]
    differences: dict[str, str]
    runs: tuple[Result, ...]
    probabilities: np.ndarray
    folders: tuple[Path, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, ascending."""
        return tuple(run["seed"] for run in self.runs)

    @property
    def predictions(self) -> np.ndarray:
        """[S, N] index of the likeliest label."""
        return self.probabilities.argmax(-1)

    @property
    def scores(self) -> tuple[Result, ...]:
        """The recorded test scores of this output, by seed."""
        return tuple(scores_of(run, self.output) for run in self.runs)


@dataclass(frozen=True)
class Comparison:
    """Groups that were asked the same questions, whatever features they were given.

    Attributes:
        test: The questions.
        groups: Who answered, by name.
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
    records, warnings = read_records(folder)
    parts = by_questions(records)
    return [_comparison(part, warnings + apart(part, parts)) for part in parts]


def _comparison(records: Sequence[Record], warnings: Sequence[str]) -> Comparison:
    records, refused = asked_the_same(records)
    chosen = [one_per_seed(variant) for variant in by_variant(records)]
    kept = [seeds for seeds, _ in chosen]
    said = [warning for _, own in chosen for warning in own]
    groups = tuple(sorted(_groups(kept), key=lambda group: group.name))
    comparison = Comparison(_test_set(records), groups, ())
    notes = [*warnings, *refused, *said, *versions(records), *_seeds(comparison)]
    return replace(comparison, warnings=tuple(notes))


def _test_set(records: Sequence[Record]) -> TestSet:
    result = records[0].result
    asked = max((record.asked for record in records), key=lambda asked: asked.num_columns)
    index = {label: number for number, label in enumerate(result["labels"])}
    texts = asked["text"].to_pylist() if "text" in asked.column_names else [""] * len(asked)

    def column(name: str) -> np.ndarray:
        return np.array(asked[name].to_pylist(), dtype=str)

    return TestSet(
        corpus=result["corpus"],
        split=result["split"],
        simulated=result["simulated"],
        labels=tuple(result["labels"]),
        conversations=column("conversation"),
        utterances=column("utterance"),
        speakers=column("speaker"),
        texts=np.array([text or "" for text in texts], dtype=str),
        truth=np.array([index.get(label, -1) for label in asked["label"].to_pylist()], np.int64),
    )


def _groups(variants: Sequence[Sequence[Record]]) -> Iterable[Group]:
    results = [variant[0].result for variant in variants]
    called = names(results)
    for variant, result, name in zip(variants, results, called, strict=True):
        for output in variant[0].answers:
            yield Group(
                name=name.of(output),
                model=result["model"],
                output=output,
                features=tuple(result["features"]),
                differences=differences(result, results),
                runs=tuple(record.result for record in variant),
                probabilities=np.stack([record.answers[output] for record in variant]),
                folders=tuple(record.folder for record in variant),
            )


def _seeds(comparison: Comparison) -> list[str]:
    warnings = []
    for group in (group for group in comparison.groups if group.output == "final"):
        missing = comparison.missing_seeds(group)
        if missing:
            listed = ", ".join(map(str, missing))
            warnings.append(f"{group.name}: no run of seed {listed}, which other models have.")
    return warnings
