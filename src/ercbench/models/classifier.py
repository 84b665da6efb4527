"""The one place with steps, optimiser and metrics, for every dialogue model."""

from collections import Counter
from typing import Any, ClassVar, Self

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
from ercbench.models.stages import Stage
from ercbench.models.standardiser import Standardiser


class ConversationClassifier(L.LightningModule):
    """Trains and judges a network that labels every utterance of a conversation.

    A model is a subclass that names its settings, builds its network and, if it has losses or
    stages of its own, overrides `training_losses` or `stages`. Optimisation is manual so that a
    batch can be worked off in pieces under the whole batch's normaliser.

    Args:
        spec: What the data is like.
        settings: The fields of `settings_class` by name.

    Attributes:
        network: `network(batch) -> Prediction`.
        standardise: Applied to every batch first; travels with the checkpoint.
        stage: The stage in which it is.
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
        weights = inverse_frequencies(self.spec.label_counts)
        if self.settings.class_weights == "none":
            weights = torch.ones_like(weights)
        self.register_buffer("class_weights", weights, persistent=False)
        self.begin(self.stages()[-1])

    def stages(self) -> list[Stage]:
        """Returns the stages of training, in order; the last one's predictions are the model's."""
        return [Stage(self.settings.learning_rate)]

    def begin(self, stage: Stage) -> None:
        """Enters a stage: freezes whatever it does not train."""
        self.stage = stage
        self.network.requires_grad_(False)
        for part in stage.trains:
            self.network.get_submodule(part).requires_grad_(True)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Puts what the stage trains in training mode; the rest stays in evaluation mode."""
        super().train(mode)
        self.network.eval()
        for part in self.stage.trains:
            self.network.get_submodule(part).train(mode)
        return self

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
        return {"loss": self.emotion_loss(self.predict(piece).logits, piece.labels, whole.labels)}

    def predict(self, batch: ConversationBatch) -> Prediction:
        """Predicts a standardised batch, as far as the stage goes."""
        return self.network(batch)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts a batch as the data module yields it."""
        return self.predict(self.standardise(batch))

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
        self._log(curves, on_step=False, on_epoch=True, batch_size=size)

    def validation_step(self, batch: ConversationBatch, batch_idx: int) -> None:
        """Collects predictions on validation conversations."""
        logits = self(batch).logits
        self.validation_metrics.update(logits, batch.labels, batch.speakers)
        size = int((batch.labels != IGNORE).sum())
        self._log({"val/loss": self.emotion_loss(logits, batch.labels)}, batch_size=size)

    def on_validation_epoch_end(self) -> None:
        """Scores the whole validation part."""
        scores = self.validation_metrics.compute()
        self._log({f"val/{n}": s.float() for n, s in scores.items() if s.ndim == 0})
        self.validation_metrics.reset()

    def outputs(self, batch: ConversationBatch) -> dict[str, Tensor]:
        """Returns everything the trained model has to say of a batch as the data module yields it.

        Returns:
            Name to [B, L, C] logits; `final` is the model's answer, others are those of stages
            before it.
        """
        return {"final": self(batch).logits}

    def predict_step(
        self, batch: ConversationBatch, batch_idx: int
    ) -> dict[str, dict[str, Tensor]]:
        """Returns output to conversation id to [L, C] probabilities."""
        masks = batch.mask.cpu()

        def by_id(logits: Tensor) -> dict[str, Tensor]:
            probabilities = logits.float().softmax(-1).cpu()
            each = zip(batch.conversation_ids, probabilities, masks, strict=True)
            return {id: padded[mask] for id, padded, mask in each}

        return {name: by_id(logits) for name, logits in self.outputs(batch).items()}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW over what the stage trains, at its rate."""
        return torch.optim.AdamW(
            [p for p in self.network.parameters() if p.requires_grad],
            lr=self.stage.learning_rate,
            weight_decay=self.settings.weight_decay,
            amsgrad=self.settings.amsgrad,
            fused=True,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes which model the weights belong to, and how far its training has come."""
        checkpoint.update(classifier=type(self).__name__, stage=self.stage.name)

    def _log(self, values: dict[str, Any], **options: Any) -> None:
        self.log_dict({self.stage.prefix + n: value for n, value in values.items()}, **options)

    def _check_finite(self, loss: float) -> None:
        if not torch.isfinite(torch.tensor(loss)):
            raise ErcbenchError(
                f"The training loss became {loss} in epoch {self.current_epoch}. Lower the "
                f"learning rate, now {self.stage.learning_rate}, or set model.gradient_clip=1."
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
