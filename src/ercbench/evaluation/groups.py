"""Runs put together: the seeds of one model to a group, groups asked the same to a comparison."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from ercbench.evaluation.naming import differences, names, settings_of
from ercbench.evaluation.records import QUESTION, Record, Result, read_records, scores_of

T = TypeVar("T")


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
    parts = grouped(records, lambda record: _questions(record.result))
    return [_comparison(part, warnings + _apart(part, parts)) for part in parts]


def grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Returns items with the same key together, in the order of their first ones."""
    found: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return list(found.values())


def _questions(result: Result) -> str:
    return json.dumps([result["data"]["manifest"], result["split"], result["labels"]])


def _apart(part: Sequence[Record], parts: Sequence[Sequence[Record]]) -> list[str]:
    """Says why other runs on the same corpus are not in this comparison."""
    own, warnings = part[0].result, []
    for other in (records[0].result for records in parts if records is not part):
        if other["corpus"] == own["corpus"]:
            what = [
                f"{name} ({other[name]}, not {own[name]})"
                for name in ("split", "labels")
                if other[name] != own[name]
            ]
            warnings.append(
                f"Other runs on {own['corpus']} stand in a table of their own, since they have "
                f"another {' and another '.join(what) or 'store of the corpus'}."
            )
    return warnings


def _comparison(records: Sequence[Record], warnings: Sequence[str]) -> Comparison:
    records, refused = _asked_the_same(records)
    variants = grouped(records, lambda record: _variant(record.result))
    chosen = [_one_per_seed(variant) for variant in variants]
    kept = [seeds for seeds, _ in chosen]
    said = [warning for _, own in chosen for warning in own]
    test = _test_set(records)
    groups = tuple(sorted(_groups(kept), key=lambda group: group.name))
    comparison = Comparison(test, groups, ())
    notes = [*warnings, *refused, *said, *_versions(records), *_seeds(comparison)]
    return Comparison(test, groups, tuple(notes))


def _variant(result: Result) -> str:
    """Returns all that tells runs apart but their seed, as text."""
    return json.dumps([result["model"], result["code"], settings_of(result)], sort_keys=True)


def _asked_the_same(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Refuses runs whose test utterances or true labels are not those of most runs."""
    alike: list[list[Record]] = []
    for record in records:
        for others in alike:
            if record.asked.select(QUESTION).equals(others[0].asked.select(QUESTION)):
                others.append(record)
                break
        else:
            alike.append([record])
    most = max(alike, key=len)
    warnings = [
        f"Left out: {record.folder / 'predictions.parquet'} has {_otherness(record, most[0])} than "
        f"{len(most)} other runs on the same data and split, such as {most[0].folder}. "
        "Delete its result.json and run again."
        for others in alike
        if others is not most
        for record in others
    ]
    return most, warnings


def _otherness(record: Record, reference: Record) -> str:
    ours, theirs = record.asked, reference.asked
    if not ours.select(QUESTION[:3]).equals(theirs.select(QUESTION[:3])):
        return f"other utterances ({ours.num_rows}, not {theirs.num_rows})"
    differing = [name for name in QUESTION if not ours[name].equals(theirs[name])]
    return f"other {' and '.join(f'{name}s' for name in differing)}"


def _one_per_seed(variant: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Chooses one run of each seed, one that also has the as-released numbers if there is one."""
    kept, warnings = [], []
    for runs in grouped(variant, lambda record: record.result["seed"]):
        first, *others = sorted(runs, key=lambda record: "as_released" not in record.result)
        kept.append(first)
        warnings += [
            f"SERIOUS: {first.folder} and {other.folder} should have the same numbers and have "
            "not; only the first is shown. Were they run on different machines?"
            for other in others
            if not first.agrees_with(other)
        ]
    return sorted(kept, key=lambda record: record.result["seed"]), warnings


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


def _versions(records: Sequence[Record]) -> list[str]:
    versions = Counter(record.result["code"] for record in records)
    if len(versions) == 1:
        return []
    counts = ", ".join(f"{code[:6]} ({count} runs)" for code, count in versions.items())
    return [
        f"These runs are of {len(versions)} versions of the code: {counts}. Differences between "
        "models may be differences between versions; runs of different versions are not averaged."
    ]


def _seeds(comparison: Comparison) -> list[str]:
    warnings = []
    for group in (group for group in comparison.groups if group.output == "final"):
        missing = comparison.missing_seeds(group)
        if missing:
            listed = ", ".join(map(str, missing))
            warnings.append(f"{group.name}: no run of seed {listed}, which other models have.")
    return warnings
