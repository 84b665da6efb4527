"""MultiEMO in training: cross-entropy, contrast between emotions, correlation of modalities."""

from typing import Any

from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.data.datamodule import DataSpec
from ercbench.metrics import SCORE_CLASSES
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.multiemo.losses import (
    focal_contrastive,
    rarities,
    soft_hgr,
    soft_hgr_as_released,
)
from ercbench.models.multiemo.network import FusedPrediction, MultiEMONetwork
from ercbench.models.multiemo.settings import MultiEMOSettings

CORRELATIONS = {"soft_hgr": soft_hgr, "as_released": soft_hgr_as_released}


class MultiEMO(ConversationClassifier):
    """Attention-based correlation-aware multimodal fusion.

    Paper: Shi and Huang, ACL 2023, https://aclanthology.org/2023.acl-long.824. Its README lists
    what is reconstructed and what differs from the released code.

    Args:
        spec: What the data is like.
        settings: `MultiEMOSettings` by name.
    """

    settings_class = MultiEMOSettings
    settings: MultiEMOSettings
    network: MultiEMONetwork
    rarity: Tensor

    def __init__(self, spec: DataSpec | dict[str, Any], **settings: Any) -> None:
        super().__init__(spec, **settings)
        # Rounded scores weigh the same; negative ones index the weights from their end.
        scored = self.spec.mean_score is not None
        counts = [1 for _ in SCORE_CLASSES] if scored else self.spec.label_counts
        weights = rarities(counts, self.settings.rarity)
        self.register_buffer("rarity", weights, persistent=False)

    def build_network(self) -> nn.Module:
        """Returns the MultiEMO network."""
        return MultiEMONetwork(self.settings, self.spec.widths, len(self.spec.labels))

    def training_losses(
        self, micro_batch: ConversationBatch, batch: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, the weighted sum of `emotion_loss` and, unless 0, the other two."""
        chosen = self.settings
        prediction: FusedPrediction = self.shared(self.network, micro_batch)
        emotion = self.emotion_loss(prediction.logits, micro_batch.labels, batch.labels)
        losses = {"loss": chosen.emotion_weight * emotion, "emotion_loss": emotion}
        if chosen.contrastive_weight:
            own = micro_batch.classes[micro_batch.mask]
            contrast = focal_contrastive(
                prediction.fused, own, self.rarity, chosen.temperature, chosen.focus
            )
            losses["contrastive_loss"] = contrast
            losses["loss"] = losses["loss"] + chosen.contrastive_weight * contrast
        if chosen.correlation_weight and len(prediction.modalities) > 1:
            correlation = CORRELATIONS[chosen.correlation](prediction.modalities)
            losses["correlation_loss"] = correlation
            losses["loss"] = losses["loss"] + chosen.correlation_weight * correlation
        return losses
