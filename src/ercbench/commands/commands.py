"""`ercbench commands`: the command line of each run of `ercbench train -m` or `finetune -m`."""

import shlex

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ercbench.config.sweep import given_options


def commands_command(config: DictConfig) -> None:
    """Prints the command line of one run, for any queue.

    Args:
        config: As `TrainSettings` or `FinetuneSettings` describes it.
    """
    running = HydraConfig.get()
    own = [word for word in running.overrides.task if not word.startswith("launcher")]
    command = "finetune" if running.job.config_name == "finetune" else "train"
    print(shlex.join(["ercbench", command, *given_options(), *own]))
