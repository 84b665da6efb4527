"""Small made-up conversations, as a data module would yield them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ercbench.data.batch import IGNORE, ConversationBatch, ConversationItem, collate

WIDTHS = {"text": 5, "audio": 3, "visual": 4}
LABELS = 4


def make_items(
    lengths: Sequence[int],
    seed: int = 0,
    widths: Mapping[str, int] = WIDTHS,
    classes: int = LABELS,
    missing: float = 0.0,
    unlabelled: float = 0.0,
) -> list[ConversationItem]:
    """Returns random conversations of two speakers.

    Args:
        lengths: Utterances of each.
        seed: Of everything random.
        widths: Modality to feature width.
        classes: Number of labels.
        missing: Share of rows that are not there, in each modality.
        unlabelled: Share of utterances without a label.
    """
    rng = np.random.default_rng(seed)

    def item(name: str, length: int) -> ConversationItem:
        present = {m: torch.from_numpy(rng.random(length) >= missing) for m in widths}
        features = {
            m: torch.from_numpy(rng.normal(size=(length, w)).astype(np.float32))
            for m, w in widths.items()
        }
        labels = torch.from_numpy(rng.integers(0, classes, length))
        labels[torch.from_numpy(rng.random(length) < unlabelled)] = IGNORE
        speakers = torch.from_numpy(rng.integers(0, 2, length))
        return ConversationItem(name, features, present, speakers, labels)

    return [item(f"c{index}", length) for index, length in enumerate(lengths)]


def make_batch(lengths: Sequence[int], **options: Any) -> ConversationBatch:
    """Returns a batch of random conversations; see `make_items`."""
    return collate(make_items(lengths, **options))
