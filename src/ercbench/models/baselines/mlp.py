"""A multilayer perceptron on one utterance."""

from itertools import pairwise

from torch import nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.baselines.inputs import ConcatenatedFeatures
from ercbench.models.baselines.settings import MLPSettings
from ercbench.models.blocks.attention import Dropout
from ercbench.models.blocks.packing import Packing


class MLPNetwork(nn.Module):
    """Concatenated features, hidden layers with ReLU and dropout, a linear layer.

    Args:
        settings: Sizes and dropout.
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, settings: MLPSettings, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.inputs = ConcatenatedFeatures(widths, settings.input_dropout)
        layers: list[nn.Module] = []
        for inner, outer in pairwise([self.inputs.width] + [settings.hidden] * settings.layers):
            layers += [nn.Linear(inner, outer), nn.ReLU(), Dropout(settings.dropout)]
        self.hidden = nn.Sequential(*layers)
        self.classify = nn.Linear(settings.hidden, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        logits = self.classify(self.hidden(self.inputs(batch)))
        return Prediction(Packing.of(batch.mask).pad(logits))


class MLP(ConversationClassifier):
    """A multilayer perceptron on one utterance: what can be had without context."""

    settings_class = MLPSettings
    settings: MLPSettings

    def build_network(self) -> nn.Module:
        """Returns the perceptron."""
        return MLPNetwork(self.settings, self.spec.widths, len(self.spec.labels))
