"""A store of those utterances alone that somebody's features cover."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from ercbench.corpora.conversation import Corpus
from ercbench.corpora.cutting import cut
from ercbench.errors import ErcbenchError
from ercbench.features.store.catalog import open_or_create
from ercbench.features.store.feature_set import METADATA
from ercbench.features.store.feature_store import FeatureStore
from ercbench.features.store.importing import Placed

UNCOVERED = ("missing", "drop", "drop_conversations")


def kept_rows(corpus: Corpus, placed: Sequence[Placed], uncovered: str) -> np.ndarray:
    """Returns which utterances stay, [N] bool.

    Args:
        corpus: With N utterances.
        placed: Vectors, all of which an utterance must have.
        uncovered: `drop` leaves out the other utterances, `drop_conversations` every conversation
            that has one.
    """
    kept = np.ones(sum(map(len, corpus.conversations)), dtype=bool)
    for own in placed:
        kept &= own.present & np.isfinite(own.values).all(1)
    if uncovered == "drop_conversations":
        first = 0
        for conversation in corpus.conversations:
            rows = slice(first, first + len(conversation))
            kept[rows] = kept[rows].all()
            first = rows.stop
    return kept


def covered_corpus(
    corpus: Corpus, kept: np.ndarray, placed: Sequence[Placed], uncovered: str
) -> Corpus:
    """Returns the corpus of the utterances that stay; its provenance says so under `covered`.

    Raises:
        ErcbenchError: None stays, or none of some part of every split.
    """
    keys = ", ".join(own.key for own in placed)
    ids = {turn.id for turn, stays in zip(corpus.utterances(), kept, strict=True) if stays}
    whole, before = len(corpus.conversations), corpus.provenance.get("covered")
    left = cut(corpus, ids) if ids else None
    if left is None or (corpus.splits and not left.splits):
        raise ErcbenchError(
            f"uncovered={uncovered}: {keys} cover {len(ids)} of {len(kept)} utterances, of no "
            "split some of every part. Give features of all three parts, or set uncovered=missing."
        )
    said = (
        f"{len(left.conversations)} of {whole} conversations, {len(ids)} of {len(kept)} "
        f"utterances, those that {keys} cover (uncovered={uncovered})"
    )
    covered = f"{before}; of these {said}" if before else said
    return replace(left, provenance={**left.provenance, "covered": covered})


@contextmanager
def covered_store(store: FeatureStore, corpus: Corpus, folder: Path) -> Iterator[FeatureStore]:
    """Yields a store of a part of another's corpus, with the same rows of all its features.

    Args:
        store: The whole; it stays as it is.
        corpus: The part, from `covered_corpus`.
        folder: Of the new store, whole or not at all; or one that holds this very corpus.

    Raises:
        ErcbenchError: The folder holds another corpus.
    """
    ids = {turn.id for turn in corpus.utterances()}
    kept = np.array([turn.id in ids for turn in store.corpus.utterances()])
    with open_or_create(corpus, folder) as part:
        for key in sorted({*store.keys()} - {*part.keys()}):
            own = store.open(*key.split(":", 1))
            details = {n: v for n, v in own.metadata.items() if n not in METADATA}
            part.add(
                own.modality,
                own.name,
                own.rows(0, store.count)[kept],
                encoder=own.metadata["encoder"],
                fitted_on=own.metadata["fitted_on"],
                present=own.present[kept],
                **details,
            )
        yield part


def placed_rows(placed: Placed, kept: np.ndarray) -> Placed:
    """Returns the vectors of the utterances that stay."""
    return replace(placed, values=placed.values[kept], present=placed.present[kept])
