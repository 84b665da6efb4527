"""`ercbench commands`: the command line of each run of `ercbench train -m`."""

import shlex

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ercbench.config.sweep import given_options


def commands_command(config: DictConfig) -> None:
    """Prints the command line of one run, for any queue.

    Args:
        config: As `TrainSettings` describes it.
    """
    own = [word for word in HydraConfig.get().overrides.task if not word.startswith("launcher")]
    print(shlex.join(["ercbench", "train", *given_options(), *own]))
