"""Features brought to mean 0 and standard deviation 1, by the training part's statistics."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch


class Standardiser(nn.Module):
    """Standardises present rows and puts 0 everywhere else, whatever stood there.

    Its statistics are buffers, so they travel with the checkpoint.

    Args:
        widths: Modality to feature width.
    """

    def __init__(self, widths: dict[str, int]) -> None:
        super().__init__()
        for modality, width in widths.items():
            self.register_buffer(f"{modality}_mean", torch.zeros(width))
            self.register_buffer(f"{modality}_deviation", torch.ones(width))

    def fit(self, statistics: dict[str, tuple[Tensor, Tensor]]) -> None:
        """Takes modality to ([D] mean, [D] standard deviation)."""
        for modality, (mean, deviation) in statistics.items():
            self.get_buffer(f"{modality}_mean").copy_(mean)
            self.get_buffer(f"{modality}_deviation").copy_(deviation)

    @property
    def fitted(self) -> bool:
        """Whether it changes anything: before `fit`, means are 0 and deviations 1."""
        return any(
            bool(values.any() if name.endswith("_mean") else (values != 1).any())
            for name, values in self.named_buffers()
        )

    def forward(self, batch: ConversationBatch) -> ConversationBatch:
        """Returns the batch with standardised features."""
        return replace(batch, features={m: self._scaled(m, batch) for m in batch.features})

    def _scaled(self, modality: str, batch: ConversationBatch) -> Tensor:
        mean = self.get_buffer(f"{modality}_mean")
        deviation = self.get_buffer(f"{modality}_deviation")
        scaled = (batch.features[modality] - mean) / deviation
        return torch.where(batch.present[modality][..., None], scaled, 0)
