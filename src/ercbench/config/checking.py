"""Composed settings held against their types."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from ercbench.settings import SettingError, Settings


def checked(config: DictConfig, parent: str = "") -> DictConfig:
    """Returns settings, if all that have a type keep to its bounds.

    Args:
        config: The settings.
        parent: What they stand inside, as in `model.`.

    Raises:
        SettingError: One is out of its bounds; the message has its full name.
        MissingMandatoryValue: One has no value.
    """
    for name in map(str, config):
        if not OmegaConf.is_missing(config, name) and OmegaConf.is_dict(config[name]):
            checked(config[name], f"{parent}{name}.")
    kind: Any = OmegaConf.get_type(config)
    if issubclass(kind, Settings):
        try:
            kind.of(config)
        except SettingError as error:
            raise error.inside(parent) from None
    return config
