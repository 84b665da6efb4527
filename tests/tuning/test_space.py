"""The spaces in conf/tuning, and what is wrong with one of somebody's own."""

import pytest
import yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ercbench.config.choices import choices
from ercbench.config.compose import compose
from ercbench.errors import ErcbenchError
from ercbench.files import config_folder
from ercbench.models.registry import MODELS
from ercbench.tuning.space import distribution, read_space, with_params
from ercbench.tuning.tune import base_of

NAMES = [model.name for model in MODELS]


def space_of(*overrides):
    config = compose("tune", overrides)
    return read_space(config.tuning, base_of(config), "tuning/own.yaml"), base_of(config)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_has_a_space_that_begins_with_its_usual_settings(name):
    assert name in choices("tuning")
    space, base = space_of(f"model={name}")
    if space.ranges:
        first, *others = space.tried_first(base)
        assert with_params(base, first) == base, "the settings as they stand are in the space"
        assert len(others) == len(space.first)
    for params in space.tried_first(base):
        with_params(base, params)


@pytest.mark.parametrize("name", NAMES)
def test_common_settings_have_the_same_ranges_for_every_model(name):
    common = compose("tune", [f"model={name}"]).tuning.common
    ranges = space_of(f"model={name}")[0].ranges
    for setting, given in ranges.items():
        own = setting.split(".")[-1]
        if own in common:
            assert given == common[own]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, None], CategoricalDistribution([1, None])),
        ({"low": 1, "high": 4}, IntDistribution(1, 4)),
        ({"low": 1e-5, "high": 1e-3, "log": True}, FloatDistribution(1e-5, 1e-3, log=True)),
    ],
)
def test_what_a_range_stands_for(given, expected):
    assert distribution(given) == expected


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("+tuning.space.model.hiden=[64]", "no setting 'model.hiden' to tune.*mean 'hidden'"),
        ("+tuning.space.modle.hidden=[64]", "no setting 'modle.hidden' to tune"),
        ("tuning.space.model.hidden=[0]", "model.hidden=0: .*expected at least 1"),
        ("tuning.space.model.hidden=[wide]", "model.hidden=wide: .*whole number"),
        ("tuning.space.model.hidden=[]", "model.hidden=.*expected a list"),
        ("tuning.space.model.hidden=[8,8]", "model.hidden=.*different choices"),
        ("tuning.space.model.hidden=8", "model.hidden=8: expected a list"),
        ("tuning.space.model.dropout={low:0.5,high:0.2}", "model.dropout=.*higher high"),
        ("tuning.space.model.dropout={low:0.5,high:1}", "model.dropout=1: .*to below 1"),
        ("tuning.common.weight_decay={low:0,high:1,log:true}", "weight_decay=.*low above 0"),
        ("tuning.first=[{model:{hidden:100}}]", "first: model.hidden=100 is outside"),
        ("tuning.first=[{model:{amsgrad:true}}]", "first: model.amsgrad is not in the space"),
    ],
)
def test_a_space_that_cannot_be_is_one_line_that_names_file_and_setting(override, said):
    with pytest.raises(ErcbenchError, match=f"^tuning/own.yaml: .*{said}") as caught:
        space_of("model=gru", override)
    assert "\n" not in str(caught.value)


def test_ranges_alone_are_no_space():
    with pytest.raises(ErcbenchError, match="tuning/own.yaml: expected space"):
        space_of("model=gru", "tuning=common")


def test_no_trials_are_refused():
    with pytest.raises(ErcbenchError, match="trials=0: expected at least 1"):
        compose("tune", ["trials=0"])


@pytest.mark.parametrize("file", sorted(config_folder().glob("sweep/*.yaml")), ids=lambda p: p.stem)
def test_a_sweep_of_wandb_tries_what_a_study_tries(file):
    parameters = yaml.safe_load(file.read_text())["parameters"]
    ranges = space_of(f"model={file.stem}")[0].ranges
    assert {name: given_to_wandb(given) for name, given in ranges.items()} == parameters


def given_to_wandb(given):
    if isinstance(given, list):
        return {"values": given}
    kind = "log_uniform_values" if given.get("log") else "uniform"
    return {"distribution": kind, "min": given["low"], "max": given["high"]}
