"""Entries of this package and of others."""

import importlib.metadata
import sys
from importlib.metadata import EntryPoint

import pytest

from ercbench.errors import ErcbenchError
from ercbench.models.baselines.settings import MLPSettings
from ercbench.models.registry import MODELS, Model
from ercbench.registry import Registry

MINE = Model("mine", "Mine", "a model of somebody else", MLPSettings, "mine.network.Mine")


@pytest.fixture
def registry(monkeypatch):
    """Makes the registry of models as if other packages had these entry points."""

    def make(**values):
        module = type(sys)("others")
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, "others", module)
        points = [EntryPoint(name, f"others:{name}", "ercbench.models") for name in values]
        points += [EntryPoint("broken", "no_such_module:MODEL", "ercbench.models")]
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
        return Registry("model", "ercbench.models", "MODELS", "ercbench.models", Model)

    return make


def test_a_model_of_another_package_stands_beside_ours(registry):
    with pytest.warns(UserWarning, match="model broken of no_such_module:MODEL: left out, Mod"):
        entries = registry(mine=MINE).entries
    assert entries["mine"] is MINE
    assert set(entries) == {*MODELS.names, "mine"}


def test_a_name_that_is_taken_and_a_thing_that_is_no_model_are_left_out(registry):
    with pytest.warns(UserWarning, match="left out") as warned:
        entries = registry(first=MINE, second=MINE, third="no model").entries
    assert set(entries) == {*MODELS.names, "mine"}
    said = " ".join(str(warning.message) for warning in warned)
    assert "the name 'mine' is taken" in said
    assert "is no Model, but 'no model'" in said


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(ErcbenchError, match=r"No model 'cfnesa'; there are: bc_lstm, .*'cfn_es"):
        MODELS["cfnesa"]
