"""A run that several processes share: the numbers of one process, written and said once."""

import contextlib
import io
import json
import os
import shutil
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from helpers import SMALL_DATA
from in_step import BATCHES, main
from tiny import WORDS
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from ercbench import cli
from ercbench.corpora.conversation import Conversation, Corpus, Split, Utterance
from ercbench.errors import ErcbenchError
from ercbench.features.store.feature_store import FeatureStore
from ercbench.models.base.sharing import shares
from ercbench.models.registry import MODELS
from ercbench.records.run_folder import RunFolder
from ercbench.training.callbacks import StepSeeds

pytestmark = pytest.mark.filterwarnings("ignore")

STREAMS = ("stdout", "stderr")
NO_DROPOUT = ("model.dropout=0", "model.input_dropout=0")
# The last batch of 13 conversations has one, which is fewer than there are processes.
GRU = (*SMALL_DATA, "model=gru", "model.hidden=8", "model.class_weights=inverse", *NO_DROPOUT)
GRU = (*GRU, "dataset.simulation.train=13", "dataset.batch_size=4", "trainer.max_epochs=3")
HCAM = (*SMALL_DATA, "model=hcam", *(f"model.{k}={v}" for k, v in MODELS["hcam"].tiny.items()))
HCAM = (*HCAM, "model.beta=0.5", "model.dropout=0", "trainer.max_epochs=1")
QUICK = ("trainer.max_epochs=2", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false")
TEXT = ("encoder=hcam_text", "encoder.beta=0.5", "encoder.dropout=0", "encoder.batch_size=6")


def torchrun(folder, work, *arguments):
    """Does some work in two processes of torchrun's agent: forks, which import nothing anew.

    Returns:
        What each of them printed: output and errors.
    """
    agent = LaunchConfig(
        *(1, 1, 2, DefaultLogsSpecs(str(folder / "logs")), "test"),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        start_method="fork",
        max_restarts=0,
        signals_to_handle="",
    )
    elastic_launch(agent, one_of_two)(folder, work, *arguments)
    return [[(folder / f"{n}-{rank}").read_text() for n in STREAMS] for rank in (0, 1)]


def one_of_two(folder, work, *arguments):
    """What one of the processes does."""
    for number, name in enumerate(STREAMS, start=1):
        os.dup2(os.open(folder / f"{name}-{os.environ['RANK']}", os.O_WRONLY | os.O_CREAT), number)
        setattr(sys, name, os.fdopen(number, "w", buffering=1))
    work(*arguments)


def talk():
    """A corpus of twelve conversations of random words."""
    rng = np.random.default_rng(0)

    def conversation(name):
        said = [(" ".join(rng.choice(WORDS, 4)), str(rng.choice(["sad", "happy"]))) for _ in "123"]
        turns = (Utterance(f"{name}_{i}", "Ross", *own) for i, own in enumerate(said))
        return Conversation(name, tuple(turns))

    ids = [f"c{number}" for number in range(12)]
    split = Split(ids[:6], ids[6:9], ids[9:])
    return Corpus("talk", ("sad", "happy"), tuple(map(conversation, ids)), {"given": split})


def without_dropout(backbone):
    """The folder of a pretrained model, which drops nothing out any more."""
    path = backbone / "config.json"
    settings = json.loads(path.read_text())
    none = {name: 0.0 for name in settings if "dropout" in name}
    path.write_text(json.dumps(settings | none))
    return backbone


@pytest.fixture(scope="module")
def material(tmp_path_factory, tiny_roberta):
    """Settings of the commands, but for the folder of their runs."""
    folder = tmp_path_factory.mktemp("material")
    with FeatureStore.creating(folder / "stores" / "talk", talk()):
        pass
    backbone = without_dropout(shutil.copytree(tiny_roberta, folder / "tiny-roberta"))
    text = (*TEXT, f"encoder.backbone={backbone}", "store=talk", f"stores={folder}/stores")
    return [
        ("train", *GRU, f"stores={folder}/stores"),
        ("train", *HCAM, f"stores={folder}/stores"),
        ("finetune", *QUICK, *text),
    ]


def asked(folder, material):
    """Leaves the commands in a folder in which they are to leave their runs."""
    folder.mkdir()
    commands = [[*own, f"runs={folder}/runs"] for own in material]
    (folder / "commands.json").write_text(json.dumps(commands))
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory, material):
    """The folder of one process, what it printed, and gradients."""
    folder = asked(tmp_path_factory.mktemp("alone") / "alone", material)
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.MonkeyPatch.context() as own:
        own.setattr(sys, "argv", [])
        main(folder)
    return folder, printed.getvalue(), torch.load(folder / "gradients.pt")


@pytest.fixture(scope="module")
def together(tmp_path_factory, material):
    """The folder of two processes, what each printed, and gradients."""
    folder = asked(tmp_path_factory.mktemp("together") / "together", material)
    outputs = torchrun(folder, main, folder)
    return folder, outputs, torch.load(folder / "gradients.pt")


@pytest.mark.parametrize("size", BATCHES)
@pytest.mark.parametrize("name", MODELS.names)
def test_the_gradient_of_two_processes_is_that_of_the_whole_batch(alone, together, name, size):
    own, theirs = (found[2][f"{name} {size}"] for found in (alone, together))
    assert own.keys() == theirs.keys()
    for parameter in own:
        torch.testing.assert_close(theirs[parameter], own[parameter], atol=1e-6, rtol=1e-5)


def numbers(said, place=""):
    """The numbers in a record by their place, but for those that no two runs share."""
    if isinstance(said, dict):
        kept = {key: own for key, own in said.items() if key not in ("execution", "settings")}
        return {
            k: v for key, own in kept.items() for k, v in numbers(own, f"{place}/{key}").items()
        }
    if isinstance(said, list):
        return numbers({str(index): own for index, own in enumerate(said)}, place)
    return {place: said} if isinstance(said, (int, float)) else {}


def epochs(folder):
    """The rows of a run's metrics.csv."""
    table = pd.read_csv(folder.metrics)
    return table.select_dtypes("number").to_dict("records")


def test_two_processes_come_to_the_numbers_of_one(alone, together):
    runs = sorted(path.name for path in (alone[0] / "runs").glob("[!.]*"))
    assert runs == sorted(path.name for path in (together[0] / "runs").glob("[!.]*"))
    assert len(runs) == 3
    for run in runs:
        one, two = (RunFolder(folder / "runs" / run) for folder in (alone[0], together[0]))
        own, theirs = (json.loads(folder.result.read_text()) for folder in (one, two))
        assert numbers(theirs) == pytest.approx(numbers(own), abs=1e-6, rel=1e-6)
        assert theirs["execution"]["device"] == "2 x cpu"
        for own, theirs in zip(epochs(one), epochs(two), strict=True):
            assert theirs == pytest.approx(own, abs=1e-6, rel=1e-6)
        if one.predictions.exists():
            own, theirs = (pq.read_table(folder.predictions).to_pandas() for folder in (one, two))
            pd.testing.assert_frame_equal(theirs, own, rtol=0, atol=1e-6)


def test_what_is_written_and_said_is_written_and_said_once(alone, together):
    for run in (alone[0] / "runs").glob("[!.]*"):
        files = sorted(str(path.relative_to(run)) for path in run.rglob("*"))
        other = together[0] / "runs" / run.name
        assert files == sorted(str(path.relative_to(other)) for path in other.rglob("*"))
    (printed, told), silent = together[1]
    assert printed.count("gru on SIMULATED corpus") == 1
    assert printed.count("\n") == alone[1].count("\n")
    assert told.count("encoder: ") == 1
    assert silent == ["", ""]


def test_rows_are_shared_in_order_by_their_utterances():
    assert shares([100, 10, 10], 2) == [slice(0, 1), slice(1, 3)]
    assert shares([1] * 6, 4) == [slice(0, 1), slice(1, 3), slice(3, 4), slice(4, 6)]
    taken = shares([4], 3)
    assert sum(own.stop - own.start for own in taken) == 1


@pytest.fixture
def _two_processes(monkeypatch):
    """Makes this process believe that it is the first of two."""
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    for name, value in {"MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ercbench.training.sharing.is_first_to_fail", lambda: True)


@pytest.mark.usefixtures("_two_processes")
def test_torchrun_starts_one_run_that_can_be_shared(ercbench):
    assert "Start it without torchrun, which starts train and finetune" in ercbench("report")[2]
    code, _, errors = ercbench("train", "-m", "seed=0,1")
    assert code == 2
    assert "start torchrun once for each run" in errors


@pytest.mark.parametrize("more", [(), ("-m", "seed=0,1")])
@pytest.mark.parametrize("command", ["train", "finetune"])
def test_several_devices_without_torchrun_are_refused(ercbench, command, more):
    code, _, errors = ercbench(command, *more, "trainer.devices=2")
    assert code == 2
    assert (
        "trainer.devices=2: expected 1: a run on several devices is started by `torchrun" in errors
    )


def failing(command):
    """Trains; the second process comes to an error in the third epoch."""
    plain = StepSeeds.on_train_batch_start

    def fails(self, trainer, module, batch, index):
        if trainer.current_epoch == 2 and os.environ["RANK"] == "1":
            raise ErcbenchError("the disk of the second process is full")
        return plain(self, trainer, module, batch, index)

    StepSeeds.on_train_batch_start = fails
    sys.argv = ["ercbench", *command]
    cli.main()


def test_what_one_process_fails_at_ends_all_and_one_process_goes_on_from_there(
    alone, material, tmp_path, ercbench
):
    command = (*material[0], f"runs={tmp_path}/runs")
    with pytest.raises(ChildFailedError):
        torchrun(tmp_path, failing, command)
    said = "".join((tmp_path / f"stderr-{rank}").read_text() for rank in (0, 1))
    assert said.count("ercbench: ") == 1
    assert "ercbench: the disk of the second process is full" in said
    (run,) = (tmp_path / "runs").glob("[!.]*")
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert ercbench(*command)[0] == 0
    both = (
        json.loads((folder / "result.json").read_text())
        for folder in (run, alone[0] / "runs" / run.name)
    )
    own, theirs = map(numbers, both)
    assert own == pytest.approx(theirs, abs=1e-6, rel=1e-6)
