"""The logger of a run; needs wandb only if that is the one."""

import re
from pathlib import Path

from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from ercbench.extras import require

# The most characters that wandb takes everywhere, and in titles.
LONGEST_NAME, LONGEST_TITLE = 64, 128


def make_logger(config: DictConfig, folder: Path, group: str) -> Logger | None:
    """Returns the logger that the settings name, if any; a resumed run goes on in the same one.

    Args:
        config: All settings of the run, which the logger shows; `logger` names it.
        folder: The run's; wandb writes there, and shows the folder's name.
        group: Under which runs are grouped.

    Raises:
        ErcbenchError: It is wandb's, which is not installed.
    """
    settings = {name: own for name, own in (config.logger or {}).items() if name != "transcripts"}
    if not settings:
        return None
    if settings["_target_"].endswith("WandbLogger"):
        require("wandb", "wandb", "logger=wandb")
    name = folder.name
    titles = {"name": name[-LONGEST_TITLE:], "group": group[:LONGEST_TITLE]}
    logger = instantiate(settings, save_dir=folder, id=wandb_id(name), **titles)
    logger.log_hyperparams(OmegaConf.to_container(config, resolve=True))
    return logger


def shows_transcripts(config: DictConfig) -> bool:
    """Tells whether the settings let the logger show what was said."""
    return bool((config.logger or {}).get("transcripts", False))


def wandb_id(name: str) -> str:
    """Returns a name as wandb takes it: letters, digits and `_-.` alone, and only its end.

    The end of a run's name is its fingerprint, so that no two runs get the same.
    """
    return re.sub(r"[^\w.-]", "-", name, flags=re.ASCII)[-LONGEST_NAME:]
