"""The field's habit, kept apart: the epoch that is best on the very part it is reported on."""

from dataclasses import asdict, replace
from typing import Any

import lightning as L
import torch
from torch.utils.data import DataLoader

from ercbench.metrics import METRICS
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.metrics import ConversationMetrics
from ercbench.records.run_record import ChosenOnTest
from ercbench.records.scores import Scores, score


class BestOnTest(L.Callback):
    """Scores the test part after every epoch and remembers the best of each stage.

    It changes nothing of the run it watches, and nothing of the run reads it.

    Args:
        tested: The test part, loaded as `ConversationDataModule` does.
        metric: The selection metric.

    Attributes:
        chosen: Stage to its best epoch so far and its test scores, in the order of the stages.
    """

    def __init__(self, tested: DataLoader[Any], metric: str) -> None:
        self.tested, self.metric = tested, metric
        self.chosen: dict[str, ChosenOnTest] = {}

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Scores the epoch; of equally good ones the first is the best."""
        assert isinstance(pl_module, ConversationClassifier)
        stage, epoch = pl_module.stage.name, trainer.current_epoch
        best = ChosenOnTest(epoch, on_test(trainer, pl_module, self.tested), stage)
        before = self.chosen.get(stage)
        sign = METRICS[self.metric].sign
        if before and sign * before.test[self.metric] >= sign * best.test[self.metric]:
            best = before
        self.chosen[stage] = replace(best, epochs=epoch + 1)

    def state_dict(self) -> dict[str, Any]:
        """Returns the best so far as plain values, for the checkpoint."""
        return {stage: asdict(chosen) for stage, chosen in self.chosen.items()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the best back from a checkpoint."""
        self.chosen = {
            stage: ChosenOnTest(**plain | {"test": Scores(**plain["test"])})
            for stage, plain in state_dict.items()
        }


@torch.no_grad()
def on_test(trainer: L.Trainer, model: ConversationClassifier, tested: DataLoader[Any]) -> Scores:
    """Returns the test scores of a model in training."""
    metrics = ConversationMetrics().to(model.device)
    model.eval()
    for loaded in tested:
        batch = loaded.to(model.device)
        with trainer.precision_plugin.forward_context():
            metrics.update(model(batch).logits, batch.labels, batch.speakers)
    model.train()
    scores = score(metrics.predictions())
    assert scores is not None, "a test part without labels is not watched"
    return scores
