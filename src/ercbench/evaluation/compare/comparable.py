"""Which runs may be put together, and why others may not."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from ercbench.corpora.registry import folds_of
from ercbench.evaluation.compare.naming import settings_of
from ercbench.models.registry import title_of
from ercbench.records.evaluation_record import EvaluationSetup
from ercbench.records.reading import COLUMNS, IDENTITY, AnySetup, StoredRun

T = TypeVar("T")


def by_test_part(runs: Sequence[StoredRun]) -> list[list[StoredRun]]:
    """Puts runs together that have the same data, split and labels."""

    def test_part(setup: AnySetup) -> Hashable:
        return setup.manifest_sha256, setup.split, setup.labels, setup.target, origin(setup)

    return _grouped(runs, lambda run: test_part(run.record.setup))


def origin(setup: AnySetup) -> Hashable:
    """Returns on what runs were trained and how they are read, if they are evaluated elsewhere."""
    if not isinstance(setup, EvaluationSetup):
        return None
    trained = setup.trained.setup
    to = tuple(setup.label_map.items())
    return trained.corpus, trained.split, trained.manifest_sha256, trained.labels, setup.part, to


def by_variant(runs: Sequence[StoredRun]) -> list[list[StoredRun]]:
    """Puts runs together that nothing but the seed tells apart."""

    def variant(setup: AnySetup) -> str:
        return json.dumps([setup.model, setup.code, settings_of(setup)], sort_keys=True)

    return _grouped(runs, lambda run: variant(run.record.setup))


def same_utterances(runs: Sequence[StoredRun]) -> tuple[list[StoredRun], list[str]]:
    """Refuses runs whose test utterances or true labels are not those of most runs."""
    alike: list[list[StoredRun]] = []
    for run in runs:
        for others in alike:
            if run.utterances.select(COLUMNS).equals(others[0].utterances.select(COLUMNS)):
                others.append(run)
                break
        else:
            alike.append([run])
    most = max(alike, key=len)
    warnings = [
        f"Left out: {run.folder / 'predictions.parquet'} has {_otherness(run, most[0])} than "
        f"the others on the same data and split, such as {most[0].folder}. "
        "Delete its result.json and run again."
        for others in alike
        if others is not most
        for run in others
    ]
    return most, warnings


def one_per_seed(variant: Sequence[StoredRun]) -> tuple[list[StoredRun], list[str]]:
    """Chooses one run of each seed: the one whose test part was watched longest, if any was."""
    kept, warnings = [], []
    for runs in _grouped(variant, lambda run: run.record.setup.seed):
        first, *others = sorted(runs, key=_epochs_watched, reverse=True)
        kept.append(first)
        warnings += [
            f"SERIOUS: {first.folder} and {other.folder} should have the same numbers and have "
            "not; only the first is shown. Were they run on different machines?"
            for other in others
            if not first.agrees_with(other)
        ]
    return sorted(kept, key=lambda run: run.record.setup.seed), warnings


def apart(part: Sequence[StoredRun], parts: Sequence[Sequence[StoredRun]]) -> list[str]:
    """Says why other runs on the same corpus are not in this comparison."""
    own, warnings = part[0].record.setup, []
    for other in (runs[0].record.setup for runs in parts if runs is not part):
        if other.corpus == own.corpus and not _folds(own, other):
            what = ["another origin"] if origin(other) != origin(own) else []
            if other.split != own.split:
                what.append(f"another split ({other.split}; not {own.split})")
            if other.labels != own.labels:
                what.append(
                    f"other labels ({', '.join(other.labels)}; not {', '.join(own.labels)})"
                )
            warnings.append(
                f"Other runs on {own.corpus} stand in a table of their own, since they have "
                f"{' and '.join(what) or 'another store of the corpus'}."
            )
    return warnings


def versions(runs: Sequence[StoredRun]) -> list[str]:
    """Says which models' runs are of several versions of the code; each model has its own."""
    warnings = []
    for own in _grouped(runs, lambda run: run.record.setup.model):
        found = Counter(run.record.setup.code for run in own)
        if len(found) > 1:
            counts = ", ".join(f"{code[:6]} ({count} runs)" for code, count in found.items())
            warnings.append(
                f"{title_of(own[0].record.setup.model)}'s runs are of {len(found)} versions of the "
                f"code: {counts}. Runs of different versions are not averaged."
            )
    return warnings


def _folds(one: AnySetup, other: AnySetup) -> bool:
    """Whether two runs are of different folds of the same data, which are pooled elsewhere."""
    if origin(one) or origin(other):
        return False
    same = (one.manifest_sha256, one.labels) == (other.manifest_sha256, other.labels)
    return same and {one.split, other.split} <= set(folds_of(one.corpus))


def _epochs_watched(run: StoredRun) -> int:
    """Returns the epochs whose test scores were seen, -1 of a run that did not look."""
    claimed = run.record.as_released
    return (claimed.epochs or 0) if claimed else -1


def _otherness(run: StoredRun, reference: StoredRun) -> str:
    ours, theirs = run.utterances, reference.utterances
    if not ours.select(IDENTITY).equals(theirs.select(IDENTITY)):
        return f"other utterances ({ours.num_rows}, not {theirs.num_rows})"
    differing = [name for name in COLUMNS if not ours[name].equals(theirs[name])]
    return f"other {' and '.join(f'{name}s' for name in differing)}"


def _grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Returns items with the same key together, in the order of their first ones."""
    found: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return list(found.values())
