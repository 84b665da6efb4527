"""Which chunks a shard encodes: about as much speech as every other, not as many rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ercbench.features.store.parts import ExtractionPlan
from ercbench.features.store.stored_corpus import StoredCorpus

# Characters that are spoken in a second, by which texts stand for clips of unknown length.
PER_SECOND = 15


def share_of(corpus: StoredCorpus, plan: ExtractionPlan, which: int, of: int) -> range:
    """Returns the chunks of one share of an extraction, which follow one another.

    The manifest alone decides, so that every machine divides alike. An utterance counts by the
    characters of its text or, to sound and pictures, by its seconds where the manifest has start
    and end; and by one second more, since short ones cost something too.

    Args:
        corpus: What is encoded.
        plan: Of the extraction.
        which: Share, from 0.
        of: How many shares there are; those of a small corpus may be empty.
    """
    if of == 1:
        return range(plan.chunks)
    lengths = _lengths(corpus, plan)
    middles = 2 * np.cumsum(lengths) - lengths  # whole numbers, and so the same everywhere
    shares = middles * of // (2 * int(lengths.sum()))
    first, last = np.searchsorted(shares, [which, which + 1]).tolist()
    return range(first, last)


def _lengths(corpus: StoredCorpus, plan: ExtractionPlan) -> np.ndarray:
    """Returns [chunks] int64: how much speech there is in each chunk."""
    sums, row = np.zeros(plan.chunks, np.int64), 0
    for text, start, end in corpus.columns("text", "start", "end"):
        spoken = _numbers(pc.utf8_length(text))
        if plan.modality != "text":
            timed = PER_SECOND * _numbers(pc.subtract(end, start))
            spoken = np.where(np.isfinite(timed), timed, spoken)
        counts = np.maximum(spoken, 0).round().astype(np.int64) + PER_SECOND
        np.add.at(sums, np.arange(row, row + len(counts)) // plan.chunk, counts)
        row += len(counts)
    return sums


def _numbers(column: pa.Array) -> np.ndarray:
    """Returns [n] float64, NaN where there is none."""
    return np.from_dlpack(pc.fill_null(pc.cast(column, pa.float64()), float("nan")))
