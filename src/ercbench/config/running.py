"""A command as Hydra runs it, its settings composed once."""

from collections.abc import Callable
from typing import Any

import hydra
import hydra._internal.hydra
from hydra.types import RunMode
from omegaconf import DictConfig

from ercbench.config.schema import register
from ercbench.files import config_folder

SINGLE = "hydra.mode=RUN"


class OnceComposed(hydra._internal.hydra.Hydra):
    """Hydra, which else composes all settings first to learn whether they are of one run."""

    def get_mode(self, config_name: str | None, overrides: list[str]) -> Any:
        """Returns whether the settings ask for one run or several; None if they do not say."""
        try:
            composed = self.compose_config(config_name, overrides, RunMode.RUN)
        except Exception:  # which is raised again, or means that there are several
            return super().get_mode(config_name, overrides)
        if composed.hydra.mode is None:
            self._keep(composed, [*overrides, SINGLE])
        return composed.hydra.mode

    def _keep(self, composed: DictConfig, overrides: list[str]) -> None:
        """Lets the loader return these settings when the single run asks for them."""
        loader: Any = self.config_loader
        load = loader.load_configuration

        def kept(**asked: Any) -> DictConfig:
            if (asked["overrides"], asked["run_mode"]) != (overrides, RunMode.RUN):
                return load(**asked)
            composed.hydra.mode = RunMode.RUN
            composed.hydra.overrides.hydra.append(SINGLE)
            return composed

        loader.load_configuration = kept


def run_by_hydra(command: str, run: Callable[[Any], None]) -> None:
    """Lets Hydra read the arguments of this process and do what they say."""
    register(command)
    hydra._internal.hydra.Hydra = OnceComposed  # type: ignore[misc]
    hydra.main(version_base="1.3", config_path=str(config_folder()), config_name=command)(run)()
