"""New conversations encoded as a run's own features were made."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ercbench.api.encoders import EncoderGiven, encoder_or_reason
from ercbench.corpora.conversation import Conversation
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.encoder import Item, Vector
from ercbench.features.media.recordings import forget_recordings
from ercbench.features.store.recipe import FeatureRecipe

Features = Mapping[str, np.ndarray]
"""Modality to [L, D], a row per utterance; NaN where a row is missing."""
Progress = Callable[[str, int, int], None]
"""Is told a modality, how many rows of it are made, and of how many."""
ROWS_AT_ONCE = 32


def unseen(modality: str, done: int, rows: int) -> None:
    """Tells nobody of the progress."""


@dataclass(frozen=True)
class Encoded:
    """The features of conversations of N utterances in all.

    Attributes:
        features: Modality to [N, D]; NaN where a row is missing. A modality that could not be
            made is not there.
        notes: Which rows are missing and why, a sentence each.
        start_up: Seconds until every encoder had made its first vector.
        encoding: Modality to the rows made after that, and the seconds that took.
    """

    features: dict[str, np.ndarray]
    notes: tuple[str, ...]
    start_up: float
    encoding: dict[str, tuple[int, float]]


def encode(
    conversations: Sequence[Conversation],
    recipes: Sequence[FeatureRecipe],
    encoders: Mapping[str, EncoderGiven],
    progress: Progress = unseen,
) -> Encoded:
    """Encodes conversations.

    Args:
        conversations: At least one.
        recipes: How each modality's features are made.
        encoders: Modality to its encoder, or where that lies, for those that cannot be made again
            by name.
        progress: Is told how far the work is.

    Raises:
        ErcbenchError: An encoder is not at hand, or another one is, or nothing can be encoded.
    """
    items = [Item(own, turn) for own in conversations for turn in range(len(own))]
    start_up, notes = 0.0, []
    features, encoding = {}, {}
    for recipe in recipes:
        begun = time.perf_counter()
        encoder = encoder_or_reason(recipe, encoders.get(recipe.modality))
        if isinstance(encoder, str):
            notes.append(f"{recipe.modality} is missing everywhere: {encoder}.")
            continue
        vectors = encoder.encode(items[:1])  # loads what it needs
        loaded = time.perf_counter()
        for first in range(1, len(items), ROWS_AT_ONCE):
            progress(recipe.modality, first, len(items))
            vectors += encoder.encode(items[first : first + ROWS_AT_ONCE])
        progress(recipe.modality, len(items), len(items))
        start_up += loaded - begun
        made = sum(not isinstance(vector, str) for vector in vectors[1:])
        encoding[recipe.modality] = (made, time.perf_counter() - loaded)
        features[recipe.modality] = _stacked(vectors, encoder.width)
        notes += _on_missing(recipe.modality, vectors)
    forget_recordings()
    if not any(np.isfinite(values).any() for values in features.values()):
        raise ErcbenchError(
            f"Nothing of this can be read as the run's features were made: {' '.join(notes)} Give "
            "an input that has what the run reads, or the vectors themselves as features=…"
        )
    return Encoded(features, tuple(notes), start_up, encoding)


def _stacked(vectors: Sequence[Vector], width: int) -> np.ndarray:
    """Returns [N, D] vectors; NaN where an utterance lacks what the encoder reads."""
    missing = np.full(width, np.nan, np.float32)
    return np.stack([missing if isinstance(vector, str) else vector for vector in vectors])


def _on_missing(modality: str, vectors: Sequence[Vector]) -> list[str]:
    reasons = Counter(reason for reason in vectors if isinstance(reason, str))
    if not reasons:
        return []
    where = (
        "everywhere"
        if reasons.total() == len(vectors)
        else f"in {reasons.total()} of {len(vectors)} utterances"
    )
    told = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
    return [f"{modality} is missing {where}: {told}."]
