"""A package of somebody else: its model, corpus and encoder stand beside ours."""

import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from helpers import SMALL_DATA, compose_in

from ercbench.commands.prepare import prepare_command
from ercbench.commands.report import report_command
from ercbench.config.compose import _composed_once, compose
from ercbench.config.help import help_of
from ercbench.corpora.registry import CORPORA
from ercbench.errors import ErcbenchError
from ercbench.features.encoders.registry import ENCODERS
from ercbench.models.registry import MODELS
from ercbench.records import fingerprint
from ercbench.training.train import train

EXAMPLE = Path(__file__).parents[2] / "examples" / "extending"
NETWORK = "ercbench_example/dilated/network.py"
QUICK = ("trainer.max_epochs=2", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false")


def forget_entries():
    """What is installed has changed."""
    for registry in (MODELS, CORPORA, ENCODERS):
        vars(registry).pop("entries", None)
    _composed_once.cache_clear()


def forget_code():
    """What stands in files has changed."""
    for cached in (fingerprint._file, fingerprint._imports, fingerprint._meaning):
        cached.cache_clear()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A copy of the package's source, which Python finds as if pip had installed it."""
    site = tmp_path / "site"
    shutil.copytree(EXAMPLE / "src", site, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = site / "ercbench_example-0.1.0.dist-info"
    metadata.mkdir()
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: 0.1.0\n")
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(points))
    monkeypatch.syspath_prepend(site)
    forget_entries()
    yield site
    forget_entries()
    for name in [name for name in sys.modules if name.startswith("ercbench_example")]:
        del sys.modules[name]


@pytest.fixture
def prepared(installed, tmp_path):
    """Its corpus in a store, encoded by its encoder."""
    play = EXAMPLE / "data" / "garden.play"
    prepare_command(
        compose_in(tmp_path, "corpus=play", f"root={play}", "text=surface", command="prepare")
    )
    return tmp_path / "stores"


def test_its_own_tests_of_the_contracts_pass(installed, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE / "tests")
    import test_contracts as own

    tests = [value for name, value in vars(own).items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        test()


def test_its_names_stand_beside_ours(installed):
    assert "dilated" in MODELS
    assert "play" in CORPORA
    assert "surface" in ENCODERS
    config = compose("train", ["model=dilated", "dataset=play"])
    assert config.model.hidden == 64
    assert config.dataset.corpus == "play"
    shown = help_of("train", ["model=dilated"])
    assert ", dilated, " in shown
    assert "dataset: csv, iemocap, meld, mosi, play" in shown
    assert "hidden: 64  # width of every layer" in shown


def test_its_settings_are_checked_like_ours(installed):
    with pytest.raises(ErcbenchError, match=r"model\.hidden=0: expected at least 1"):
        compose("train", ["model=dilated", "model.hidden=0"])
    with pytest.raises(ErcbenchError, match=r"dataset\.batch_size=0: expected at least 1"):
        compose("train", ["dataset=play", "dataset.batch_size=0"])


def test_its_model_trains_on_its_corpus_and_on_ours_and_stands_in_tables(
    installed, prepared, tmp_path, capsys
):
    for settings in (("dataset=play", *QUICK), SMALL_DATA):
        train(compose_in(tmp_path, "model=dilated", *settings))
    report_command(compose("report", [f"runs={tmp_path}/runs"]))
    table = capsys.readouterr().out
    assert table.count("Dilated convolution") >= 4  # in tables of scores and of classes
    assert "Play, 3 labels" in table


def test_a_store_that_is_not_there_says_what_makes_it(installed, tmp_path):
    command = "ercbench prepare corpus=play root=PATH text=minilm"
    with pytest.raises(ErcbenchError, match=f"store=play: no such store.*{command}$"):
        train(compose_in(tmp_path, "model=dilated", "dataset=play"))


def test_an_edit_of_its_network_is_another_run_of_its_model_and_of_no_other(installed):
    def codes():
        forget_code()
        targets = (MODELS["dilated"].target, MODELS["gru"].target)
        return [fingerprint.code_fingerprint([target.rpartition(".")[0]]) for target in targets]

    mine, ours = codes()
    network = installed / NETWORK
    network.write_text(network.read_text().replace(".relu()", ".tanh()"))
    mine_then, ours_then = codes()
    assert mine_then != mine
    assert ours_then == ours


ALONE = """\
from dataclasses import dataclass

from torch import nn

from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.base.settings import ModelSettings


@dataclass(kw_only=True)
class Settings(ModelSettings):
    hidden: int


class Network(nn.Module):
    def __init__(self, width, hidden, classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, classes))

    def forward(self, batch):
        return Prediction(self.layers(batch.features["text"]))


class Mine(ConversationClassifier):
    settings_class = Settings

    def build_network(self):
        return Network(self.spec.widths["text"], self.settings.hidden, len(self.spec.labels))
"""
YAML = """\
_target_: mine.Mine
hidden: 8
learning_rate: 1e-2
weight_decay: 0.0
amsgrad: false
class_weights: none
gradient_clip: null
micro_batch_utterances: null
"""


def test_a_class_in_the_current_folder_needs_no_package(forked, tmp_path):
    (tmp_path / "mine.py").write_text(ALONE)
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "mine.yaml").write_text(YAML)
    # The installed command does not find modules in the current folder, and no more does a fork.
    command = ("train", "--config-dir", "conf", "model=mine", *SMALL_DATA)
    done = forked(*command)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "runs").glob("simulated-mine-seed0-*/result.json"))
    assert "mine" in forked("report").stdout
