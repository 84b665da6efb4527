"""Settings of a user's own: beside ours with `--config-dir`, or inside an installed package."""

import pytest
from helpers import SMALL_DATA

import ercbench.config.schema
from ercbench.config.compose import compose
from ercbench.config.help import help_of

CODE = "from ercbench.models.baselines.gru import GRU\n\n\nclass Mine(GRU):\n    pass\n"
YAML = """# A model of my own.
_target_: my_models.Mine
hidden: 8 # how wide
layers: 1
input_dropout: 0.1
dropout: 0.1
learning_rate: 1e-2
weight_decay: 0
amsgrad: false
class_weights: none
gradient_clip: null
micro_batch_utterances: null
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module with a model, and a folder with its settings, which name no schema."""
    (tmp_path / "my_models.py").write_text(CODE)
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "__init__.py").write_text("")
    (tmp_path / "conf" / "model" / "mine.yaml").write_text(YAML)
    monkeypatch.syspath_prepend(tmp_path)
    return "--config-dir", "conf", "model=mine"


def test_a_model_of_ones_own_trains_without_a_schema(ercbench, own, tmp_path):
    code, shown, errors = ercbench("train", *own, *SMALL_DATA, "trainer.max_epochs=1")
    assert code == 0, errors
    assert "weighted F1" in shown
    assert list(tmp_path.glob("runs/simulated-mine-seed0-*/result.json"))


def test_help_knows_it(ercbench, own):
    _, shown, _ = ercbench("train", *own, "--help")
    assert "majority, mine, mlp" in shown
    assert "model:  # A model of my own.\n" in shown
    assert "  hidden: 8  # how wide\n" in shown


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.hidden=0", "hidden=0: expected at least 1"),
        ("model.hidden=abc", "hidden: expected a whole number"),
        ("~model.hidden", "hidden is not set"),
        ("+model.width=1", "No setting 'width'; valid here: learning_rate"),
        ("~model._target_", "model._target_=null: expected the full name of a class"),
        ("model._target_=my_models.Other", "Error loading 'my_models.Other'. Correct"),
    ],
)
def test_what_is_wrong_with_it_is_one_line(ercbench, own, override, said):
    code, _, errors = ercbench("train", *own, *SMALL_DATA, override)
    assert code == 2
    assert errors.count("\n") == 1
    assert said in errors


def test_a_folder_that_is_not_there_is_one_line(ercbench):
    code, _, errors = ercbench("train", "--config-dir", "nowhere")
    assert code == 2
    assert errors.count("\n") == 1
    assert "--config-dir: no folder" in errors
    assert "nowhere'. Correct the path" in errors


def test_settings_inside_another_package_are_found(own, monkeypatch):
    monkeypatch.setattr(ercbench.config.schema, "conf_folders", lambda: ["pkg://conf"])
    assert compose("train", ["model=mine"]).model._target_ == "my_models.Mine"


def test_a_file_that_asks_for_several_runs_gets_them(ercbench, tmp_path):
    (tmp_path / "own").mkdir()
    several = "hydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      kind: models,corpora\n"
    (tmp_path / "own" / "all.yaml").write_text(f"defaults:\n  - list\n  - _self_\n{several}")
    code, shown, errors = ercbench("list", "--config-dir", "own", "--config-name", "all")
    assert code == 0, errors
    assert "cfn_esa" in shown
    assert "iemocap" in shown


def test_a_file_that_has_changed_is_read_again(own, tmp_path):
    folder = str(tmp_path / "conf")
    assert "  hidden: 8  #" in help_of("train", ["model=mine"], folder)
    (tmp_path / "conf" / "model" / "mine.yaml").write_text(YAML.replace("hidden: 8", "hidden: 16"))
    assert "  hidden: 16  #" in help_of("train", ["model=mine"], folder)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("hidden: [", "line 1: expected the node content, but found '<stream end>'. Correct the"),
        ("hidden: 1\nhidden: 2", "line 2: found duplicate key hidden. Correct the file."),
    ],
)
def test_a_file_that_is_no_yaml_is_one_line(ercbench, own, tmp_path, broken, said):
    (tmp_path / "conf" / "model" / "mine.yaml").write_text(broken)
    code, _, errors = ercbench("train", *own)
    assert code == 2
    assert errors.count("\n") == 1
    assert "mine.yaml" in errors
    assert said in errors
