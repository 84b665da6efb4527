"""GraphSmile in training: losses on emotions, sentiments and shifts of sentiment."""

from typing import Any

import torch
from torch import Tensor, nn

from ercbench.data.batch import IGNORE, ConversationBatch
from ercbench.data.datamodule import DataSpec
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.losses import weighted_nll
from ercbench.models.graphsmile.network import GraphSmileNetwork, shift_labels
from ercbench.models.graphsmile.settings import SENTIMENTS, GraphSmileSettings


class GraphSmile(ConversationClassifier):
    """Graph convolutions between each two modalities, with sentiments beside emotions.

    Paper: Li et al., IEEE TPAMI 2025, https://arxiv.org/abs/2407.21536. Its README lists what
    differs from the released code.

    Args:
        spec: What the data is like.
        settings: `GraphSmileSettings` by name.
    """

    settings_class = GraphSmileSettings
    settings: GraphSmileSettings
    network: GraphSmileNetwork
    sentiment_of: Tensor

    def __init__(self, spec: DataSpec | dict[str, Any], **settings: Any) -> None:
        super().__init__(spec, **settings)
        self.register_buffer("sentiment_of", self._sentiments(), persistent=False)

    def build_network(self) -> nn.Module:
        """Returns the network."""
        known = bool((self._sentiments() != IGNORE).any())
        return GraphSmileNetwork(self.settings, self.spec.widths, len(self.spec.labels), known)

    def training_losses(
        self, micro_batch: ConversationBatch, batch: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, the sum of `emotion_loss` and the weighted sentiment and shift losses."""
        settings = self.settings
        if self.network.sentiment is None or settings.sentiment_weight + settings.shift_weight == 0:
            return super().training_losses(micro_batch, batch)
        prediction = self.shared(self.network.forward_with_sentiments, micro_batch)
        emotion = self.emotion_loss(prediction.logits, micro_batch.labels, batch.labels)
        own, over = self.sentiments(micro_batch.labels), self.sentiments(batch.labels)
        sentiment = weighted_nll(prediction.sentiments, own, over=over)
        shift = weighted_nll(
            prediction.shifts,
            shift_labels(own, micro_batch.mask, settings.shift_window),
            over=shift_labels(over, batch.mask, settings.shift_window),
        )
        loss = emotion + settings.sentiment_weight * sentiment + settings.shift_weight * shift
        return {
            "loss": loss,
            "emotion_loss": emotion,
            "sentiment_loss": sentiment,
            "shift_loss": shift,
        }

    def sentiments(self, labels: Tensor) -> Tensor:
        """Returns the sentiments of [B, L] labels, `IGNORE` where there is none."""
        known = labels != IGNORE
        return torch.where(known, self.sentiment_of[labels.clamp(min=0)], IGNORE)

    def _sentiments(self) -> Tensor:
        """Returns [C], each label's sentiment, `IGNORE` for one that has none."""
        named = [self.settings.sentiments.get(label) for label in self.spec.labels]
        return torch.tensor([IGNORE if s is None else SENTIMENTS.index(s) for s in named])
