"""What every dialogue model has in common, beyond its training: input, loss and metrics."""

from typing import Any

import torch
from torch import Tensor, nn

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.data.datamodule import DataSpec
from ercbench.errors import ErcbenchError
from ercbench.models.base.losses import inverse_frequencies, score_loss, weighted_nll
from ercbench.models.base.metrics import ConversationMetrics
from ercbench.models.base.modality_dropout import drop_modalities
from ercbench.models.base.prediction import Prediction
from ercbench.models.base.settings import ModelSettings
from ercbench.models.base.standardiser import Standardiser
from ercbench.models.base.trainable import Trainable, count_labelled

# What checkpoints were trained with that do not know the setting yet.
EARLIER = {"modality_dropout": 0.0}


class ConversationClassifier(Trainable):
    """Trains and evaluates a network that labels every utterance of a conversation.

    A model is a subclass that names its settings, builds its network and, if it has losses or
    stages of its own, overrides `label_loss`, `training_losses` or `stages`. Where scores are
    learned instead of labels, its network has one output, which is the score.

    Args:
        spec: What the data is like.
        settings: The fields of `settings_class` by name.

    Attributes:
        network: `network(batch) -> Prediction`.
        standardise: Applied to every batch first; travels with the checkpoint.
    """

    class_weights: Tensor
    settings: ModelSettings
    spec: DataSpec

    def __init__(self, spec: DataSpec | dict[str, Any], **settings: Any) -> None:
        settings = EARLIER | settings
        super().__init__(spec if isinstance(spec, DataSpec) else DataSpec(**spec), settings)
        self.standardise = Standardiser(self.spec.widths)
        self.network = self.build_network()
        self.validation_metrics = ConversationMetrics()
        weights = inverse_frequencies(self.spec.label_counts)
        if self.settings.class_weights == "none":
            weights = torch.ones_like(weights)
        self.register_buffer("class_weights", weights, persistent=False)
        self.stage = self.stages()[-1]
        self.freeze_others()

    def build_network(self) -> nn.Module:
        """Returns the network, from `settings` and `spec`; for a subclass to say."""
        raise NotImplementedError

    def on_fit_start(self) -> None:
        """Fits the standardisation to the data module's training part, if nobody has.

        Raises:
            ErcbenchError: There is no data module to fit it to, or no stage was started.
        """
        super().on_fit_start()
        if self.standardise.fitted:
            return
        statistics = getattr(getattr(self.trainer, "datamodule", None), "statistics", None)
        if statistics is None:
            raise ErcbenchError(
                f"{type(self).__name__}: nobody knows the mean and deviation of its features. Call "
                "Trainer.fit with a ConversationDataModule, or model.standardise.fit before it."
            )
        self.standardise.fit(statistics)

    def emotion_loss(self, logits: Tensor, labels: Tensor, over: Tensor | None = None) -> Tensor:
        """Returns the loss of [B, L, C] logits against [B, L] labels or scores; see `losses`."""
        if labels.is_floating_point():
            return score_loss(
                logits[..., 0], _rated(labels), None if over is None else _rated(over)
            )
        return self.label_loss(logits, labels, over)

    def label_loss(self, logits: Tensor, labels: Tensor, over: Tensor | None = None) -> Tensor:
        """Returns the loss of [B, L, C] logits against [B, L] labels."""
        return weighted_nll(logits, labels, self.class_weights, over)

    def answers(self, logits: Tensor) -> Tensor:
        """Returns [..., C] probabilities of logits; [..., 1] scores as they are."""
        return logits if self.spec.mean_score is not None else logits.softmax(-1)

    def training_losses(
        self, micro_batch: ConversationBatch, batch: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, a micro-batch's emotion loss averaged over the whole batch."""
        logits = self.predict(micro_batch).logits
        return {"loss": self.emotion_loss(logits, micro_batch.labels, batch.labels)}

    def preprocess(self, batch: ConversationBatch) -> ConversationBatch:
        """Returns the batch with standardised features, and without those dropped in training."""
        return self.standardise(drop_modalities(batch, self.settings.modality_dropout))

    def predict(self, batch: ConversationBatch) -> Prediction:
        """Predicts a standardised batch, as far as the stage goes."""
        return self.shared(self.network, batch)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts a batch as the data module yields it."""
        return self.predict(self.standardise(batch))

    def validation_step(self, batch: ConversationBatch, batch_idx: int) -> None:
        """Collects predictions on validation conversations."""
        logits = self(batch).logits
        self.validation_metrics.update(logits, batch.labels, batch.speakers)
        loss = self.emotion_loss(logits, batch.labels)
        self.log_metrics({"val/loss": loss}, batch_size=count_labelled(batch))

    def on_validation_epoch_end(self) -> None:
        """Scores the whole validation part."""
        scores = self.validation_metrics.compute()
        self.log_metrics({f"val/{n}": s.float() for n, s in scores.items() if s.ndim == 0})
        self.validation_metrics.reset()

    def outputs(self, batch: ConversationBatch) -> dict[str, Tensor]:
        """Returns everything the trained model has to say of a batch as the data module yields it.

        Returns:
            Name to [B, L, C] logits, or [B, L, 1] scores; `final` is the model's answer, others
            are those of stages before it.
        """
        return {"final": self(batch).logits}

    def predict_step(
        self, batch: ConversationBatch, batch_idx: int
    ) -> dict[str, dict[str, Tensor]]:
        """Returns output to conversation id to [L, C] probabilities, or [L, 1] scores."""
        masks = batch.mask.cpu()

        def by_id(logits: Tensor) -> dict[str, Tensor]:
            probabilities = self.answers(logits.float()).cpu()
            each = zip(batch.conversation_ids, probabilities, masks, strict=True)
            return {id: padded[mask] for id, padded, mask in each}

        return {name: by_id(logits) for name, logits in self.outputs(batch).items()}


def _rated(scores: Tensor) -> Tensor:
    """Returns scores with NaN where there is none."""
    return scores.masked_fill(scores == IGNORE, torch.nan)
