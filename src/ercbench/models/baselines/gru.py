"""A bidirectional GRU over the concatenated features."""

from torch import nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.baselines.inputs import ConcatenatedFeatures
from ercbench.models.baselines.recurrence import bidirectional_gru
from ercbench.models.baselines.settings import BaselineSettings, GRUSettings
from ercbench.models.blocks.attention import Dropout
from ercbench.models.blocks.packing import Packing
from ercbench.models.blocks.recurrence import recur


class GRUNetwork(nn.Module):
    """Reads the conversation in both directions; knows no speakers.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: BaselineSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.inputs = ConcatenatedFeatures(widths, settings.input_dropout)
        self.gru = bidirectional_gru(self.inputs.width, settings)
        self.dropout = Dropout(settings.dropout)
        self.classify = nn.Linear(2 * settings.hidden, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        packing = Packing.of(batch.mask)
        hidden = recur(self.gru, self.inputs(batch), packing)  # [N, 2 * hidden]
        return Prediction(packing.pad(self.classify(self.dropout(hidden))))


class GRU(ConversationClassifier):
    """A bidirectional GRU over the concatenated features: context, and nothing else."""

    settings_class = GRUSettings
    settings: GRUSettings

    def build_network(self) -> nn.Module:
        """Returns the recurrent network."""
        return GRUNetwork(self.settings, self.spec.widths, len(self.spec.labels))
