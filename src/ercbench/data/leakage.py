"""The leakage guard: features must not know the labels that choose and test a model."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ercbench.corpora.conversation import Split
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_set import FeatureSet


@dataclass(frozen=True)
class Leak:
    """Conversations of one part of a split whose labels made a feature set."""

    features: str
    part: str
    overlap: int
    size: int

    def __str__(self) -> str:
        seen = f"{self.overlap} of {self.size} {self.part} conversations"
        return f"{self.features} saw the labels of {seen}"


def find_leaks(split: Split, feature_sets: Iterable[FeatureSet]) -> list[Leak]:
    """Returns every overlap of a feature set's `fitted_on` with validation or test."""
    leaks = []
    for features in feature_sets:
        fitted_on = set(features.metadata["fitted_on"] or ())
        for part in ("validation", "test"):
            conversations = split.parts()[part]
            if overlap := len(fitted_on & set(conversations)):
                leaks.append(Leak(features.key, part, overlap, len(conversations)))
    return leaks


def guard(split: Split, feature_sets: Iterable[FeatureSet], allow: bool) -> tuple[Leak, ...]:
    """Stops a run whose features saw labels of validation or test.

    Features that know the test labels make the score not what it seems; features that know the
    validation labels make every epoch and setting look alike, so that nothing is chosen. Features
    of unknown provenance are let through with a warning.

    Args:
        split: The split in use.
        feature_sets: The feature sets in use.
        allow: `protocol.allow_leakage`; lets everything through with a warning.

    Returns:
        The leaks, for the run record.

    Raises:
        ErcbenchError: A set saw labels of validation or test conversations and `allow` is False.
    """
    feature_sets = list(feature_sets)
    leaks = find_leaks(split, feature_sets)
    _warn_of_unknown(feature_sets)
    if leaks and not allow:
        raise ErcbenchError(_refusal(leaks))
    for leak in leaks:
        warnings.warn(f"Leakage: the features {leak}", stacklevel=2)
    return tuple(leaks)


def _refusal(leaks: Sequence[Leak]) -> str:
    """Returns the message that names every leak and what to do."""
    tested = any(leak.part == "test" for leak in leaks)
    spoilt = "the score would not be what it seems" if tested else "validation could choose nothing"
    return (
        f"Leakage: the features {'; '.join(map(str, leaks))}; so {spoilt}. Take features that saw "
        "nobody's labels, made by ercbench prepare store=NAME text=minilm and used by "
        "features=text:minilm, or another split, or set protocol.allow_leakage=true to go on with "
        "every table marked."
    )


def _warn_of_unknown(feature_sets: Iterable[FeatureSet]) -> None:
    """Warns of sets that cannot be checked: nobody knows whose labels their encoder saw."""
    for features in feature_sets:
        if features.metadata["fitted_on"] is None:
            warnings.warn(
                f"Provenance unknown: whose labels the encoder of {features.key} saw is not "
                "recorded, so leakage cannot be ruled out and every table says so. If you know, "
                "import the features again with fitted_on.",
                stacklevel=3,
            )
