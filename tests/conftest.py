"""What several tests need: small data, small models, the real corpora's folder."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from ercbench.cli import config_folder
from ercbench.data.batch import IGNORE, ConversationItem, collate
from ercbench.schema import register

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


@pytest.fixture(scope="session")
def shared_data(shared):
    """The real corpora themselves, a folder each."""
    return shared / "data"


@pytest.fixture(scope="session")
def sizes():
    """Returns conversations and utterances in train, validation and test of a split."""

    def count(corpus, split):
        lengths = {conversation.id: len(conversation) for conversation in corpus.conversations}
        parts = corpus.split(split).parts().values()
        return [len(ids) for ids in parts], [sum(lengths[id] for id in ids) for ids in parts]

    return count


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


SMALL_DATA = (
    "dataset.simulation.train=12",
    "dataset.simulation.validation=6",
    "dataset.simulation.test=6",
    "trainer.max_epochs=6",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
)
SMALL_RUN = (*SMALL_DATA, "model=mlp", "model.hidden=8", "model.layers=1")


def compose_in(folder, *overrides):
    """Composes the settings of `ercbench train` with everything it writes inside a folder."""
    register()
    folders = (f"runs={folder}/runs", f"stores={folder}/stores")
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return compose("train", [*folders, *overrides])


@pytest.fixture
def composed(tmp_path):
    """Composes the settings of a small run in a folder of its own, with overrides."""
    return lambda *overrides: compose_in(tmp_path, *SMALL_RUN, *overrides)


@pytest.fixture
def run_command(tmp_path):
    """Runs `ercbench …` in a process of its own, in an empty folder."""

    def run(*arguments, before="", **options):
        code = f"{before}\nfrom ercbench.cli import main\nmain()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
            **options,
        )

    return run
