"""The field's habit, kept apart: the epoch that is best on the very part it is reported on."""

from typing import Any

import lightning as L
import torch
from torch.utils.data import DataLoader

from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.metrics import ConversationMetrics


class BestOnTest(L.Callback):
    """Scores the test part after every epoch and remembers the best.

    It changes nothing of the run it watches, and nothing of the run reads it.

    Args:
        tested: The test part, loaded as `ConversationDataModule` does.
        metric: Key of `CHOOSING`.

    Attributes:
        best: `best_epoch`, and its `test` scores as `ConversationMetrics` computes them.
    """

    def __init__(self, tested: DataLoader[Any], metric: str) -> None:
        self.tested, self.metric = tested, metric
        self.best: dict[str, Any] = {}

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Scores the epoch; of equally good ones the first is the best."""
        assert isinstance(pl_module, ConversationClassifier)
        scores = on_test(trainer, pl_module, self.tested)
        if not self.best or scores[self.metric] > self.best["test"][self.metric]:
            self.best = {"best_epoch": trainer.current_epoch, "test": scores}

    def state_dict(self) -> dict[str, Any]:
        """Returns the best so far, for the checkpoint."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the best back from a checkpoint."""
        self.best = dict(state_dict["best"])


@torch.no_grad()
def on_test(
    trainer: L.Trainer, model: ConversationClassifier, tested: DataLoader[Any]
) -> dict[str, Any]:
    """Returns the test scores of a model in training, as plain values."""
    metrics = ConversationMetrics(len(model.spec.labels)).to(model.device)
    model.eval()
    for loaded in tested:
        batch = loaded.to(model.device)
        with trainer.precision_plugin.forward_context():
            metrics.update(model(batch).logits, batch.labels, batch.speakers)
    model.train()
    return {name: score.tolist() for name, score in metrics.compute().items()}
