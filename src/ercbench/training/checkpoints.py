"""Checkpoints that are whole or absent, and the one from which an interrupted run goes on."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from ercbench.errors import ErcbenchError
from ercbench.files import replacing
from ercbench.models.base.stages import Stage
from ercbench.models.base.trainable import Trainable, check_owner, open_checkpoint
from ercbench.records.run_folder import RunFolder


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its target and renames it, so that no kill leaves a torn one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Writes a checkpoint.

        Raises:
            ErcbenchError: The folder cannot be written or the disk is full; what stood at `path`
                stays.
        """
        with replacing(Path(path)) as temporary, temporary.open("wb") as stream:
            torch.save(checkpoint, stream)


def best_path(run: RunFolder, stages: Sequence[Stage], stage: Stage) -> Path:
    """Returns where a stage keeps its best epoch; the last stage's is the model's."""
    return run.best if stage == stages[-1] else run.checkpoints / f"best-{stage.name}.ckpt"


def resume_point(run: RunFolder, model: Trainable) -> tuple[int, Path | None]:
    """Finds where to go on: at the last epoch or, if a file is damaged, at a stage's best one.

    Returns:
        The index of the stage, and the checkpoint; 0 and None to begin.

    Raises:
        ErcbenchError: A checkpoint belongs to another model or other features.
    """
    if not run.last.is_file():
        return 0, None
    stages = model.stages()
    best = [best_path(run, stages, stage) for stage in stages]
    damaged: list[str] = []
    for path in filter(Path.is_file, [run.last, *reversed(best)]):
        reached = _stage_of(path, model, damaged)
        if reached is not None and _stage_of(best[reached], model, damaged) is not None:
            _warn(run, damaged, f"training goes on from {path.name}")
            return reached, path
    _warn(run, damaged, "training begins anew")
    return 0, None


def _stage_of(path: Path, model: Trainable, damaged: list[str]) -> int | None:
    """Returns the index of a checkpoint's stage; a file that cannot be read joins the damaged."""
    try:
        checkpoint = open_checkpoint(path)
    except ErcbenchError:
        damaged.append(path.name)
        return None
    check_owner(model, path, checkpoint)
    return [stage.name for stage in model.stages()].index(checkpoint["stage"])


def _warn(run: RunFolder, damaged: Sequence[str], consequence: str) -> None:
    if damaged:
        names = ", ".join(dict.fromkeys(damaged))
        warnings.warn(f"{run.checkpoints}: cannot read {names}; {consequence}", stacklevel=3)
