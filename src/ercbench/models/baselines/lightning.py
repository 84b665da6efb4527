"""The baselines in training: cross-entropy."""

from torch import nn

from ercbench.models.base.classifier import ConversationClassifier
from ercbench.models.baselines.network import GRUNetwork, MLPNetwork
from ercbench.models.baselines.settings import BaselineSettings, GRUSettings, MLPSettings


class MLP(ConversationClassifier):
    """A multilayer perceptron on one utterance: what can be had without context."""

    settings_class = MLPSettings
    settings: BaselineSettings

    def build_network(self) -> nn.Module:
        """Returns the perceptron."""
        return MLPNetwork(self.settings, self.spec.widths, len(self.spec.labels))


class GRU(ConversationClassifier):
    """A bidirectional GRU over the concatenated features: context, and nothing else."""

    settings_class = GRUSettings
    settings: BaselineSettings

    def build_network(self) -> nn.Module:
        """Returns the recurrent network."""
        return GRUNetwork(self.settings, self.spec.widths, len(self.spec.labels))
