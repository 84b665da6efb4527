"""CFN-ESA in training: emotion loss plus emotion-shift loss."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.data.datamodule import DataSpec
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.losses import focal_loss, released_focal_loss, weighted_nll
from ercbench.models.cfn_esa.network import CFNESANetwork, shift_labels
from ercbench.models.cfn_esa.settings import CFNESASettings


class CFNESA(ConversationClassifier):
    """Cross-modal fusion network with emotion-shift awareness.

    Paper: Li et al., IEEE TAFFC 15(4), 2024, https://arxiv.org/abs/2307.15432. Its README lists
    what is reconstructed and what differs from the released code.

    Args:
        spec: What the data is like.
        settings: `CFNESASettings` by name.
    """

    settings_class = CFNESASettings
    settings: CFNESASettings
    network: CFNESANetwork
    shift_class_weights: Tensor

    def __init__(self, spec: DataSpec | dict[str, Any], **settings: Any) -> None:
        super().__init__(spec, **settings)
        self.register_buffer(
            "shift_class_weights", shift_class_weights(self.spec.shift_rate), persistent=False
        )

    def build_network(self) -> nn.Module:
        """Returns the CFN-ESA network."""
        return CFNESANetwork(self.settings, self.spec.widths, len(self.spec.labels))

    def label_loss(self, logits: Tensor, labels: Tensor, over: Tensor | None = None) -> Tensor:
        """Returns the loss that `settings.emotion_loss` names."""
        gamma = self.settings.focal_gamma
        losses: dict[str, Callable[..., Tensor]] = {
            "nll": super().label_loss,
            "focal": partial(focal_loss, gamma=gamma),
            "focal_as_released": partial(released_focal_loss, gamma=gamma),
        }
        return losses[self.settings.emotion_loss](logits, labels, over=over)

    def training_losses(
        self, micro_batch: ConversationBatch, batch: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, the sum of `emotion_loss` and the weighted `shift_loss`."""
        if self.settings.shift_weight == 0:
            return super().training_losses(micro_batch, batch)
        prediction = self.shared(self.network.forward_with_shifts, micro_batch)
        emotion = self.emotion_loss(prediction.logits, micro_batch.labels, batch.labels)
        shift = weighted_nll(
            prediction.shift_logits,
            shift_labels(micro_batch.classes, micro_batch.mask),
            self.shift_class_weights,
            over=shift_labels(batch.classes, batch.mask),
        )
        loss = emotion + self.settings.shift_weight * shift
        return {"loss": loss, "emotion_loss": emotion, "shift_loss": shift}


def shift_class_weights(rate: float) -> Tensor:
    """Returns [no shift, shift] weights 1 / (2 (1 - r)) and 1 / (2 r) for a share r of shifts.

    Both kinds of pair then carry the same weight. (The released code takes r from same-speaker
    pairs of all data, test included, but trains on all pairs.)
    """
    rate = min(max(rate, 1e-3), 1 - 1e-3)
    return torch.tensor([0.5 / (1 - rate), 0.5 / rate])
