"""Which type each group of settings has; a type is imported when it is asked for."""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

from omegaconf import OmegaConf

COMMANDS = {
    "train": "ercbench.config.training:TrainSettings",
    "tune": "ercbench.config.tuning:TuneSettings",
    "finetune": "ercbench.config.training:FinetuneSettings",
    "prepare": "ercbench.config.stores:PrepareSettings",
    "import": "ercbench.config.stores:ImportSettings",
    "reproduce": "ercbench.config.reproduce:ReproduceSettings",
    "add": "ercbench.config.add:AddSettings",
    "evaluate": "ercbench.config.evaluate:EvaluateSettings",
    "report": "ercbench.config.report:ReportSettings",
    "jobs": "ercbench.config.launching:JobsSettings",
    "robust": "ercbench.config.robust:RobustSettings",
    "stores": "ercbench.config.looking:StoresSettings",
    "list": "ercbench.config.looking:ListSettings",
    "show": "ercbench.config.looking:ShowSettings",
    "predict": "ercbench.config.predicting:PredictSettings",
}
"""Command to the type of its settings, as `package.module:Class`."""


def _commands() -> Mapping[str, Any]:
    return {f"{command}_schema": settings for command, settings in COMMANDS.items()}


def _models() -> Mapping[str, Any]:
    from ercbench.models.registry import MODELS

    return {model.name: (model.settings, model.target) for model in MODELS}


def _encoders() -> Mapping[str, Any]:
    from ercbench.models.registry import TRAINABLE_ENCODERS

    return {own.name: (own.settings, own.target) for own in TRAINABLE_ENCODERS}


def _datasets() -> Mapping[str, Any]:
    from ercbench.config.datasets import DATASETS, RegisteredSettings

    return {**DATASETS, "prepared": RegisteredSettings}


def _launchers() -> Mapping[str, Any]:
    from ercbench.config.launching import LAUNCHERS

    return LAUNCHERS


GROUPS = {
    "": _commands,
    "schema/model": _models,
    "schema/encoder": _encoders,
    "schema/dataset": _datasets,
    "schema/launcher": _launchers,
}
"""Hydra's group to its names, each with a type, or with a type and the class that it is of."""


def node_of(group: str, name: str) -> Any:
    """Returns a type as OmegaConf's node without values."""
    found = GROUPS[group]()[name]
    settings, target = found if isinstance(found, tuple) else (found, None)
    node: Any = OmegaConf.structured(
        resolve_name(settings) if isinstance(settings, str) else settings
    )
    if target:
        node._target_ = target
    return node
