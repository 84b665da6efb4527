"""What a run needs of Lightning beyond Lightning."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping

from ercbench.files import replacing
from ercbench.metrics import METRICS
from ercbench.models.base.trainable import Trainable
from ercbench.processes import is_first


class StepSeeds(L.Callback):
    """Draws each step's randomness from the run's seed and the step alone.

    A run that was interrupted and resumed then draws the same numbers as one that was not.

    Args:
        seed: The run's seed.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seeds torch on every device, or on the CPU alone where nothing else is computed.

        Seeding a device that nobody has used yet notes each time from where it was asked.
        """
        on_cpu = pl_module.device.type == "cpu"
        seed = torch.default_generator.manual_seed if on_cpu else torch.manual_seed
        seed(1_000_003 * self.seed + trainer.global_step)


class Patience(EarlyStopping):
    """Early stopping that remembers, on resuming, that it had stopped already."""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stops at once if patience had run out before the interruption."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True


class History(L.Callback):
    """Keeps `metrics.csv`: a row per epoch, whole at any moment, continued on resuming.

    Of a model with stages, a row also names the stage, and its epochs count from the stage's
    beginning.

    Args:
        path: The csv file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Adds the epoch's metrics."""
        assert isinstance(pl_module, Trainable)
        stage = {"stage": pl_module.stage.name} if pl_module.stage.name else {}
        metrics = {
            name.removeprefix(pl_module.metric_prefix): float(value)
            for name, value in trainer.callback_metrics.items()
        }
        self.rows.append(stage | {"epoch": trainer.current_epoch} | metrics)
        self._write()

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Writes the epochs that a checkpoint brought, where none was left to train."""
        self._write()

    def epochs(self, stage: str) -> list[dict[str, Any]]:
        """Returns the rows of a stage."""
        return [row for row in self.rows if row.get("stage", "") == stage]

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows, for the checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the rows back from a checkpoint."""
        self.rows = list(state_dict["rows"])

    def _write(self) -> None:
        if not is_first():
            return
        with replacing(self.path) as temporary, temporary.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(self.rows[-1]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)


def best_epoch(rows: Sequence[dict[str, Any]], metric: str) -> dict[str, Any]:
    """Returns the row of the epoch that scores best on validation; the first of equals."""
    return max(rows, key=lambda row: METRICS[metric].sign * row[f"val/{metric}"])
