"""The one place with steps, optimiser and metrics, for every dialogue model."""

from collections import Counter
from typing import Any, ClassVar

import lightning as L
import torch
from torch import Tensor, nn

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.data.datamodule import DataSpec
from ercbench.errors import ErcbenchError
from ercbench.models.losses import inverse_frequencies, weighted_nll
from ercbench.models.metrics import ConversationMetrics
from ercbench.models.prediction import Prediction
from ercbench.models.settings import ModelSettings
from ercbench.models.standardiser import Standardiser


class ConversationClassifier(L.LightningModule):
    """Trains and judges a network that labels every utterance of a conversation.

    A model is a subclass that names its settings, builds its network and, if it has losses of
    its own, overrides `training_losses`. Optimisation is manual so that a batch can be worked
    off in pieces under the whole batch's normaliser.

    Args:
        spec: What the data is like.
        settings: The fields of `settings_class` by name.

    Attributes:
        network: `network(batch) -> Prediction`.
        standardise: Applied to every batch first; travels with the checkpoint.
        test_probabilities: After a test, conversation id to [L, C] probabilities.
        test_scores: After a test, what `ConversationMetrics.compute` returned.
    """

    settings_class: ClassVar[type[ModelSettings]]
    class_weights: Tensor

    def __init__(self, spec: DataSpec | dict[str, Any], **settings: Any) -> None:
        super().__init__()
        self.spec = spec if isinstance(spec, DataSpec) else DataSpec(**spec)
        self.settings = self.settings_class(**settings)
        self.save_hyperparameters({"spec": self.spec.plain(), **settings}, logger=False)
        self.automatic_optimization = False
        self.standardise = Standardiser(self.spec.widths)
        self.network = self.build_network()
        self.validation_metrics = ConversationMetrics(len(self.spec.labels))
        self.test_metrics = ConversationMetrics(len(self.spec.labels))
        self.test_probabilities: dict[str, Tensor] = {}
        self.test_scores: dict[str, Tensor] = {}
        weights = inverse_frequencies(self.spec.label_counts)
        if self.settings.class_weights == "none":
            weights = torch.ones_like(weights)
        self.register_buffer("class_weights", weights, persistent=False)

    def build_network(self) -> nn.Module:
        """Returns the network, from `settings` and `spec`; for a subclass to say."""
        raise NotImplementedError

    def emotion_loss(self, logits: Tensor, labels: Tensor, over: Tensor | None = None) -> Tensor:
        """Returns the loss of [B, L, C] logits against [B, L] labels; see `losses`."""
        return weighted_nll(logits, labels, self.class_weights, over)

    def training_losses(
        self, piece: ConversationBatch, whole: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns the losses of a piece of a batch, averaged over the whole batch.

        Args:
            piece: What to compute.
            whole: The batch it is a piece of, whose labels say what the average is over.

        Returns:
            `loss`, which is minimised, and any parts of it worth a curve.
        """
        return {"loss": self.emotion_loss(self.network(piece).logits, piece.labels, whole.labels)}

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts a batch as the data module yields it."""
        return self.network(self.standardise(batch))

    def training_step(self, batch: ConversationBatch, batch_idx: int) -> None:
        """Takes one optimiser step on one batch.

        Raises:
            ErcbenchError: The loss is NaN or infinite.
        """
        optimizer: Any = self.optimizers()
        optimizer.zero_grad()
        whole, totals = self.standardise(batch), Counter[str]()
        for piece in whole.pieces(self.settings.piece_utterances):
            losses = self.training_losses(piece, whole)
            self.manual_backward(losses["loss"])
            totals.update({name: loss.item() for name, loss in losses.items()})
        self._check_finite(totals["loss"])
        self.clip_gradients(optimizer, gradient_clip_val=self.settings.gradient_clip)
        optimizer.step()
        size = int((batch.labels != IGNORE).sum())
        curves = {f"train/{name}": value for name, value in totals.items()}
        self.log_dict(curves, on_step=False, on_epoch=True, batch_size=size)

    def validation_step(self, batch: ConversationBatch, batch_idx: int) -> None:
        """Collects predictions on validation conversations."""
        logits = self(batch).logits
        self.validation_metrics.update(logits, batch.labels, batch.speakers)
        size = int((batch.labels != IGNORE).sum())
        self.log("val/loss", self.emotion_loss(logits, batch.labels), batch_size=size)

    def on_validation_epoch_end(self) -> None:
        """Scores the whole validation part."""
        scores = self.validation_metrics.compute()
        self.log_dict({f"val/{n}": s.float() for n, s in scores.items() if s.ndim == 0})
        self.validation_metrics.reset()

    def test_step(self, batch: ConversationBatch, batch_idx: int) -> None:
        """Collects predictions on test conversations."""
        logits = self(batch).logits.float()
        self.test_metrics.update(logits, batch.labels, batch.speakers)
        probabilities = logits.softmax(-1).cpu()
        for index, id in enumerate(batch.conversation_ids):
            self.test_probabilities[id] = probabilities[index, batch.mask[index].cpu()]

    def on_test_epoch_end(self) -> None:
        """Scores the whole test part."""
        self.test_scores = self.test_metrics.compute()
        self.test_metrics.reset()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW with the settings' rates."""
        return torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            amsgrad=self.settings.amsgrad,
            fused=True,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes which model the weights belong to."""
        checkpoint["classifier"] = type(self).__name__

    def _check_finite(self, loss: float) -> None:
        if not torch.isfinite(torch.tensor(loss)):
            raise ErcbenchError(
                f"The training loss became {loss} in epoch {self.current_epoch}. Lower "
                f"model.learning_rate={self.settings.learning_rate} or set model.gradient_clip=1."
            )


def load_weights(model: ConversationClassifier, path: str) -> None:
    """Loads a checkpoint's weights into a model built for the same data.

    Raises:
        ErcbenchError: The file is damaged, or belongs to another model, other settings or other
            features.
    """
    checkpoint = read_checkpoint(model, path)
    try:
        model.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise ErcbenchError(
            f"{path}: the weights do not fit this model ({' '.join(str(error).split())[:300]}). "
            "Use the settings they were trained with, or delete the file to train anew."
        ) from None


def read_checkpoint(model: ConversationClassifier, path: str) -> dict[str, Any]:
    """Reads a checkpoint, without executing anything in it, and checks whose it is.

    Raises:
        ErcbenchError: The file is damaged, or belongs to another model or other features.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        found = checkpoint["classifier"], checkpoint["hyper_parameters"]["spec"]
    except Exception as error:
        raise ErcbenchError(
            f"{path}: not a readable ercbench checkpoint ({type(error).__name__}). Delete it to "
            "train anew, or give another."
        ) from None
    expected = type(model).__name__, model.spec.plain()
    for what, ours, theirs in zip(("model", "data"), expected, found, strict=True):
        if ours != theirs:
            raise ErcbenchError(
                f"{path}: trained for another {what} ({theirs}); expected {ours}. Use the "
                "settings it was trained with, or delete the file to train anew."
            )
    return checkpoint
