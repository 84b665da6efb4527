"""Dilated convolutions over the turns of a conversation (Yu and Koltun, arXiv 1511.07122)."""

import torch
from torch import nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.blocks.attention import Dropout, ModalityProjection
from ercbench.models.blocks.packing import Packing
from ercbench_example.dilated.settings import DilatedSettings


class DilatedNetwork(nn.Module):
    """Adds up the projected modalities, then convolves over turns, with residual connections.

    Args:
        settings: Sizes.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: DilatedSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        width = settings.hidden
        self.project = ModalityProjection(widths, width)
        self.dropout = Dropout(settings.dropout)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=2**layer, dilation=2**layer)
            for layer in range(settings.layers)
        )
        self.classify = nn.Linear(width, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        rows = torch.stack(list(self.project(batch).values())).sum(0)  # [N, D]
        hidden = Packing.of(batch.mask).pad(self.dropout(rows))  # [B, L, D], 0 in padding
        for convolve in self.convolutions:
            seen = convolve(hidden.mT).mT.relu()
            # What was computed for padding must not reach an utterance in the next layer.
            hidden = (hidden + self.dropout(seen)) * batch.mask[..., None]
        return Prediction(self.classify(hidden))
