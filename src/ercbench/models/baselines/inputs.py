"""What the baselines read: the features as they are, side by side."""

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.blocks.attention import Dropout, ModalityProjection


class ConcatenatedFeatures(nn.Module):
    """The modalities' features side by side; a missing row becomes a learned vector.

    Args:
        widths: Modality to feature width.
        dropout: On the features.

    Attributes:
        width: Of all features together, D.
    """

    def __init__(self, widths: dict[str, int], dropout: float = 0) -> None:
        super().__init__()
        self.read = ModalityProjection(widths, None)
        self.dropout = Dropout(dropout)
        self.width = sum(widths.values())

    def forward(self, batch: ConversationBatch) -> Tensor:
        """Returns [N, D]."""
        return self.dropout(torch.cat(list(self.read(batch).values()), -1))
