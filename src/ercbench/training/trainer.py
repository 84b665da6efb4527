"""Lightning's Trainer as runs use it: which of its settings can be set, and what is added."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import lightning as L
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from ercbench.errors import ErcbenchError
from ercbench.metrics import METRICS
from ercbench.models.base.stages import Stage
from ercbench.models.base.trainable import Trainable
from ercbench.records.run_folder import RunFolder
from ercbench.settings import Bound, one_of
from ercbench.training.callbacks import Patience, StepSeeds
from ercbench.training.checkpoints import WholeCheckpoints, best_path
from ercbench.training.sharing import placement
from ercbench.training.watching import has_bar


def count(least: int) -> Bound:
    """Returns the bound of a whole number from `least` on."""
    return Bound(
        f"a whole number, at least {least}", lambda found: type(found) is int and found >= least
    )


def has_accelerator(name: Any) -> bool:
    """Tells whether this machine has an accelerator of that name in Lightning."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    known = {"auto": True, "cpu": True, "gpu": cuda or mps, "cuda": cuda, "mps": mps}
    return known.get(name, False)


# Lightning's name of a metric's direction.
BEST = {1: "max", -1: "min"}
FLAG = one_of(True, False)
# Optimisation is manual, torchrun starts the processes, and every batch counts: what else
# Lightning's Trainer can be told would not do what it says.
TRAINER_SETTINGS: Mapping[str, Bound] = {
    "_target_": one_of("lightning.Trainer"),
    "accelerator": Bound(
        "auto or cpu, or gpu, cuda or mps where the machine has one", has_accelerator
    ),
    "devices": Bound(
        "1: a run on several devices is started by `torchrun --nproc-per-node 2 -m ercbench train "
        "…`, and CUDA_VISIBLE_DEVICES says on which",
        lambda found: found == 1,
    ),
    "precision": one_of("32-true", "bf16-mixed"),
    "max_epochs": count(1),
    "deterministic": one_of(True, False, "warn"),
    "benchmark": FLAG,
    "detect_anomaly": FLAG,
    "enable_progress_bar": FLAG,
    "enable_model_summary": FLAG,
    "num_sanity_val_steps": count(0),
    "log_every_n_steps": count(1),
    "gradient_clip_val": Bound(
        "null; set model.gradient_clip instead", lambda found: found is None
    ),
    "accumulate_grad_batches": Bound(
        "1; set dataset.batch_size instead, and for less memory model.micro_batch_utterances",
        lambda found: found == 1,
    ),
    "fast_dev_run": Bound("false; set trainer.max_epochs=1 instead", lambda found: found is False),
}


def check_settings(config: DictConfig) -> None:
    """Refuses what would not do what it says, before anything runs.

    Args:
        config: Whose `trainer` is used.

    Raises:
        ErcbenchError: A setting of the trainer is not valid.
    """
    settings: Any = OmegaConf.to_container(config.trainer, resolve=True)
    for name, found in settings.items():
        _check_setting(name, found)


def _check_setting(name: str, found: Any) -> None:
    valid = TRAINER_SETTINGS.get(name)
    if valid is None:
        supported = ", ".join(own for own in TRAINER_SETTINGS if own != "_target_")
        raise ErcbenchError(
            f"trainer.{name}={found}: a run cannot be told so. Remove it; there are {supported}."
        )
    valid.check(f"trainer.{name}", found)


def make_trainer(
    config: DictConfig,
    run: RunFolder,
    model: Trainable,
    callbacks: Sequence[L.Callback],
    logger: Logger | None,
) -> L.Trainer:
    """Returns the trainer of the model's stage, which can be resumed and chooses on validation."""
    metric = METRICS[config.selection.metric]
    monitor, mode = f"{model.metric_prefix}val/{metric.name}", BEST[metric.sign]
    best = best_path(run, model.stages(), model.stage)
    checkpoint = partial(
        ModelCheckpoint,
        run.checkpoints,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    stopping = Patience(
        monitor,
        mode=mode,
        patience=config.selection.patience,
        check_on_train_epoch_end=True,
    )
    return instantiate(
        config.trainer,
        max_epochs=epochs_allowed(model.stage, config),
        callbacks=[
            StepSeeds(config.seed),
            *callbacks,
            stopping,
            checkpoint(best.stem, monitor, mode=mode),
            checkpoint(run.last.stem),
        ],
        logger=logger or False,
        plugins=[WholeCheckpoints()],
        enable_progress_bar=has_bar(callbacks),
        default_root_dir=run.path,
        **placement(),
    )


def make_watched_trainer(
    config: DictConfig, epochs: int, watchers: Sequence[L.Callback]
) -> L.Trainer:
    """Returns a trainer that goes on to so many epochs, neither validates nor keeps anything."""
    return instantiate(
        config.trainer,
        max_epochs=epochs,
        callbacks=[StepSeeds(config.seed), *watchers],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        limit_val_batches=0,
        **placement(),
    )


def epochs_allowed(stage: Stage, config: DictConfig) -> int:
    """Returns how many epochs a stage may take."""
    return stage.epochs or config.trainer.max_epochs


def quiet_lightning() -> None:
    """Silences Lightning's advertisements and its hints on settings that are chosen here."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for hint in (
        ".*does not have many workers.*",
        ".*exists and is not empty.*",
        ".*LeafSpec.*",
        ".*in eval mode at the start of training.*",
        ".*sync_dist=True.*",  # processes that share batches log the same
        ".*`srun` command is available.*",  # under a launcher, runs are jobs of their own
    ):
        warnings.filterwarnings("ignore", hint)
