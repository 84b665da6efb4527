"""Runs as a group of a comparison: seeds on one test part, or on the folds of a corpus."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ercbench.api.run import Run
from ercbench.corpora.registry import folds_of
from ercbench.errors import ErcbenchError
from ercbench.evaluation.compare.groups import Group
from ercbench.evaluation.compare.pooling import pooled_group, pooled_test_set
from ercbench.evaluation.compare.test_set import TestSet


def group_of_runs(name: str, runs: Sequence[Run]) -> tuple[Group, TestSet]:
    """Returns runs as a group, and their test part; runs on several splits are pooled.

    Raises:
        ErcbenchError: There is none or more than one run of a seed, test parts differ, or splits
            are not the folds of their corpus, each with the same seeds.
    """
    by_split: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.record.setup.seed):
        by_split[run.record.setup.split].append(run)
    parts = {split: _of_one_split(name, own) for split, own in by_split.items()}
    if len(parts) == 1:
        return next(iter(parts.values()))
    folds = folds_of(runs[0].record.setup.corpus) if runs else ()
    _check_folds(name, folds, {split: group.seeds for split, (group, _) in parts.items()})
    test = pooled_test_set([parts[fold][1] for fold in folds])
    return pooled_group(name, [parts[fold][0] for fold in folds], test), test


def same_test_part(one: TestSet, other: TestSet) -> bool:
    """Whether two test parts have the same utterances in the same order, and the same labels."""
    return (
        one.labels == other.labels
        and np.array_equal(one.utterances, other.utterances)
        and np.array_equal(one.truth, other.truth)
    )


def _of_one_split(name: str, runs: Sequence[Run]) -> tuple[Group, TestSet]:
    seeds = [run.record.setup.seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise ErcbenchError(f"{name}: expected one run of each seed, found seeds {seeds}.")
    first = runs[0].test_set
    for run in runs:
        if not same_test_part(run.test_set, first):
            raise ErcbenchError(
                f"{name}: {run.folder.path} was tested on other utterances or labels than "
                f"{runs[0].folder.path}. Compare runs on the same split of the same corpus."
            )
    return Group.of_runs(name, [run.stored for run in runs]), first


def _check_folds(name: str, folds: Sequence[str], seeds: dict[str, tuple[int, ...]]) -> None:
    if not seeds:
        raise ErcbenchError(f"{name}: expected one run of each seed, found none.")
    if set(seeds) != set(folds):
        raise ErcbenchError(
            f"{name}: runs on the splits {', '.join(seeds)}; expected one split, or all folds of "
            f"the corpus ({', '.join(folds) or 'it declares none'}). Train the missing ones, or "
            "compare each split by itself."
        )
    if len(set(seeds.values())) > 1:
        told = ", ".join(f"{fold}: {list(own)}" for fold, own in seeds.items())
        raise ErcbenchError(f"{name}: expected the same seeds in every fold, found {told}.")
