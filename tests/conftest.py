"""What several tests need: small data, small models, the real corpora's folder."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ercbench.data.batch import IGNORE, ConversationItem, collate

SHARED = Path(os.environ.get("ERCBENCH_SHARED", Path(__file__).parents[2] / "shared"))
WIDTHS = {"text": 5, "audio": 3, "visual": 4}
LABELS = 4


@pytest.fixture(scope="session")
def shared():
    """The folder of the real corpora; the test is skipped, or fails, without it."""
    if not SHARED.is_dir():
        message = f"needs the real corpora: no folder {SHARED} (set ERCBENCH_SHARED)"
        if os.environ.get("ERCBENCH_REQUIRE_SHARED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return SHARED


@pytest.fixture(autouse=True)
def _few_threads():
    """Small tensors are quicker on one thread."""
    torch.set_num_threads(1)


def make_items(lengths, seed=0, widths=WIDTHS, classes=LABELS, missing=0.0, unlabelled=0.0):
    """Random conversations of the given lengths, as a data module would yield them."""
    rng = np.random.default_rng(seed)
    return [
        _make_item(f"c{index}", length, rng, widths, classes, missing, unlabelled)
        for index, length in enumerate(lengths)
    ]


def _make_item(id, length, rng, widths, classes, missing, unlabelled):
    present = {m: torch.from_numpy(rng.random(length) >= missing) for m in widths}
    features = {
        m: torch.from_numpy(rng.normal(size=(length, w)).astype(np.float32))
        for m, w in widths.items()
    }
    labels = torch.from_numpy(rng.integers(0, classes, length))
    labels[torch.from_numpy(rng.random(length) < unlabelled)] = IGNORE
    speakers = torch.from_numpy(rng.integers(0, 2, length))
    return ConversationItem(id, features, present, speakers, labels)


def make_batch(lengths, **options):
    """A batch of random conversations."""
    return collate(make_items(lengths, **options))
