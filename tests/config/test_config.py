from dataclasses import MISSING, fields
from pathlib import Path
from pkgutil import resolve_name

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import get_class
from omegaconf import OmegaConf

from ercbench.config.compose import compose, dataset_settings, encoder_settings, model_settings
from ercbench.config.datasets import DATASETS
from ercbench.config.help import help_of
from ercbench.config.types import COMMANDS
from ercbench.corpora.registry import CORPORA
from ercbench.features.encoders.audio import AudioSettings
from ercbench.features.encoders.make import named
from ercbench.features.encoders.text import TextSettings
from ercbench.features.encoders.visual import VisualSettings
from ercbench.files import config_folder
from ercbench.models.m2fnet.audio import M2FNetAudio
from ercbench.models.m2fnet.visual import M2FNetVisual
from ercbench.models.registry import MODELS, TRAINABLE_ENCODERS
from ercbench.settings import Settings

CONF = config_folder()
GROUPS = ("model", "dataset", "trainer", "logger")


def options(group):
    return sorted(str(p.relative_to(CONF / group))[:-5] for p in (CONF / group).rglob("*.yaml"))


CHOICES = [f"{group}={name}" for group in (*GROUPS, "experiment") for name in options(group)]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes_into_objects(choice):
    config = compose("train", [choice])
    OmegaConf.resolve(config)
    settings = OmegaConf.to_object(config.model)
    assert issubclass(get_class(settings._target_).settings_class, type(settings))
    assert get_class(config.dataset._target_)


def sweeps():
    """Returns (experiment, what it sweeps over)."""
    for path in sorted((CONF / "experiment").rglob("*.yaml")):
        swept = OmegaConf.select(OmegaConf.load(path), "hydra.sweeper.params")
        if swept:
            yield str(path.relative_to(CONF / "experiment"))[:-5], dict(swept)


@pytest.mark.parametrize(("experiment", "swept"), list(sweeps()))
def test_every_value_of_a_sweep_composes(experiment, swept):
    overrides = [f"{setting}={values}" for setting, values in swept.items()]
    for override in OverridesParser.create().parse_overrides(overrides):
        values = list(override.sweep_string_iterator())
        assert len(values) > 1
        for value in values:
            config = compose(
                "train", [f"experiment={experiment}", f"{override.key_or_group}={value}"]
            )
            OmegaConf.to_object(config.model)


@pytest.mark.parametrize("name", MODELS.names)
def test_every_setting_of_a_model_has_its_default_in_the_yaml(name):
    settings = model_settings(name)
    assert type(settings) is MODELS[name].settings
    assert settings._target_ == MODELS[name].target
    assert get_class(settings._target_).settings_class is MODELS[name].settings


@pytest.mark.parametrize("name", TRAINABLE_ENCODERS.names)
def test_every_setting_of_an_encoder_has_its_default_in_the_yaml(name):
    settings = encoder_settings(name)
    assert type(settings) is TRAINABLE_ENCODERS[name].settings
    assert settings._target_ == TRAINABLE_ENCODERS[name].target
    assert get_class(settings._target_).settings_class is TRAINABLE_ENCODERS[name].settings


def every_settings_class(base=Settings):
    for own in base.__subclasses__():
        yield own
        yield from every_settings_class(own)


@pytest.mark.parametrize("settings", list(every_settings_class()), ids=lambda own: own.__name__)
def test_no_default_stands_in_a_class(settings):
    assert all(f.default is f.default_factory is MISSING for f in fields(settings))


def test_the_help_of_finetune_names_every_encoder():
    assert f"encoder: {', '.join(TRAINABLE_ENCODERS.names)}\n" in help_of("finetune")


def test_every_encoder_has_a_file_and_every_file_an_encoder():
    assert options("encoder") == TRAINABLE_ENCODERS.names


@pytest.mark.parametrize("name", list(DATASETS))
def test_every_setting_of_a_dataset_has_its_default_in_the_yaml(name):
    assert type(dataset_settings(name)) is DATASETS[name]


@pytest.mark.parametrize("command", ["train", "finetune", "prepare", "import"])
def test_every_setting_of_a_command_has_its_default_in_the_yaml(command):
    assert type(OmegaConf.to_object(compose(command))) is resolve_name(COMMANDS[command])


@pytest.mark.parametrize(
    ("modality", "settings", "of_trained"),
    [
        ("text", TextSettings, ()),
        ("audio", AudioSettings, M2FNetAudio.changeable),
        ("visual", VisualSettings, M2FNetVisual.changeable),
    ],
)
def test_every_setting_of_an_encoder_can_be_given(modality, settings, of_trained):
    given = set(compose("prepare").options[modality])
    assert given == {f.name for f in fields(settings)} - {"model"} | {"name", *of_trained}


def test_the_help_of_prepare_names_every_corpus_and_encoder():
    text = OmegaConf.to_container(OmegaConf.load(CONF / "prepare.yaml"))["hydra"]["help"][
        "template"
    ]
    assert f"corpus: {', '.join(c.name for c in CORPORA if c.read)}\n" in text
    for modality in ("text", "audio", "visual"):
        assert f"{modality}: {', '.join(named(modality))}, or the folder of a model\n" in text


def test_every_dataset_has_a_file_and_every_file_a_dataset():
    assert options("dataset") == sorted(DATASETS)


def test_every_model_has_a_file_and_every_file_a_model():
    assert options("model") == MODELS.names


def test_settings_end_in_yaml_everywhere():
    assert not [p for p in Path(CONF).rglob("*") if p.is_file() and p.suffix != ".yaml"]
