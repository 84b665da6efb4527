"""Two networks over concatenated features: one without context, one that is only a GRU."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.prediction import Prediction
from ercbench.models.baselines.settings import BaselineSettings
from ercbench.models.blocks.attention import Dropout, ModalityProjection
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.recurrence import recur


class ConcatenatedNetwork(nn.Module):
    """Projects and concatenates the modalities, applies `hidden`, classifies each utterance.

    Args:
        settings: Sizes.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: BaselineSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.project = ModalityProjection(widths, settings.hidden)
        self.dropout = Dropout(settings.dropout)
        self.hidden, out = self.build_hidden(settings, len(widths) * settings.hidden)
        self.classify = nn.Linear(out, classes)

    def build_hidden(self, settings: BaselineSettings, width: int) -> tuple[nn.Module, int]:
        """Returns the hidden layers on [N, width] and the width they return."""
        raise NotImplementedError

    def apply_hidden(self, rows: Tensor, packing: Packing) -> Tensor:
        """Applies the hidden layers to [N, width]."""
        return self.hidden(rows)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        packing = Packing.of(batch.mask)
        rows = torch.cat(list(self.project(batch).values()), -1)
        hidden = self.apply_hidden(self.dropout(rows), packing)
        return Prediction(packing.pad(self.classify(self.dropout(hidden))))


class MLPNetwork(ConcatenatedNetwork):
    """Sees one utterance at a time: no context."""

    def build_hidden(self, settings: BaselineSettings, width: int) -> tuple[nn.Module, int]:
        """Returns linear layers with ReLU."""
        widths = [width] + [settings.hidden] * settings.layers
        layers: list[nn.Module] = []
        for inner, outer in pairwise(widths):
            layers += [nn.ReLU(), nn.Linear(inner, outer)]
        return nn.Sequential(*layers, nn.ReLU()), settings.hidden


class GRUNetwork(ConcatenatedNetwork):
    """Reads the conversation in both directions; knows no speakers."""

    def build_hidden(self, settings: BaselineSettings, width: int) -> tuple[nn.Module, int]:
        """Returns a bidirectional GRU."""
        gru = nn.GRU(width, settings.hidden, settings.layers, bidirectional=True)
        return gru, 2 * settings.hidden

    def apply_hidden(self, rows: Tensor, packing: Packing) -> Tensor:
        """Runs the GRU over each conversation."""
        assert isinstance(self.hidden, nn.GRU)
        return recur(self.hidden, rows, packing)
