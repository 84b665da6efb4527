"""What is seen of a training: a progress bar in a terminal, a line per epoch elsewhere."""

import sys
from collections.abc import Sequence
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
        """Returns what stands beside the bar."""
        return progress(self.history, pl_module, self.metric)


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
        shown = progress(self.history, pl_module, self.metric)
        stage = f"{shown.pop('stage')}, " if "stage" in shown else ""
        values = ", ".join(f"{name} {value}" for name, value in shown.items())
        say(f"{stage}epoch {trainer.current_epoch}: {values}")


def progress(history: History, model: L.LightningModule, metric: str) -> dict[str, str]:
    """Returns the stage, the last epoch's loss and score, and the best so far, in words."""
    assert isinstance(model, Trainable)
    rows = history.epochs(model.stage.name)
    if not rows:
        return {}
    last, best = rows[-1], best_epoch(rows, metric)
    score = f"val/{metric}"
    return ({"stage": model.stage.name} if model.stage.name else {}) | {
        "loss": f"{last['train/loss']:.3f}",
        f"validation {METRICS[metric].title}": f"{100 * last[score]:.1f}",
        "best": f"{100 * best[score]:.1f} (epoch {best['epoch']})",
    }
