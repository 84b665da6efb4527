"""The dilated convolution in training: cross-entropy."""

from torch import nn

from ercbench.models.base.classifier import ConversationClassifier
from ercbench_example.dilated.network import DilatedNetwork
from ercbench_example.dilated.settings import DilatedSettings


class Dilated(ConversationClassifier):
    """Convolutions over turns that see twice as far with each layer."""

    settings_class = DilatedSettings
    settings: DilatedSettings

    def build_network(self) -> nn.Module:
        """Returns the network."""
        return DilatedNetwork(self.settings, self.spec.widths, len(self.spec.labels))
