"""What is seen of a training: a progress bar in a terminal, a line per epoch elsewhere."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ProgressBar, RichProgressBar

from ercbench.console import say
from ercbench.metrics import METRICS
from ercbench.models.base.trainable import Trainable
from ercbench.training.callbacks import History, best_epoch


def watching(history: History, metric: str) -> L.Callback:
    """Returns what shows the epochs, on standard output's kind.

    Args:
        history: The epochs so far.
        metric: By which the epoch is chosen.
    """
    return EpochBar(history, metric) if sys.stdout.isatty() else EpochLines(history, metric)


def has_bar(callbacks: Sequence[L.Callback]) -> bool:
    """Tells whether a progress bar is among the callbacks."""
    return any(isinstance(callback, ProgressBar) for callback in callbacks)


class EpochBar(RichProgressBar):
    """A progress bar that names the last epoch's loss and score, and the best score so far.

    Args:
        history: The epochs so far.
        metric: By which the epoch is chosen.
    """

    def __init__(self, history: History, metric: str) -> None:
        super().__init__()
        self.history, self.metric = history, metric

    def get_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, Any]:
        """Returns what stands beside the bar; its scores are in per cent."""
        assert isinstance(pl_module, Trainable)
        epoch = last_epoch(self.history, pl_module, self.metric)
        if epoch is None:
            return {}
        shown = {"loss": f"{epoch.loss:.3f}", "val": epoch.score, "best": epoch.best}
        return ({"stage": epoch.stage} if epoch.stage else {}) | shown


class EpochLines(L.Callback):
    """Prints a line after every epoch, on standard error.

    Args:
        history: The epochs so far, which gets each before this callback.
        metric: By which the epoch is chosen.
    """

    def __init__(self, history: History, metric: str) -> None:
        self.history, self.metric = history, metric

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Prints the epoch."""
        assert isinstance(pl_module, Trainable)
        epoch = last_epoch(self.history, pl_module, self.metric)
        assert epoch is not None
        stage = f"{epoch.stage}, " if epoch.stage else ""
        say(
            f"{stage}epoch {epoch.number}: loss {epoch.loss:.3f}, validation "
            f"{METRICS[self.metric].title} {epoch.score}, best {epoch.best} (epoch "
            f"{epoch.best_number})"
        )


@dataclass(frozen=True)
class Epoch:
    """An epoch as it is shown.

    Attributes:
        stage: Name of its stage; empty if the model has but one.
        number: From 0, as in `metrics.csv`.
        loss: Mean training loss.
        score: On validation, as it is written.
        best: The best score of the stage so far, likewise.
        best_number: The epoch that had it.
    """

    stage: str
    number: int
    loss: float
    score: str
    best: str
    best_number: int


def last_epoch(history: History, model: Trainable, metric: str) -> Epoch | None:
    """Returns the last epoch of the model's stage, or None before there is one."""
    rows = history.epochs(model.stage.name)
    if not rows:
        return None
    last, best = rows[-1], best_epoch(rows, metric)
    score, highest = (METRICS[metric].written(row[f"val/{metric}"]) for row in (last, best))
    stage, loss = model.stage.name, last["train/loss"]
    return Epoch(stage, last["epoch"], loss, score, highest, best["epoch"])
