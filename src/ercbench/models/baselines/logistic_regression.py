"""Logistic regression on one utterance."""

from torch import nn

from ercbench.data.batch import ConversationBatch
from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.base.prediction import Prediction
from ercbench.models.baselines.inputs import ConcatenatedFeatures
from ercbench.models.baselines.settings import LogisticRegressionSettings
from ercbench.models.blocks.packing import Packing


class LogisticRegressionNetwork(nn.Module):
    """One linear layer on the concatenated features.

    Args:
        widths: Modality to feature width.
        classes: Number of labels, C.
    """

    def __init__(self, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.inputs = ConcatenatedFeatures(widths)
        self.classify = nn.Linear(self.inputs.width, classes)

    def forward(self, batch: ConversationBatch) -> Prediction:
        """Predicts emotions."""
        return Prediction(Packing.of(batch.mask).pad(self.classify(self.inputs(batch))))


class LogisticRegression(ConversationClassifier):
    """Logistic regression on one utterance: what can be had linearly and without context."""

    settings_class = LogisticRegressionSettings
    settings: LogisticRegressionSettings

    def build_network(self) -> nn.Module:
        """Returns the linear layer."""
        return LogisticRegressionNetwork(self.spec.widths, len(self.spec.labels))
