"""One run among several that `-m` starts."""

import sys
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig

from ercbench.errors import ErcbenchError


def swept() -> list[str] | None:
    """Returns what tells this run from the others of its command, as in `seed=1`.

    Returns:
        None if the command starts one run only.
    """
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return None
    given = [argument for argument in sys.argv[1:] if "=" in argument and argument[0] != "-"]
    overrides = OverridesParser.create().parse_overrides(given)
    several = {own.key_or_group for own in overrides if own.is_sweep_override()}
    task = list(HydraConfig.get().overrides.task)
    return [own for own in task if own.split("=")[0].lstrip("+") in several]


def check_several(config: DictConfig) -> None:
    """Checks that a launcher is given for several runs alone.

    Raises:
        ErcbenchError: It is given for one.
    """
    if config.launcher is not None:
        raise ErcbenchError(
            "launcher: starts the runs of -m, of which there may be one. Add -m, or leave it out."
        )


def given_options() -> list[str]:
    """Returns the options of the running command that each of its runs needs too."""
    from hydra._internal.utils import get_args_parser

    given: Any = get_args_parser().parse_args(sys.argv[1:])
    return ["--config-dir", given.config_dir] if given.config_dir else []
