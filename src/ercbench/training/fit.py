"""Fits whatever is trained here, stage by stage, and goes on wherever it was interrupted."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import lightning as L
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig

from ercbench.console import say
from ercbench.errors import ErcbenchError
from ercbench.models.base.stages import Stage
from ercbench.models.base.trainable import Trainable, load_weights
from ercbench.records.run_folder import RunFolder
from ercbench.records.run_record import StageRecord
from ercbench.training.callbacks import History, best_epoch
from ercbench.training.checkpoints import best_path, resume_point
from ercbench.training.trainer import epochs_allowed, make_trainer, make_watched_trainer
from ercbench.training.watching import watching


def fit(
    config: DictConfig,
    model: Trainable,
    datamodule: L.LightningDataModule,
    run: RunFolder,
    logger: Logger | None,
    watchers: Sequence[L.Callback] = (),
    watched_epochs: int | None = None,
    quiet: bool = False,
) -> tuple[L.Trainer, list[StageRecord]]:
    """Fits every stage from the best epoch of the one before, chosen on validation.

    If the folder holds the checkpoint of an interrupted fit, it goes on from there.

    Args:
        config: Whose `trainer`, `selection` and `seed` are used.
        model: What is fitted.
        datamodule: Its data.
        run: Where checkpoints and metrics per epoch go.
        logger: Of curves.
        watchers: Callbacks that watch every stage and change nothing.
        watched_epochs: Up to which they watch, if the stage ends before.
        quiet: Whether no epoch is shown, whatever `trainer.enable_progress_bar` says.

    Returns:
        The last stage's trainer, and a record per stage: its best epoch, the number of its
        epochs and its scores on validation. The model has its best weights.
    """
    history, metric = History(run.metrics), config.selection.metric
    show = config.trainer.get("enable_progress_bar", True) and not quiet
    shown = [watching(history, metric)] if show else []
    stages = model.stages()
    reached, checkpoint = resume_point(run, model)
    for stage in stages[reached:]:
        model.start_stage(stage)
        trainer = make_trainer(config, run, model, [history, *shown, *watchers], logger)
        trainer.fit(model, datamodule, ckpt_path=checkpoint, weights_only=True)
        if watchers and watched_epochs and len(history.epochs(stage.name)) < watched_epochs:
            further = make_watched_trainer(config, watched_epochs, watchers)
            watch_further(further, model, datamodule, resume_point(run, model)[1])
        checkpoint = None
        load_weights(model, best_path(run, stages, stage))
    return trainer, [describe_stage(history, stage, config) for stage in stages]


def watch_further(
    trainer: L.Trainer, model: Trainable, datamodule: L.LightningDataModule, last: Path | None
) -> None:
    """Trains a stage on from its last epoch, for those who watch; no weight of it is kept.

    A training that fails there, because its loss became infinite for instance, is watched no
    further; the stage itself has ended well.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*callbacks used to create the checkpoint.*")
        try:
            trainer.fit(model, datamodule, ckpt_path=last, weights_only=True)
        except ErcbenchError as error:
            say(f"The test part is watched no further: {error}")


def describe_stage(history: History, stage: Stage, config: DictConfig) -> StageRecord:
    """Returns how a stage went; of equally good epochs the first is the best."""
    rows = history.epochs(stage.name)
    best = best_epoch(rows, config.selection.metric)
    return StageRecord(
        stage=stage.name,
        best_epoch=int(best["epoch"]),
        epochs=len(rows),
        max_epochs=epochs_allowed(stage, config),
        validation={name[4:]: score for name, score in best.items() if name[:4] == "val/"},
    )
