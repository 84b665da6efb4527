"""Folds put together: every conversation of a corpus tested once, by a model not trained on it."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ercbench.corpora.registry import folds_of
from ercbench.evaluation.compare.folds import (
    TUNED,
    common_seeds,
    find_across_folds,
    names_across_folds,
)
from ercbench.evaluation.compare.groups import Comparison, Group, scores_by_seed
from ercbench.evaluation.compare.test_set import TestSet


def with_pooled(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Returns comparisons and, of folds that are all there, one more over every conversation.

    Runs are pooled if nothing but seed and fold tells them apart. Those of one `group` whose
    settings differ between folds, and those that a study in each fold chose, are pooled too, and
    called tuned in each fold. What cannot be pooled is among the warnings.
    """
    found = list(comparisons)
    for folds, parts in _by_corpus(comparisons):
        pooled, said = _pooled(folds, parts)
        if pooled:
            found.append(pooled)
        elif said:
            first = next(index for index, own in enumerate(found) if own is parts[0])
            found[first] = replace(found[first], warnings=(*found[first].warnings, *said))
    return found


def pooled_test_set(parts: Sequence[TestSet]) -> TestSet:
    """Returns the test parts of folds as one.

    Raises:
        ValueError: A conversation is in two of them.
    """
    counts = Counter(id for part in parts for id in dict.fromkeys(part.conversations))
    twice = [id for id, count in counts.items() if count > 1]
    if twice:
        raise ValueError(f"conversation '{twice[0]}' is tested in more than one fold")
    return replace(
        parts[0],
        split="pooled",
        folds=tuple(part.split for part in parts),
        conversations=np.concatenate([part.conversations for part in parts]),
        utterances=np.concatenate([part.utterances for part in parts]),
        speakers=np.concatenate([part.speakers for part in parts]),
        texts=np.concatenate([part.texts for part in parts]),
        truth=np.concatenate([part.truth for part in parts]),
        scores=_joined([part.scores for part in parts]),
    )


def _joined(scores: Sequence[np.ndarray | None]) -> np.ndarray | None:
    known = [own for own in scores if own is not None]
    return np.concatenate(known) if known else None


def pooled_group(name: str, parts: Sequence[Group], test: TestSet, tuned: bool = False) -> Group:
    """Returns the runs of folds as one group: a seed's answers are those of its run in each fold.

    Args:
        name: Of the group.
        parts: Its runs in each fold, in the order of the test part's folds.
        test: The pooled test part.
        tuned: Whether folds have settings of their own.
    """
    seeds = common_seeds(parts)
    chosen = [[part.seeds.index(seed) for part in parts] for seed in seeds]
    rows = [list(zip(parts, own, strict=True)) for own in chosen]
    probabilities = np.stack(
        [np.concatenate([part.probabilities[index] for part, index in own]) for own in rows]
    )
    labels_only = any(part.labels_only for part in parts)
    return replace(
        parts[0],
        name=name,
        differences={"settings": TUNED} if tuned else {},
        seeds=seeds,
        scores=scores_by_seed(probabilities, test, labels_only),
        probabilities=probabilities,
        runs=tuple(part.runs[index] for own in rows for part, index in own if part.runs),
        folders=tuple(part.folders[index] for own in rows for part, index in own if part.folders),
        labels_only=labels_only,
    )


def _by_corpus(
    comparisons: Iterable[Comparison],
) -> Iterator[tuple[tuple[str, ...], list[Comparison]]]:
    """Yields a corpus's folds and the comparisons on several of them, store by store."""
    found: dict[Hashable, list[Comparison]] = defaultdict(list)
    for own in comparisons:
        if own.test.trained_on:  # and only evaluated on this corpus
            continue
        stores = [run.setup.manifest_sha256 for group in own.groups for run in group.runs]
        if stores and own.test.split in folds_of(own.test.corpus):
            found[own.test.corpus, own.test.labels, stores[0]].append(own)
    for parts in found.values():
        folds = folds_of(parts[0].test.corpus)
        if len(parts) > 1:
            yield folds, sorted(parts, key=lambda own: folds.index(own.test.split))


def _pooled(
    folds: Sequence[str], parts: Sequence[Comparison]
) -> tuple[Comparison | None, list[str]]:
    """Returns what can be pooled, if anything, and a warning for each model that cannot."""
    families, said = find_across_folds(folds, parts)
    if not families:
        return None, said
    try:
        test = pooled_test_set([own.test for own in parts])
    except ValueError as error:
        return None, [*said, f"{parts[0].test.title}: not pooled, {error}."]
    named = sorted(zip(names_across_folds(families), families, strict=True), key=lambda own: own[0])
    groups = [
        pooled_group(name, [family.parts[fold] for fold in folds], test, family.tuned)
        for name, family in named
    ]
    return Comparison(test, tuple(groups), tuple(said)), said
