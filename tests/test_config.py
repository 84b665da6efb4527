from dataclasses import fields
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class
from omegaconf import OmegaConf

from ercbench.cli import config_folder
from ercbench.schema import MODELS, MOSISettings, SimulatedSettings, register

CONF = config_folder()
GROUPS = ("model", "dataset", "trainer", "logger")


def options(group):
    return sorted(str(p.relative_to(CONF / group))[:-5] for p in (CONF / group).rglob("*.yaml"))


CHOICES = [f"{group}={name}" for group in (*GROUPS, "experiment") for name in options(group)]


def composed(*overrides):
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", list(overrides))


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes_into_objects(choice):
    config = composed(choice)
    OmegaConf.resolve(config)
    settings = OmegaConf.to_object(config.model)
    assert issubclass(get_class(settings._target_).settings_class, type(settings))
    assert get_class(config.dataset._target_)


@pytest.mark.parametrize("name", list(MODELS))
def test_a_models_yaml_and_its_settings_class_say_the_same(name):
    assert OmegaConf.to_object(composed(f"model={name}").model) == MODELS[name]()
    written = OmegaConf.load(CONF / "model" / f"{name}.yaml")
    assert {f.name for f in fields(MODELS[name])} - {"_target_"} == set(written) - {"defaults"}


@pytest.mark.parametrize(
    ("name", "settings"), [("simulated", SimulatedSettings), ("mosi", MOSISettings)]
)
def test_a_datasets_yaml_and_its_settings_class_say_the_same(name, settings):
    assert OmegaConf.to_object(composed(f"dataset={name}").dataset) == settings()


def test_every_model_has_a_file_and_every_file_a_model():
    assert options("model") == sorted(MODELS)


def test_settings_end_in_yaml_everywhere():
    assert not [p for p in Path(CONF).rglob("*") if p.is_file() and p.suffix != ".yaml"]
