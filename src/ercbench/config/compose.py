"""Settings as Hydra composes them from `conf/`, checked."""

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf, open_dict

from ercbench.config.checking import checked
from ercbench.config.datasets import DatasetSettings
from ercbench.config.schema import register
from ercbench.features.store.division import ExtractionSettings
from ercbench.files import config_folder
from ercbench.models.base.settings import ModelSettings, TrainableSettings


def compose(command: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Composes what a command is told, as on its command line.

    Args:
        command: `train`, `finetune`, `prepare`, `import` or `reproduce`.
        overrides: Such as `model=gru` or `model.hidden=64`.

    Raises:
        ErcbenchError: A setting is out of its bounds.
        HydraException: There is no such choice or setting.
    """
    return checked(_compose(command, overrides))


def compose_with_choices(
    command: str, overrides: Sequence[str] = ()
) -> tuple[DictConfig, dict[str, str]]:
    """Composes what a command is told; also returns which name was chosen in each group.

    Raises:
        ErcbenchError: A setting is out of its bounds.
        HydraException: There is no such choice or setting.
    """
    config = _compose(command, overrides, return_hydra_config=True)
    choices = dict(config.hydra.runtime.choices)
    with open_dict(config):
        del config["hydra"]
    return checked(config), choices


def model_settings(name: str, **changes: Any) -> ModelSettings:
    """Returns a model's settings, those of `conf/model/<name>.yaml` but for the changes.

    Raises:
        ErcbenchError: A setting is out of its bounds.
    """
    return _typed("model", name, changes)


def dataset_settings(name: str, **changes: Any) -> DatasetSettings:
    """Returns a dataset's settings, those of `conf/dataset/<name>.yaml` but for the changes.

    Raises:
        ErcbenchError: A setting is out of its bounds.
    """
    return _typed("dataset", name, changes)


def extraction_settings(**changes: Any) -> ExtractionSettings:
    """Returns how the work of `ercbench prepare` is divided, with changes.

    Raises:
        ErcbenchError: A setting is out of its bounds.
        HydraException: There is no such setting.
    """
    settings: Any = compose("prepare", [f"{name}={value}" for name, value in changes.items()])
    return OmegaConf.to_object(settings)  # type: ignore[return-value]


def encoder_settings(name: str, **changes: Any) -> TrainableSettings:
    """Returns an encoder's settings, those of `conf/encoder/<name>.yaml` but for the changes.

    Raises:
        ErcbenchError: A setting is out of its bounds.
    """
    return _typed("encoder", name, changes)


def build_model(name: str, spec: Any, **changes: Any) -> Any:
    """Makes a dialogue model of the settings `conf/model/<name>.yaml` but for the changes.

    Args:
        name: Of the model.
        spec: What the data is like, a `DataSpec`.
        changes: Settings that are different.

    Raises:
        ErcbenchError: A setting is out of its bounds.
    """
    return _build("model", name, changes, spec=spec)


def build_encoder(name: str, spec: Any, **changes: Any) -> Any:
    """Makes an utterance encoder of the settings `conf/encoder/<name>.yaml` but for the changes.

    Args:
        name: Of the encoder.
        spec: What the data is like, an `UtteranceSpec`.
        changes: Settings that are different.

    Raises:
        ErcbenchError: A setting is out of its bounds.
    """
    return _build("encoder", name, changes, spec=spec)


def build_dataset(name: str, stores: Path, **changes: Any) -> Any:
    """Makes a data module of the settings `conf/dataset/<name>.yaml` but for the changes.

    Args:
        name: Of the dataset.
        stores: Folder of the feature stores.
        changes: Settings that are different.

    Raises:
        ErcbenchError: A setting is out of its bounds.
    """
    return _build("dataset", name, changes, stores=str(stores))


def _compose(config_name: str, overrides: Sequence[str] = (), **options: bool) -> DictConfig:
    """Composes within the running command, whose folders of settings may be more, or anew."""
    if _command_runs():
        return hydra.compose(config_name, list(overrides), **options)
    register(config_name)
    with hydra.initialize_config_dir(str(config_folder()), version_base="1.3"):
        return hydra.compose(config_name, list(overrides), **options)


def _command_runs() -> bool:
    running = GlobalHydra.instance()
    if not running.is_initialized():
        return False
    folders = running.config_loader().get_search_path().get_path()
    ours = str(config_folder())  # which some versions of Hydra write as a URL, others as it is
    return any(folder.path in (ours, f"file://{ours}") for folder in folders)


def _node(group: str, name: str, changes: dict[str, Any]) -> DictConfig:
    composed = _composed if _command_runs() else _composed_once
    config = deepcopy(composed(group, name))
    for table in (config[key] for key in changes if OmegaConf.get_type(config, key) is dict):
        OmegaConf.set_struct(table, False)  # it takes new entries, as with + on the command line
    merged: Any = OmegaConf.merge(config, changes)
    return checked(merged, f"{group}.")


def _composed(group: str, name: str) -> DictConfig:
    return _compose(f"{group}/{name}")[group]


_composed_once = cache(_composed)  # a running command's folders of settings may be others


def _typed(group: str, name: str, changes: dict[str, Any]) -> Any:
    return OmegaConf.to_object(_node(group, name, changes))


def _build(group: str, name: str, changes: dict[str, Any], **others: Any) -> Any:
    settings: Any = OmegaConf.to_container(_node(group, name, changes), resolve=True)
    return get_class(settings.pop("_target_"))(**others, **settings)
