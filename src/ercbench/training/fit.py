"""Fits whatever is trained here, stage by stage, and goes on wherever it was interrupted."""

import logging
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
from hydra.utils import instantiate
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig

from ercbench.errors import ErcbenchError
from ercbench.models.base.metrics import CHOOSING
from ercbench.models.base.stages import Stage
from ercbench.models.base.trainable import Trainable, load_weights, read_checkpoint
from ercbench.records.run_folder import RunFolder
from ercbench.training.callbacks import History, Patience, StepSeeds


def fit(
    config: DictConfig,
    model: Trainable,
    datamodule: L.LightningDataModule,
    run: RunFolder,
    logger: Logger | None,
    onlookers: Sequence[L.Callback] = (),
) -> tuple[L.Trainer, list[dict[str, Any]]]:
    """Fits every stage from the best epoch of the one before, chosen on validation.

    If the folder holds the checkpoint of an interrupted fit, it goes on from there.

    Args:
        config: Whose `trainer`, `selection` and `seed` are used.
        model: What is fitted.
        datamodule: Its data.
        run: Where checkpoints and metrics per epoch go.
        logger: Of curves.
        onlookers: Callbacks that watch the last stage and change nothing.

    Returns:
        The last stage's trainer, and a record per stage: its best epoch, the number of its
        epochs and its scores on validation. The model has its best weights.
    """
    history = History(run.metrics)
    interrupted = read_checkpoint(model, str(run.last))["stage"] if run.last.is_file() else None
    names = [stage.name for stage in model.stages()]
    reached = names.index(interrupted) if interrupted is not None else 0
    for stage in model.stages()[reached:]:
        model.begin(stage)
        best = best_path(run, model, stage)
        watching = onlookers if stage == model.stages()[-1] else ()
        trainer = make_trainer(config, run, stage, best, [history, *watching], logger)
        last = str(run.last) if stage.name == interrupted else None
        trainer.fit(model, datamodule, ckpt_path=last, weights_only=True)
        load_weights(model, str(best))
    return trainer, [describe_stage(history, name, config.selection.metric) for name in names]


def best_path(run: RunFolder, model: Trainable, stage: Stage) -> Path:
    """Returns where a stage keeps its best epoch; the last stage's is the model's."""
    if stage == model.stages()[-1]:
        return run.best
    return run.checkpoints / f"best-{stage.name}.ckpt"


def make_trainer(
    config: DictConfig,
    run: RunFolder,
    stage: Stage,
    best: Path,
    watching: Sequence[L.Callback],
    logger: Logger | None,
) -> L.Trainer:
    """Returns the trainer with everything that makes a run resumable and its choice honest."""
    check_choices(config)
    monitor = f"{stage.prefix}val/{config.selection.metric}"
    checkpoint = partial(
        ModelCheckpoint,
        run.checkpoints,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    stopping = Patience(
        monitor,
        mode="max",
        patience=config.selection.patience,
        check_on_train_epoch_end=True,
    )
    return instantiate(
        config.trainer,
        max_epochs=stage.epochs or config.trainer.max_epochs,
        callbacks=[
            StepSeeds(config.seed),
            *watching,
            stopping,
            checkpoint(best.stem, monitor, mode="max"),
            checkpoint(run.last.stem),
        ],
        logger=logger or False,
        default_root_dir=run.path,
    )


def check_choices(config: DictConfig) -> None:
    """Refuses what would not do what it says.

    Raises:
        ErcbenchError: The epoch cannot be chosen so, or Lightning is asked to clip gradients.
    """
    if config.trainer.get("gradient_clip_val") is not None:
        raise ErcbenchError(
            "trainer.gradient_clip_val: gradients are clipped by the model here. Set "
            f"model.gradient_clip={config.trainer.gradient_clip_val} instead."
        )
    if config.selection.metric not in CHOOSING:
        raise ErcbenchError(
            f"selection.metric={config.selection.metric}: expected one of {', '.join(CHOOSING)}. "
            "Change selection.metric."
        )


def describe_stage(history: History, stage: str, metric: str) -> dict[str, Any]:
    """Returns how a stage went; of equally good epochs the first is the best."""
    rows = [row for row in history.rows if row.get("stage", "") == stage]
    best = max(rows, key=lambda row: row[f"val/{metric}"])
    return {
        "stage": stage,
        "best_epoch": int(best["epoch"]),
        "epochs": len(rows),
        "validation": {name[4:]: score for name, score in best.items() if name[:4] == "val/"},
    }


def quiet_lightning() -> None:
    """Silences Lightning's advertisements and its hints on settings that are chosen here."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for hint in (
        ".*does not have many workers.*",
        ".*exists and is not empty.*",
        ".*LeafSpec.*",
        ".*in eval mode at the start of training.*",
    ):
        warnings.filterwarnings("ignore", hint)
