"""Tuning studies side by side: what they are called, and the best they promise for a budget."""

from collections.abc import Sequence

import numpy as np

from ercbench.evaluation.tuning.search import ExpectedBest, expected_best
from ercbench.metrics import METRICS
from ercbench.models.registry import title_of
from ercbench.records.study import StudyRecord


def scored(study: StudyRecord) -> np.ndarray:
    """Returns the scores of the trials that have one, pruned ones with theirs so far."""
    return np.array([trial.value for trial in study.trials if trial.value is not None])


def expected(study: StudyRecord) -> ExpectedBest | None:
    """Returns the expected best of n trials of a study; None if no trial has a score."""
    scores = scored(study)
    return expected_best(scores) if len(scores) else None


def names_of(studies: Sequence[StudyRecord]) -> list[str]:
    """Returns what tells studies apart: the model, its features where they differ, or the study."""
    titles = [title_of(study.model) for study in studies]
    if len({study.features for study in studies}) > 1:
        titles = [
            f"{title}, {'+'.join(study.features)}"
            for title, study in zip(titles, studies, strict=True)
        ]
    return [
        title if titles.count(title) == 1 else f"{title} ({study.study})"
        for title, study in zip(titles, studies, strict=True)
    ]


def score_of(study: StudyRecord) -> str:
    """Returns what a study's trials were chosen by, as tables call it."""
    return METRICS[study.metric].title if study.metric in METRICS else study.metric


def expectations(studies: Sequence[StudyRecord]) -> dict[str, ExpectedBest]:
    """Returns name to the expected best of n trials, of every study with a scored trial."""
    found = zip(names_of(studies), map(expected, studies), strict=True)
    return {name: own for name, own in found if own is not None}


def leaders(studies: Sequence[StudyRecord]) -> list[tuple[int, str]]:
    """Returns from which number of trials on which study is expected to have the best score.

    Args:
        studies: They are compared up to the trials of the one that has the fewest.
    """
    found = expectations(studies)
    if not found:
        return []
    common = min(len(own.mean) for own in found.values())
    first = np.argmax([own.mean[:common] for own in found.values()], axis=0)
    changes = [0, *(np.flatnonzero(np.diff(first)) + 1).tolist()]
    return [(n + 1, list(found)[first[n]]) for n in changes]
