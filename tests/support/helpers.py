"""Small data and small settings, for tests to import."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import torch

from ercbench.config.compose import compose, dataset_settings
from ercbench.data.batch import IGNORE, ConversationItem, collate

WIDTHS = {"text": 5, "audio": 3, "visual": 4}
LABELS = 4


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


SMALL_DATA = (
    "dataset.simulation.train=12",
    "dataset.simulation.validation=6",
    "dataset.simulation.test=6",
    "trainer.max_epochs=6",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
)
SMALL_RUN = (*SMALL_DATA, "model=mlp", "model.hidden=8", "model.layers=1")


def compose_in(folder, *overrides, command="train"):
    """Composes the settings of a command with everything it writes inside a folder."""
    folders = [f"{name}={folder}/{name}" for name in ("runs", "stores")][command != "train" :]
    return compose(command, [*folders, *overrides])


@cache
def _simulation():
    return dataset_settings("simulated").simulation


def simulation(**changes):
    """The settings of the simulated corpus, but for the changes."""
    return replace(_simulation(), **changes)


def run_in(folder, *arguments, before="", **options):
    """Runs `ercbench …` in a process of its own, in a folder."""
    code = f"{before}\nfrom ercbench.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        **options,
    )
