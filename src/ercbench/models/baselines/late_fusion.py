"""A bidirectional GRU per modality, their logits averaged with learned weights.

Modalities that are independent given the emotion are best fused by adding up their logits; an
average of their probabilities is never surer than the surest of them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.baselines.gru import GRUNetwork
from ercbench.models.baselines.settings import LateFusionSettings


@dataclass(frozen=True)
class LateFusionPrediction(Prediction):
    """What the modalities say together, and what each says alone.

    Attributes:
        unimodal: Modality to [B, L, C] logits.
    """

    unimodal: dict[str, Tensor]


class LateFusionNetwork(nn.Module):
    """A GRU network per modality; their logits are averaged with learned weights.

    Args:
        settings: Sizes and dropout of each modality's network.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: LateFusionSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.modalities = nn.ModuleDict(
            {m: GRUNetwork(settings, {m: width}, classes) for m, width in widths.items()}
        )
        self.weights = nn.Parameter(torch.full((len(widths),), 1 / len(widths)))  # [M]

    def forward(self, batch: ConversationBatch) -> LateFusionPrediction:
        """Predicts emotions."""
        unimodal = {m: network(batch).logits for m, network in self.modalities.items()}
        fused = torch.stack(list(unimodal.values()), -1) @ self.weights  # [B, L, C]
        return LateFusionPrediction(fused, unimodal)


class LateFusion(ConversationClassifier):
    """Late fusion: each modality decides for itself, the decisions are averaged."""

    settings_class = LateFusionSettings
    settings: LateFusionSettings
    network: LateFusionNetwork

    def build_network(self) -> nn.Module:
        """Returns the modalities' networks and the weights of their average."""
        return LateFusionNetwork(self.settings, self.spec.widths, len(self.spec.labels))

    def training_losses(
        self, micro_batch: ConversationBatch, batch: ConversationBatch
    ) -> dict[str, Tensor]:
        """Returns `loss`, the sum of `fused_loss` and of every modality's own."""
        prediction: LateFusionPrediction = self.shared(self.network, micro_batch)
        said = {"fused": prediction.logits, **prediction.unimodal}
        losses = {
            f"{name}_loss": self.emotion_loss(logits, micro_batch.labels, batch.labels)
            for name, logits in said.items()
        }
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}
