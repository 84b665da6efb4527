"""What several tests need: small data, small models, the real corpora's folder."""

import os
import sys
import warnings
from functools import partial
from pathlib import Path

import pytest
import torch
from helpers import SMALL_RUN, compose_in, forked_in, run_in

from ercbench.cli import main

pytest_plugins = ("tiny_models",)

# Files that take longest; they come first, so that no process is at one when all others are done.
LONG = (
    *("training/test_sharing.py", "tuning/test_workers.py", "training/test_finetune_visual.py"),
    *("tuning/test_tune.py", "training/test_finetune.py", "launching/test_sweep.py"),
    *("launching/test_several.py", "features/test_extract.py"),
    *("dashboards/test_report_dashboard.py", "training/test_checkpoints.py"),
)
os.environ["ERCBENCH_CACHE"] = ""  # what is made for several tests is made anew
SHARED = Path(os.environ.get("ERCBENCH_SHARED", Path(__file__).parents[2] / "shared"))


def pytest_collection_modifyitems(items):
    """Puts the tests of long files first."""
    tests = Path(__file__).parent
    place = {tests / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Keeps what encoders made of recordings to one test."""
    monkeypatch.setenv("ERCBENCH_CACHE", str(tmp_path_factory.mktemp("cache", numbered=True)))


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


@pytest.fixture
def composed(tmp_path):
    """Composes the settings of a small run in a folder of its own, with overrides."""
    return lambda *overrides: compose_in(tmp_path, *SMALL_RUN, *overrides)


@pytest.fixture
def run_command(tmp_path):
    """Runs `ercbench …` in a process of its own, in an empty folder."""
    return partial(run_in, tmp_path)


@pytest.fixture
def forked(tmp_path):
    """Runs `ercbench …` in a fork of this process, which is quicker, in an empty folder."""
    return partial(forked_in, tmp_path)


@pytest.fixture
def unread():
    """A pipe to write into whose reader has gone, as `head` goes."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.fixture
def ercbench(tmp_path, monkeypatch, capsys):
    """Calls `ercbench …` in this process, in an empty folder; returns code, output and errors."""

    def call(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["ercbench", *arguments])
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
        try:
            main()
        except SystemExit as leaving:
            return leaving.code, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return call
